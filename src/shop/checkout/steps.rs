//! The ten steps from a cart to an order: 1 whether it was bought before, 2 the cart, 3 prices, 4 shipping, 5 both in the
//! order's currency, 6 promotions, 7 stock, 8 payment, 9 the order is written, 10 others are told. Promotions come after
//! the conversion because a discount must be its share of the prices on the bill, to the cent. Steps 8 and 9 are in
//! `paying.rs`.
//!
//! **A checkout may break off anywhere** — the process dies, or the customer leaves and the handler is dropped — and be
//! made whole by asking again, because every step may be repeated. The order's number is a function of the customer and
//! the key (or the cart), so promotions and inventory see the same order again; the key of its charge is committed as an
//! intent before the charge, and the provider takes money once per key; the number is the primary key of the order; and
//! what follows an order is done again when the order is found. An unfinished checkout leaves the cart as it was, so the
//! customer who looks again sees it and asks again. Who does not ask again gets the money back: the intent is there, and
//! the order is not. The work is not spawned off the request: a task of its own would be outside the trace of the
//! customer it works for, and could die with the process all the same.
//!
//! In one process, checkouts of the same number take turns, so that one that fails cannot release what another holds.

use futures_util::future::{join, join3, try_join_all};

use crate::{
    kernel::{
        db::Db,
        error::{Error, Kind, Result},
        fact::Fact,
        id::{CustomerId, OrderId, ProductId},
        money::{Currency, Money},
        origin::Origin,
    },
    shop::{
        cart::model::{Cart, CartLine},
        catalog::model::{Sales, SoldLine},
        currency::model::ConvertRequest,
        promotions::model::ApplicationRequest,
        shipping::model::QuoteRequest,
        third_party::{
            crm::OrderNote,
            inventory::{Reservation, ReservedLine},
        },
    },
};

use super::{
    model::{self, Basket, BasketLine, Bill, CheckoutRequest, Order, Status, Wares},
    paying,
    peers::{Peers, Stock},
    store::{self, Turns},
};

/// What the steps are taken with.
#[derive(Clone)]
pub struct Till {
    pub db: Db,
    pub turns: Turns,
    peers: Peers,
}

impl Till {
    pub fn new(db: Db, peers: Peers) -> Self {
        Till { db, turns: Turns::default(), peers }
    }

    pub fn peers(&self) -> &Peers {
        &self.peers
    }
}

/// How a checkout that went well ended.
pub enum Bought {
    Now(Order),
    /// The same checkout came again.
    Before(Order),
}

/// All ten steps; 1 and 2 here: whether it was bought before, and what is in the cart.
pub async fn buy(
    till: &Till,
    origin: &Origin,
    request: CheckoutRequest,
    facts: &mut Vec<Fact>,
) -> Result<Bought> {
    let request = request.checked()?;
    let Some(key) = &request.idempotency_key else {
        let cart = filled_cart(till, origin, &request.customer).await?;
        let order_id = OrderId::for_checkout(&request.customer, &cart.cart_id);
        let place = till.turns.place(&order_id);
        let _turn = place.turn().await;
        return match store::get(&till.db, &order_id).await? {
            Some(order) if order.holds(&cart) => repeat(till, origin, &request, order, facts).await,
            Some(order) => Err(cart_was_bought(till, origin, &order, facts).await),
            None => place_order(till, origin, &request, order_id, &cart, facts).await,
        };
    };
    let order_id = OrderId::for_checkout(&request.customer, key);
    let place = till.turns.place(&order_id);
    let _turn = place.turn().await;
    if let Some(order) = store::get(&till.db, &order_id).await? {
        return repeat(till, origin, &request, order, facts).await;
    }
    let cart = filled_cart(till, origin, &request.customer).await?;
    place_order(till, origin, &request, order_id, &cart, facts).await
}

async fn filled_cart(till: &Till, origin: &Origin, customer: &CustomerId) -> Result<Cart> {
    let cart = till.peers.cart(origin, customer).await?;
    if cart.lines.is_empty() || cart.cart_id.is_empty() {
        return Err(Error::invalid("cart", "the cart is empty"));
    }
    Ok(cart)
}

/// Answers with an order that is there, when it is what the request asks for. What follows an order may not have been
/// done when it was made, so it is done again; each peer takes it once.
async fn repeat(
    till: &Till,
    origin: &Origin,
    request: &CheckoutRequest,
    order: Order,
    facts: &mut Vec<Fact>,
) -> Result<Bought> {
    if !request.is_for(&order) {
        let error = Error::new(Kind::Conflict, "this checkout was made before, with other particulars");
        return Err(error.at(request.idempotency_key.as_ref().map(|_| "idempotency_key".into())));
    }
    facts.push(Fact::OrderRepeated { order_id: order.order_id.clone() });
    follow_up(till, origin, &order, facts).await;
    Ok(Bought::Before(order))
}

