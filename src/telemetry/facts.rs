//! What becomes of a fact: a log line, measurements, attributes of the span. The compiler brings every new fact here.

use opentelemetry::{KeyValue, trace::SpanContext};
use tracing::{info, warn};

use super::{
    instruments::{CHECKOUT_FAILED, CHECKOUT_SUCCESS, Instruments},
    names::attribute,
};
use crate::kernel::{
    country::Country,
    fact::{CartEnd, Fact},
    origin::PaymentMethod,
};

/// Writes the line of `fact`, in the service and span that are current.
pub fn log(fact: &Fact) {
    let code = |country: &Option<Country>| country.map(Country::code);
    match fact {
        Fact::VisitStarted { country } => {
            info!(name: "visit.started", country = code(country), "visit started")
        }
        Fact::ProductCreated { product_id } => info!(name: "product.created", product_id, "product created"),
        Fact::ProductViewed { product_id } => info!(name: "product.viewed", product_id, "product viewed"),
        Fact::ProductsListed { count } => info!(name: "products.listed", count, "products listed"),
        Fact::CartOpened { country } => info!(name: "cart.opened", country = code(country), "cart opened"),
        Fact::CartClosed { country, end } => {
            info!(name: "cart.closed", country = code(country), end = cart_end(*end), "cart closed");
        }
        Fact::CartItemAdded { country, product_id, quantity } => {
            info!(name: "cart.item_added", country = code(country), product_id, quantity, "item added to cart");
        }
        Fact::CartItemRemoved { product_id } => {
            info!(name: "cart.item_removed", product_id, "item removed from cart");
        }
        Fact::CacheFellBack => warn!(name: "cache.fell_back", "cache is away, carts are served from memory"),
        Fact::CacheReturned { carts } => {
            info!(name: "cache.returned", carts, "cache is back and has taken the carts kept in memory");
        }
        Fact::CheckoutStarted { country, payment_method } => {
            let (country, payment_method) = (country.code(), payment_method.name());
            info!(name: "checkout.started", country, payment_method, "checkout started");
        }
        Fact::CheckoutFailed { country, payment_method } => {
            let (country, payment_method) = (country.code(), payment_method.name());
            warn!(name: "checkout.failed", country, payment_method, "checkout failed");
        }
        Fact::OrderPlaced { order_id, country, payment_method, total, total_usd, items } => info!(
            name: "order.placed",
            order_id = order_id.as_str(),
            country = country.code(),
            payment_method = payment_method.name(),
            amount = total.major(),
            currency = total.currency.code(),
            amount_usd = total_usd.major(),
            items,
            "order placed"
        ),
        Fact::OrderRepeated { order_id } => {
            info!(name: "order.repeated", order_id = order_id.as_str(), "order was already placed");
        }
        Fact::PaymentProcessed { country, payment_method, outcome, amount_usd } => {
            let (country, payment_method) = (country.code(), payment_method.name());
            let (status, amount_usd) = (outcome.name(), amount_usd.major());
            info!(name: "payment.processed", country, payment_method, status, amount_usd, "payment processed");
        }
        Fact::PaymentRefunded { order_id, amount } => {
            let (currency, amount) = (amount.currency.code(), amount.major());
            info!(name: "payment.refunded", order_id = order_id.as_str(), amount, currency, "charge without an order refunded");
        }
        Fact::RefundPending { order_id, amount } => {
            let (currency, amount) = (amount.currency.code(), amount.major());
            warn!(name: "refund.pending", order_id = order_id.as_str(), amount, currency, "charge without an order not refunded yet");
        }
        Fact::StockAssumed { order_id } => warn!(
            name: "stock.assumed", order_id = order_id.as_str(),
            "inventory could not say, goods are assumed to be in stock"
        ),
        Fact::CrmSkipped { order_id } => {
            warn!(name: "crm.skipped", order_id = order_id.as_str(), "crm did not take the order, it stands without");
        }
        Fact::SalesNotCounted { order_id } => {
            warn!(name: "sales.not_counted", order_id = order_id.as_str(), "catalog did not count the sales");
        }
        Fact::PromotionApplied { code, discount } => {
            let (code, currency, discount) = (&**code, discount.currency.code(), discount.major());
            info!(name: "promotion.applied", code, discount, currency, "promotion applied");
        }
        Fact::ShippingQuoted { method, country } => {
            info!(name: "shipping.quoted", shipping_method = method, country = country.code(), "shipping quoted");
        }
        Fact::CurrencyConverted { amounts, to } => {
            info!(name: "currency.converted", amounts, currency = to.code(), "amounts converted");
        }
        Fact::RecommendationsMade { count } => {
            info!(name: "recommendations.made", count, "recommendations made");
        }
        Fact::AdsServed { count } => info!(name: "ads.served", count, "ads served"),
        Fact::AdClicked { ad_id } => info!(name: "ad.clicked", ad_id, "ad clicked"),
    }
}

