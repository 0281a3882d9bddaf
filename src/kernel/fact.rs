//! What the business states about a request. A handler returns facts; layers above turn them into log lines, metrics
//! and span attributes. A new fact makes the compiler list every place that has to know it.

use std::sync::Arc;

use super::{
    country::Country,
    id::{OrderId, ProductId},
    money::Money,
    origin::PaymentMethod,
};

/// Something the business did or noticed, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A session was seen for the first time.
    VisitStarted {
        country: Option<Country>,
    },
    ProductCreated {
        product_id: ProductId,
    },
    ProductViewed {
        product_id: ProductId,
    },
    ProductsListed {
        count: usize,
    },
    /// A customer's cart got its first item.
    CartOpened {
        country: Option<Country>,
    },
    /// A cart is no longer in use: bought, emptied or left behind.
    CartClosed {
        country: Option<Country>,
        end: CartEnd,
    },
    CartItemAdded {
        country: Option<Country>,
        product_id: ProductId,
        quantity: i64,
    },
    CartItemRemoved {
        product_id: ProductId,
    },
    /// The cache did not answer; the cart was served from memory.
    CacheFellBack,
    /// The cache is back and has taken the carts that memory had kept for it.
    CacheReturned {
        carts: usize,
    },
    CheckoutStarted {
        country: Country,
        payment_method: PaymentMethod,
    },
    CheckoutFailed {
        country: Country,
        payment_method: PaymentMethod,
    },
    OrderPlaced {
        order_id: OrderId,
        country: Country,
        payment_method: PaymentMethod,
        total: Money,
        /// The same amount in US cents.
        total_usd: Money,
        items: i64,
    },
    /// The same checkout came again; the order was already there.
    OrderRepeated {
        order_id: OrderId,
    },
    PaymentProcessed {
        country: Country,
        payment_method: PaymentMethod,
        outcome: PaymentOutcome,
        amount_usd: Money,
    },
    /// A charge whose order could not be written was given back.
    PaymentRefunded {
        order_id: OrderId,
        amount: Money,
    },
    /// A charge whose order could not be written has yet to be given back.
    RefundPending {
        order_id: OrderId,
        amount: Money,
    },
    /// Inventory did not answer; the goods were assumed to be in stock.
    StockAssumed {
        order_id: OrderId,
    },
    /// The customer-relationship system did not answer; the order stands without it.
    CrmSkipped {
        order_id: OrderId,
    },
    /// The catalogue did not take the sales figures of an order.
    SalesNotCounted {
        order_id: OrderId,
    },
    PromotionApplied {
        code: Arc<str>,
        discount: Money,
    },
    ShippingQuoted {
        method: &'static str,
        country: Country,
    },
    CurrencyConverted {
        amounts: usize,
        to: super::money::Currency,
    },
    RecommendationsMade {
        count: usize,
    },
    AdsServed {
        count: usize,
    },
    AdClicked {
        ad_id: u32,
    },
}

/// How a cart ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CartEnd {
    Bought,
    Emptied,
    Abandoned,
}

/// How a payment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentOutcome {
    Success,
    /// The provider understood and said no.
    Declined,
    /// The provider did not do its work.
    Failed,
}

impl PaymentOutcome {
    pub const ALL: [PaymentOutcome; 3] =
        [PaymentOutcome::Success, PaymentOutcome::Declined, PaymentOutcome::Failed];

    /// The value of the label `status`.
    pub fn name(self) -> &'static str {
        match self {
            PaymentOutcome::Success => "success",
            PaymentOutcome::Declined => "declined",
            PaymentOutcome::Failed => "failed",
        }
    }
}

/// Facts on their way out: a response extension that the inbound seam reads.
#[derive(Clone, Debug, Default)]
pub struct Stated(pub Vec<Fact>);