/// The cart was bought, its closing was lost, and the customer has put more into it since. The next line starts a new
/// cart; which of the old ones is wanted again is not for us to guess.
async fn cart_was_bought(till: &Till, origin: &Origin, order: &Order, facts: &mut Vec<Fact>) -> Error {
    follow_up(till, origin, order, facts).await;
    let detail = format!("this cart was bought before as {}; fill a new one", order.order_id);
    Error::new(Kind::Conflict, detail).at(Some("cart".into()))
}

/// Steps 3 to 10. Whatever fails on the way, what was kept for the order is given back.
async fn place_order(
    till: &Till,
    origin: &Origin,
    request: &CheckoutRequest,
    order_id: OrderId,
    cart: &Cart,
    facts: &mut Vec<Fact>,
) -> Result<Bought> {
    let mut held = Held::default();
    let outcome = bill_and_buy(till, origin, request, &order_id, cart, &mut held, facts).await;
    let order = match outcome {
        Ok(order) => order,
        Err(error) => {
            held.release(till, origin, &order_id).await;
            return Err(error);
        }
    };
    let Some(order) = order else {
        // Another process was faster with the same checkout; what is kept is kept for its order.
        if let Some(order) = store::get(&till.db, &order_id).await? {
            return repeat(till, origin, request, order, facts).await;
        }
        held.release(till, origin, &order_id).await;
        return Err(Error::new(Kind::Unavailable, "the payment took too long and is given back"));
    };
    facts.push(Fact::OrderPlaced {
        order_id,
        country: order.country,
        payment_method: order.payment_method,
        total: order.total,
        total_usd: order.total_usd,
        items: order.items(),
    });
    follow_up(till, origin, &order, facts).await;
    Ok(Bought::Now(order))
}

/// Steps 3 to 9; `None` when nothing was written, because the order turned out to be there already or its charge is given
/// back.
async fn bill_and_buy(
    till: &Till,
    origin: &Origin,
    request: &CheckoutRequest,
    order_id: &OrderId,
    cart: &Cart,
    held: &mut Held,
    facts: &mut Vec<Fact>,
) -> Result<Option<Order>> {
    let basket = fill_basket(till, origin, request, cart).await?;
    let wares = convert(till, origin, &basket, request.currency).await?;
    let bill = make_bill(till, origin, request, order_id, wares, held).await?;
    held.stock = true;
    // Both to their ends, never one dropped for the other: a reservation on its way cannot be given back.
    let (reserved, total_usd) =
        join(reserve(till, origin, order_id, cart), in_dollars(till, origin, bill.total)).await;
    facts.extend(reserved?);
    let total_usd = total_usd?;
    let mut order = Order {
        order_id: order_id.clone(),
        customer: request.customer.clone(),
        country: request.country,
        payment_method: request.payment_method,
        currency: request.currency,
        lines: bill.lines,
        discounts: bill.discounts,
        shipping_method: request.shipping_method,
        shipping: bill.shipping,
        total: bill.total,
        total_usd,
        // Both are known once it is paid for.
        payment_id: String::new(),
        placed_at: String::new(),
        promo_code: request.promo_code.clone(),
        status: Status::Paid,
        cart_id: cart.cart_id.clone(),
    };
    let is_written = paying::charge_and_write(&till.db, &till.peers, origin, &mut order, facts).await?;
    Ok(is_written.then_some(order))
}

/// Steps 3 and 4: prices and shipping, in US dollars.
async fn fill_basket(till: &Till, origin: &Origin, request: &CheckoutRequest, cart: &Cart) -> Result<Basket> {
    let lines = try_join_all(cart.lines.iter().map(|line| price(till, origin, *line))).await?;
    let parcel = QuoteRequest {
        country: request.country,
        method: request.shipping_method,
        items: lines.iter().map(|line| line.quantity).sum(),
    };
    let quote = till.peers.quote(origin, &parcel).await?;
    Ok(Basket { lines, shipping: quote.cost })
}

async fn price(till: &Till, origin: &Origin, line: CartLine) -> Result<BasketLine> {
    let product =
        till.peers.product(origin, line.product_id).await.map_err(|refusal| match Error::from(refusal) {
            error if error.kind() == Kind::NotFound => {
                Error::invalid("cart", format!("product {} is not sold any more", line.product_id))
            }
            error => error,
        })?;
    Ok(BasketLine { product, quantity: line.quantity })
}