/// Measures `fact`, stated in `span`; `seconds` is how long the request that stated it took.
pub fn measure(fact: &Fact, to: &Instruments, seconds: f64, span: &SpanContext) {
    match fact {
        Fact::VisitStarted { country } => to.visits.add(1, &[known(*country)]),
        Fact::CartItemAdded { country, product_id, quantity } => {
            let product = KeyValue::new(attribute::PRODUCT_ID, product_id.to_string());
            to.cart_additions.add(u64::try_from(*quantity).unwrap_or(0), &[known(*country), product]);
        }
        Fact::CartOpened { country } => to.carts_active.add(1, &[known(*country)]),
        Fact::CartClosed { country, end } => {
            to.carts_active.add(-1, &[known(*country)]);
            match end {
                CartEnd::Abandoned => to.carts_abandoned.add(1, &[known(*country)]),
                CartEnd::Bought | CartEnd::Emptied => {}
            }
        }
        Fact::CheckoutStarted { country, payment_method } => {
            to.checkouts_started.add(1, &by(*country, *payment_method));
        }
        Fact::CheckoutFailed { country, payment_method } => {
            let [country, method] = by(*country, *payment_method);
            to.checkouts.add(1, &[country, method, KeyValue::new(attribute::STATUS, CHECKOUT_FAILED)]);
        }
        Fact::OrderPlaced { country, payment_method, total_usd, .. } => {
            let [by_country, method] = by(*country, *payment_method);
            let status = KeyValue::new(attribute::STATUS, CHECKOUT_SUCCESS);
            to.checkouts.add(1, &[by_country.clone(), method.clone(), status]);
            to.checkout_amount.record(total_usd.major(), &[by_country.clone(), method], span);
            to.orders.add(1, std::slice::from_ref(&by_country));
            to.revenue.add(total_usd.major(), &[by_country]);
        }
        Fact::PaymentProcessed { country, payment_method, outcome, amount_usd } => {
            let [by_country, method] = by(*country, *payment_method);
            to.payment_duration.record(seconds, &[by_country.clone(), method], span);
            let labels = [
                by_country,
                KeyValue::new(attribute::PAYMENTS_METHOD, payment_method.name()),
                KeyValue::new(attribute::STATUS, outcome.name()),
            ];
            to.payments_processed.add(1, &labels);
            to.payment_amount.record(amount_usd.major(), &labels, span);
        }
        Fact::ProductCreated { .. }
        | Fact::ProductViewed { .. }
        | Fact::ProductsListed { .. }
        | Fact::CartItemRemoved { .. }
        | Fact::CacheFellBack
        | Fact::CacheReturned { .. }
        | Fact::OrderRepeated { .. }
        | Fact::PaymentRefunded { .. }
        | Fact::RefundPending { .. }
        | Fact::StockAssumed { .. }
        | Fact::CrmSkipped { .. }
        | Fact::SalesNotCounted { .. }
        | Fact::PromotionApplied { .. }
        | Fact::ShippingQuoted { .. }
        | Fact::CurrencyConverted { .. }
        | Fact::RecommendationsMade { .. }
        | Fact::AdsServed { .. }
        | Fact::AdClicked { .. } => {}
    }
}

/// The order a fact is about: what ties a span to a row of the database.
pub fn order_id(fact: &Fact) -> Option<KeyValue> {
    match fact {
        Fact::OrderPlaced { order_id, .. }
        | Fact::OrderRepeated { order_id }
        | Fact::PaymentRefunded { order_id, .. }
        | Fact::RefundPending { order_id, .. }
        | Fact::StockAssumed { order_id }
        | Fact::CrmSkipped { order_id }
        | Fact::SalesNotCounted { order_id } => {
            Some(KeyValue::new(attribute::SHOP_ORDER_ID, order_id.as_str().to_owned()))
        }
        Fact::VisitStarted { .. }
        | Fact::ProductCreated { .. }
        | Fact::ProductViewed { .. }
        | Fact::ProductsListed { .. }
        | Fact::CartOpened { .. }
        | Fact::CartClosed { .. }
        | Fact::CartItemAdded { .. }
        | Fact::CartItemRemoved { .. }
        | Fact::CacheFellBack
        | Fact::CacheReturned { .. }
        | Fact::CheckoutStarted { .. }
        | Fact::CheckoutFailed { .. }
        | Fact::PaymentProcessed { .. }
        | Fact::PromotionApplied { .. }
        | Fact::ShippingQuoted { .. }
        | Fact::CurrencyConverted { .. }
        | Fact::RecommendationsMade { .. }
        | Fact::AdsServed { .. }
        | Fact::AdClicked { .. } => None,
    }
}

/// A visitor who did not say where they are is counted all the same.
fn known(country: Option<Country>) -> KeyValue {
    KeyValue::new(attribute::COUNTRY, country.map_or("unknown", Country::code))
}

fn by(country: Country, method: PaymentMethod) -> [KeyValue; 2] {
    [
        KeyValue::new(attribute::COUNTRY, country.code()),
        KeyValue::new(attribute::PAYMENT_METHOD, method.name()),
    ]
}

fn cart_end(end: CartEnd) -> &'static str {
    match end {
        CartEnd::Bought => "bought",
        CartEnd::Emptied => "emptied",
        CartEnd::Abandoned => "abandoned",
    }
}