/// Step 5: the basket in the order's currency.
async fn convert(till: &Till, origin: &Origin, basket: &Basket, to: Currency) -> Result<Wares> {
    let amounts = ConvertRequest { amounts: basket.amounts(), to };
    let converted = till.peers.convert(origin, &amounts).await?;
    basket.wares(&converted.amounts, to).ok_or_else(senseless)
}

/// Step 6: discounts, of prices as the customer reads them, and the sum.
async fn make_bill(
    till: &Till,
    origin: &Origin,
    request: &CheckoutRequest,
    order_id: &OrderId,
    wares: Wares,
    held: &mut Held,
) -> Result<Bill> {
    let times_used = match &request.promo_code {
        Some(code) => store::times_used(&till.db, &request.customer, code).await?,
        None => 0,
    };
    let application = ApplicationRequest {
        order_id: order_id.clone(),
        customer: request.customer.clone(),
        tier: request.tier,
        code: request.promo_code.clone(),
        times_used,
        lines: wares.priced(),
    };
    held.promotion = true;
    let application = till.peers.apply_promotions(origin, &application).await?;
    wares.bill(application.discounts).ok_or_else(senseless)
}

/// Beside step 7: the total in US dollars, for figures.
async fn in_dollars(till: &Till, origin: &Origin, total: Money) -> Result<Money> {
    if total.currency == Currency::Usd {
        return Ok(total);
    }
    let amounts = ConvertRequest { amounts: vec![total], to: Currency::Usd };
    let converted = till.peers.convert(origin, &amounts).await?;
    match converted.amounts.as_slice() {
        &[total] if total.currency == Currency::Usd => Ok(total),
        _ => Err(senseless()),
    }
}

/// Step 7. An inventory that does not answer costs the shop no order: the goods are assumed to be there.
async fn reserve(till: &Till, origin: &Origin, order_id: &OrderId, cart: &Cart) -> Result<Option<Fact>> {
    let lines = cart.lines.iter();
    let goods = Reservation {
        order_id: order_id.clone(),
        lines: lines
            .map(|line| ReservedLine { product_id: line.product_id, quantity: line.quantity })
            .collect(),
    };
    match till.peers.reserve(origin, &goods).await {
        Stock::Reserved => Ok(None),
        Stock::Short(product) => Err(out_of_stock(product)),
        Stock::Unknown => Ok(Some(Fact::StockAssumed { order_id: order_id.clone() })),
    }
}

/// Step 10: tells others about the order. It stands whatever they answer.
async fn follow_up(till: &Till, origin: &Origin, order: &Order, facts: &mut Vec<Fact>) {
    let order_id = &order.order_id;
    let note = OrderNote { order_id: order_id.clone(), total: order.total };
    let sold = |line: &model::OrderLine| SoldLine { product_id: line.product_id, quantity: line.quantity };
    let sales = Sales { order_id: order_id.clone(), lines: order.lines.iter().map(sold).collect() };
    let (noted, counted, closed) = join3(
        till.peers.note_in_crm(origin, &order.customer, &note),
        till.peers.count_sales(origin, &sales),
        till.peers.close_cart(origin, &order.customer, &order.cart_id),
    )
    .await;
    if noted.is_err() {
        facts.push(Fact::CrmSkipped { order_id: order_id.clone() });
    }
    if counted.is_err() {
        facts.push(Fact::SalesNotCounted { order_id: order_id.clone() });
    }
    // A cart that stays open is closed when the customer comes to buy it again: its order is found then.
    drop(closed);
}

/// What others may be keeping for an order that is not made yet.
#[derive(Default)]
struct Held {
    promotion: bool,
    stock: bool,
}

impl Held {
    /// Gives back what can be given back; whoever cannot be reached finds the same order number next time.
    async fn release(&self, till: &Till, origin: &Origin, order_id: &OrderId) {
        let promotion = async {
            if self.promotion {
                let _ = till.peers.release_promotions(origin, order_id).await;
            }
        };
        let stock = async {
            if self.stock {
                let _ = till.peers.release_stock(origin, order_id).await;
            }
        };
        join(promotion, stock).await;
    }
}

fn out_of_stock(product: Option<ProductId>) -> Error {
    match product {
        Some(id) => Error::new(Kind::OutOfStock, format!("product {id} is out of stock")),
        None => Error::new(Kind::OutOfStock, "a product is out of stock"),
    }
}

fn senseless() -> Error {
    Error::new(Kind::PeerFailed, "the prices make no sense")
}
