//! Checkout over HTTP: ten steps from a cart to an order, and the orders that were made.
//!
//! **A checkout may break off anywhere** — the process dies, or the customer leaves and the handler is dropped — and be
//! made whole by asking again, because every step may be repeated. The order's number is a function of the customer and
//! the key (or the cart), so promotions, inventory and the provider see the same order again; the provider takes money
//! once per number; the number is the primary key of the order; and what follows an order is done again when the order
//! is found. An unfinished checkout leaves the cart as it was, so the customer who looks again sees it and asks again.
//! The work is not spawned off the request: a task of its own would be outside the trace of the customer it works for,
//! and could die with the process all the same. What is left between the charge and the order is one insert.
//!
//! In one process, checkouts of the same number take turns, so that one that fails cannot release what another holds.

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use futures_util::future::{join, join3, try_join_all};
use serde::Deserialize;

use crate::{
    kernel::{
        clock,
        db::{Db, DbError},
        error::{Error, Kind, Result},
        extract::{Json, Path, Query},
        fact::Fact,
        id::{CustomerId, OrderId, ProductId},
        money::{Currency, Money},
        origin::Origin,
        reply::Reply,
    },
    shop::{
        cart::model::{Cart, CartLine},
        catalog::model::{Sales, SoldLine},
        currency::model::ConvertRequest,
        payments::model::PaymentRequest,
        promotions::model::ApplicationRequest,
        shipping::model::QuoteRequest,
        third_party::{
            crm::OrderNote,
            inventory::{Reservation, ReservedLine},
        },
    },
};

use super::{
    model::{self, Basket, BasketLine, Bill, CheckoutRequest, Order, Status},
    peers::{Peers, Stock},
    store::{self, Turns},
};

#[derive(Clone)]
pub struct App {
    db: Db,
    peers: Peers,
    turns: Turns,
}

impl App {
    pub fn new(db: Db, peers: Peers) -> Self {
        App { db, peers, turns: Turns::default() }
    }
}

pub fn router(app: App) -> Router {
    Router::new()
        .route("/checkouts", post(checkout))
        .route("/orders", get(list))
        .route("/orders/{order_id}", get(one))
        .with_state(app)
}

async fn checkout(
    State(app): State<App>,
    origin: Origin,
    Json(request): Json<CheckoutRequest>,
) -> Result<Reply<Order>> {
    let CheckoutRequest { country, payment_method, .. } = request;
    let mut facts = vec![Fact::CheckoutStarted { country, payment_method }];
    match buy(&app, &origin, request, &mut facts).await {
        Ok(Bought::Now(order)) => Ok(Reply::created(order).stating_all(facts)),
        Ok(Bought::Before(order)) => Ok(Reply::of(order).stating_all(facts)),
        Err(error) => {
            let failed = Fact::CheckoutFailed { country, payment_method };
            Err(facts.into_iter().chain([failed]).fold(error, Error::stating))
        }
    }
}

enum Bought {
    Now(Order),
    /// The same checkout came again.
    Before(Order),
}

/// Steps 1 and 2: whether it was bought before, and what is in the cart.
async fn buy(app: &App, origin: &Origin, request: CheckoutRequest, facts: &mut Vec<Fact>) -> Result<Bought> {
    let request = request.checked()?;
    let Some(key) = &request.idempotency_key else {
        let cart = filled_cart(app, origin, &request.customer).await?;
        let order_id = OrderId::for_checkout(&request.customer, &cart.cart_id);
        let place = app.turns.place(&order_id);
        let _turn = place.turn().await;
        return match store::get(&app.db, &order_id).await? {
            Some(order) if order.holds(&cart) => repeat(app, origin, &request, order, facts).await,
            Some(order) => Err(cart_was_bought(app, origin, &order, facts).await),
            None => place_order(app, origin, &request, order_id, &cart, facts).await,
        };
    };
    let order_id = OrderId::for_checkout(&request.customer, key);
    let place = app.turns.place(&order_id);
    let _turn = place.turn().await;
    if let Some(order) = store::get(&app.db, &order_id).await? {
        return repeat(app, origin, &request, order, facts).await;
    }
    let cart = filled_cart(app, origin, &request.customer).await?;
    place_order(app, origin, &request, order_id, &cart, facts).await
}

async fn filled_cart(app: &App, origin: &Origin, customer: &CustomerId) -> Result<Cart> {
    let cart = app.peers.cart(origin, customer).await?;
    if cart.lines.is_empty() || cart.cart_id.is_empty() {
        return Err(Error::invalid("cart", "the cart is empty"));
    }
    Ok(cart)
}

/// Answers with an order that is there, when it is what the request asks for. What follows an order may not have been
/// done when it was made, so it is done again; each peer takes it once.
async fn repeat(
    app: &App,
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
    follow_up(app, origin, &order, facts).await;
    Ok(Bought::Before(order))
}

/// The cart was bought, its closing was lost, and the customer has put more into it since. The next line starts a new
/// cart; which of the old ones is wanted again is not for us to guess.
async fn cart_was_bought(app: &App, origin: &Origin, order: &Order, facts: &mut Vec<Fact>) -> Error {
    follow_up(app, origin, order, facts).await;
    let detail = format!("this cart was bought before as {}; fill a new one", order.order_id);
    Error::new(Kind::Conflict, detail).at(Some("cart".into()))
}

/// Steps 3 to 10. Whatever fails on the way, what was kept for the order is given back.
async fn place_order(
    app: &App,
    origin: &Origin,
    request: &CheckoutRequest,
    order_id: OrderId,
    cart: &Cart,
    facts: &mut Vec<Fact>,
) -> Result<Bought> {
    let mut held = Held::default();
    let outcome = charge_and_write(app, origin, request, &order_id, cart, &mut held, facts).await;
    let order = match outcome {
        Ok(order) => order,
        Err(error) => {
            held.release(app, origin, &order_id).await;
            return Err(error);
        }
    };
    let Some(order) = order else {
        // Another process was faster with the same checkout; what is kept is kept for its order.
        let order = store::get(&app.db, &order_id).await?.ok_or_else(|| vanished(&order_id))?;
        return repeat(app, origin, request, order, facts).await;
    };
    facts.push(Fact::OrderPlaced {
        order_id,
        country: order.country,
        payment_method: order.payment_method,
        total: order.total,
        total_usd: order.total_usd,
        items: order.items(),
    });
    follow_up(app, origin, &order, facts).await;
    Ok(Bought::Now(order))
}

/// Steps 3 to 9; `None` when the order turned out to be there already.
async fn charge_and_write(
    app: &App,
    origin: &Origin,
    request: &CheckoutRequest,
    order_id: &OrderId,
    cart: &Cart,
    held: &mut Held,
    facts: &mut Vec<Fact>,
) -> Result<Option<Order>> {
    let basket = fill_basket(app, origin, request, order_id, cart, held).await?;
    let (bill, total_usd) = make_bill(app, origin, &basket, request.currency).await?;
    held.stock = true;
    facts.extend(reserve(app, origin, order_id, cart).await?);
    let payment = PaymentRequest {
        order_id: order_id.clone(),
        amount: bill.total,
        amount_usd: total_usd,
        country: request.country,
        payment_method: request.payment_method,
    };
    let payment = app.peers.pay(origin, &payment).await?;
    let placed_at_ms = clock::now_millis();
    let order = Order {
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
        payment_id: payment.charge_id,
        promo_code: request.promo_code.clone(),
        placed_at: clock::rfc3339(placed_at_ms),
        status: Status::Paid,
        cart_id: cart.cart_id.clone(),
    };
    match store::insert(&app.db, &order, placed_at_ms).await {
        Ok(()) => Ok(Some(order)),
        Err(DbError::Duplicate) => Ok(None),
        Err(
            error @ (DbError::Exhausted | DbError::Unavailable(_) | DbError::Locked(_) | DbError::Other(_)),
        ) => Err(error.into()),
    }
}

/// Steps 3 to 5: prices, discounts and shipping, in US dollars.
async fn fill_basket(
    app: &App,
    origin: &Origin,
    request: &CheckoutRequest,
    order_id: &OrderId,
    cart: &Cart,
    held: &mut Held,
) -> Result<Basket> {
    let lines = try_join_all(cart.lines.iter().map(|line| price(app, origin, *line))).await?;
    let times_used = match &request.promo_code {
        Some(code) => store::times_used(&app.db, &request.customer, code).await?,
        None => 0,
    };
    let application = ApplicationRequest {
        order_id: order_id.clone(),
        customer: request.customer.clone(),
        tier: request.tier,
        code: request.promo_code.clone(),
        times_used,
        lines: model::priced(&lines),
    };
    held.promotion = true;
    let application = app.peers.apply_promotions(origin, &application).await?;
    let parcel = QuoteRequest {
        country: request.country,
        method: request.shipping_method,
        items: lines.iter().map(|line| line.quantity).sum(),
    };
    let quote = app.peers.quote(origin, &parcel).await?;
    Ok(Basket { lines, discounts: application.discounts, shipping: quote.cost })
}

async fn price(app: &App, origin: &Origin, line: CartLine) -> Result<BasketLine> {
    let product =
        app.peers.product(origin, line.product_id).await.map_err(|refusal| match Error::from(refusal) {
            error if error.kind() == Kind::NotFound => {
                Error::invalid("cart", format!("product {} is not sold any more", line.product_id))
            }
            error => error,
        })?;
    Ok(BasketLine { product, quantity: line.quantity })
}

/// Step 6: the bill in the order's currency, and its total in US dollars.
async fn make_bill(app: &App, origin: &Origin, basket: &Basket, currency: Currency) -> Result<(Bill, Money)> {
    let amounts = basket.amounts();
    let in_usd = basket.bill(&amounts, Currency::Usd).ok_or_else(senseless)?;
    let converted = app.peers.convert(origin, &ConvertRequest { amounts, to: currency }).await?;
    let bill = basket.bill(&converted.amounts, currency).ok_or_else(senseless)?;
    Ok((bill, in_usd.total))
}

/// Step 7. An inventory that does not answer costs the shop no order: the goods are assumed to be there.
async fn reserve(app: &App, origin: &Origin, order_id: &OrderId, cart: &Cart) -> Result<Option<Fact>> {
    let lines = cart.lines.iter();
    let goods = Reservation {
        order_id: order_id.clone(),
        lines: lines
            .map(|line| ReservedLine { product_id: line.product_id, quantity: line.quantity })
            .collect(),
    };
    match app.peers.reserve(origin, &goods).await {
        Stock::Reserved => Ok(None),
        Stock::Short(product) => Err(out_of_stock(product)),
        Stock::Unknown => Ok(Some(Fact::StockAssumed { order_id: order_id.clone() })),
    }
}

/// Step 10: tells others about the order. It stands whatever they answer.
async fn follow_up(app: &App, origin: &Origin, order: &Order, facts: &mut Vec<Fact>) {
    let order_id = &order.order_id;
    let note = OrderNote { order_id: order_id.clone(), total: order.total };
    let sold = |line: &model::OrderLine| SoldLine { product_id: line.product_id, quantity: line.quantity };
    let sales = Sales { order_id: order_id.clone(), lines: order.lines.iter().map(sold).collect() };
    let (noted, counted, closed) = join3(
        app.peers.note_in_crm(origin, &order.customer, &note),
        app.peers.count_sales(origin, &sales),
        app.peers.close_cart(origin, &order.customer, &order.cart_id),
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
    async fn release(&self, app: &App, origin: &Origin, order_id: &OrderId) {
        let promotion = async {
            if self.promotion {
                let _ = app.peers.release_promotions(origin, order_id).await;
            }
        };
        let stock = async {
            if self.stock {
                let _ = app.peers.release_stock(origin, order_id).await;
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

fn vanished(order_id: &OrderId) -> Error {
    Error::new(Kind::Internal, "the order was there and is gone").caused_by(order_id)
}

#[derive(Deserialize)]
struct Listing {
    customer: CustomerId,
    limit: Option<i64>,
}

const LISTED: i64 = 50;
const MOST_LISTED: i64 = 100;

async fn list(State(app): State<App>, Query(asked): Query<Listing>) -> Result<Reply<Vec<Order>>> {
    let limit = asked.limit.unwrap_or(LISTED);
    if !(1..=MOST_LISTED).contains(&limit) {
        return Err(Error::invalid("limit", format!("a limit is from 1 to {MOST_LISTED}")));
    }
    Ok(Reply::of(store::list(&app.db, &asked.customer, limit).await?))
}

#[derive(Deserialize)]
struct Whose {
    customer: CustomerId,
}

/// Another's order is answered like none at all: who guesses numbers learns nothing.
async fn one(
    State(app): State<App>,
    Path(order_id): Path<String>,
    Query(whose): Query<Whose>,
) -> Result<Reply<Order>> {
    let nothing = || Error::not_found("there is no such order");
    if !order_id.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(nothing());
    }
    let order = store::get(&app.db, &OrderId::from(order_id)).await?;
    order.filter(|order| order.customer == whose.customer).map(Reply::of).ok_or_else(nothing)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{HashSet, VecDeque},
        sync::{Arc, Mutex},
        time::Duration,
    };

    use axum::{Json as Answer, body::Bytes, http::Response, routing::delete};
    use futures_util::future::{BoxFuture, FutureExt};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        kernel::{
            cache::{Bare, Cache},
            client::{Ask, Carrier, Client, Errand, InProcess, Lost, Refusal, Retry},
            fact::Stated,
            migrate,
            service::Service,
        },
        shop::{
            cart, catalog,
            currency::model::Converted,
            payments,
            promotions::model::{Application, Discount},
            shipping::model::Quote,
            third_party::{
                crm, inventory,
                payment_provider::{self, Summary},
            },
        },
    };

    /// A peer that answers as the script says (0: as it really is), then as it really is; and what it stated.
    #[derive(Clone)]
    struct Scripted {
        peer: Arc<InProcess>,
        script: Arc<Mutex<VecDeque<u16>>>,
        stated: Arc<Mutex<Vec<Fact>>>,
    }

    impl Scripted {
        fn new(router: Router) -> Self {
            let peer = Arc::new(InProcess(router));
            Scripted { peer, script: Arc::default(), stated: Arc::default() }
        }

        fn answering(&self, statuses: impl IntoIterator<Item = u16>) {
            self.script.lock().expect("no panic").extend(statuses);
        }

        fn take_facts(&self) -> Vec<Fact> {
            std::mem::take(&mut *self.stated.lock().expect("no panic"))
        }

        fn client(&self, service: Service) -> Client {
            Client::new(service, Arc::new(self.clone()), Duration::from_secs(5))
        }
    }

    impl Carrier for Scripted {
        fn carry(&self, errand: Errand) -> BoxFuture<'_, Result<Response<Bytes>, Lost>> {
            Box::pin(async move {
                let scripted = self.script.lock().expect("no panic").pop_front();
                if let Some(status) = scripted.filter(|&status| status != 0) {
                    let mut response = Response::new(Bytes::new());
                    *response.status_mut() = status.try_into().expect("a status");
                    return Ok(response);
                }
                let response = self.peer.carry(errand).await?;
                if let Some(Stated(facts)) = response.extensions().get::<Stated>() {
                    self.stated.lock().expect("no panic").extend(facts.iter().cloned());
                }
                Ok(response)
            })
        }
    }

    /// Ten per cent off for SAVE10, and the orders it keeps the code for.
    fn promotions(kept: Arc<Mutex<HashSet<OrderId>>>) -> Router {
        let apply = async |State(kept): State<Arc<Mutex<HashSet<OrderId>>>>,
                           Json(asked): Json<ApplicationRequest>| {
            let goods: i64 = asked.lines.iter().map(|line| line.unit.minor * line.quantity).sum();
            let off = Money::new(goods, Currency::Usd).basis_points(1000);
            kept.lock().expect("no panic").insert(asked.order_id);
            match asked.code.as_deref() {
                None => Ok(Answer(Application {
                    code: None,
                    discounts: vec![],
                    total: Money::zero(Currency::Usd),
                })),
                Some("SAVE10") => Ok(Answer(Application {
                    discounts: vec![Discount { what: "SAVE10".into(), amount: off }],
                    code: asked.code,
                    total: off,
                })),
                Some(_) => Err(Error::invalid("promo_code", "there is no such code")),
            }
        };
        let release = async |State(kept): State<Arc<Mutex<HashSet<OrderId>>>>, Path(id): Path<OrderId>| {
            kept.lock().expect("no panic").remove(&id);
        };
        Router::new()
            .route("/applications", post(apply))
            .route("/applications/{order_id}", delete(release))
            .with_state(kept)
    }

    fn shipping() -> Router {
        let quote = async |Json(asked): Json<QuoteRequest>| {
            let cost = Money::new(499, Currency::Usd);
            Answer(Quote { method: asked.method, cost, days_min: 3, days_max: 5 })
        };
        Router::new().route("/quotes", post(quote))
    }

    /// Minor units of one US cent, in thousandths: JPY 1.5, the others made up as well.
    fn rate(currency: Currency) -> i64 {
        match currency {
            Currency::Usd => 1000,
            Currency::Eur => 923,
            Currency::Gbp => 787,
            Currency::Jpy => 1503,
            Currency::Brl => 5417,
            Currency::Inr => 83_999,
            Currency::Cad => 1371,
            Currency::Aud => 1529,
        }
    }

    fn converted(minor: i64, to: Currency) -> i64 {
        (minor * rate(to) * to.scale() / 100 + 500) / 1000
    }

    fn currency() -> Router {
        let convert = async |Json(asked): Json<ConvertRequest>| {
            let amounts =
                asked.amounts.iter().map(|one| Money::new(converted(one.minor, asked.to), asked.to));
            Answer(Converted { amounts: amounts.collect() })
        };
        Router::new().route("/convert", post(convert))
    }

    /// All that a checkout touches, on databases of its own.
    struct Shop {
        turns: Turns,
        checkout: Scripted,
        cart: Scripted,
        catalog: Scripted,
        inventory: Scripted,
        provider: Scripted,
        crm: Scripted,
        shipping: Scripted,
        kept: Arc<Mutex<HashSet<OrderId>>>,
        _dirs: [tempfile::TempDir; 2],
    }

    impl Shop {
        async fn open() -> Self {
            let (catalog_db, catalog_dir) = migrate::scratch(&catalog::store::SCHEMA).await;
            let (db, dir) = migrate::scratch(&store::SCHEMA).await;
            let kept: Arc<Mutex<HashSet<OrderId>>> = Arc::default();
            let catalog = Scripted::new(catalog::api::router(catalog::api::App::new(catalog_db)));
            let cart_peers = cart::peers::Peers { catalog: catalog.client(Service::Catalog) };
            let cache = Cache::in_memory(Arc::new(Bare));
            let cart = Scripted::new(cart::api::router(cart::api::App::new(cache, cart_peers)));
            let provider = Scripted::new(payment_provider::router(payment_provider::App::default()));
            let retry = Retry { backoff: Duration::ZERO, ..Retry::ONCE };
            let payment_provider = provider.client(Service::PaymentProvider).retrying(retry);
            let payments = payments::api::App::new(payments::peers::Peers { payment_provider });
            let payments = Scripted::new(payments::api::router(payments));
            let inventory = Scripted::new(inventory::router(inventory::App::default()));
            let crm = Scripted::new(crm::router(crm::App::default()));
            let shipping = Scripted::new(shipping());
            let peers = Peers {
                cart: cart.client(Service::Cart),
                catalog: catalog.client(Service::Catalog),
                promotions: Scripted::new(promotions(kept.clone())).client(Service::Promotions),
                currency: Scripted::new(currency()).client(Service::Currency),
                shipping: shipping.client(Service::Shipping),
                inventory: inventory.client(Service::Inventory),
                payments: payments.client(Service::Payments),
                crm: crm.client(Service::Crm),
            };
            let app = App::new(db, peers);
            let turns = app.turns.clone();
            let checkout = Scripted::new(router(app));
            let _dirs = [catalog_dir, dir];
            Shop { turns, checkout, cart, catalog, inventory, provider, crm, shipping, kept, _dirs }
        }

        async fn put(&self, user: u32, product_id: ProductId, quantity: i64) {
            let line = json!({"product_id": product_id, "quantity": quantity});
            let ask = Ask::post("/carts/{customer}/lines", &Origin::default()).part(user).json(&line);
            self.cart.client(Service::Cart).tell(ask).await.expect("in the cart");
        }

        async fn cart(&self, user: u32) -> Cart {
            let ask = Ask::get("/carts/{customer}", &Origin::default()).part(user);
            self.cart.client(Service::Cart).call(ask).await.expect("a cart")
        }

        async fn check_out(&self, request: &Value) -> Result<Order, Refusal> {
            let ask = Ask::post("/checkouts", &Origin::default()).json(request);
            self.checkout.client(Service::Checkout).call(ask).await
        }

        async fn refused(&self, request: &Value) -> (u16, Option<String>) {
            let refusal = self.check_out(request).await.expect_err("refused");
            let status = refusal.status().map_or(0, |status| status.as_u16());
            (status, Error::from(refusal).field().map(str::to_owned))
        }

        async fn orders(&self, user: u32) -> Vec<Order> {
            let ask = Ask::get("/orders", &Origin::default()).query(&[("customer", user)]);
            self.checkout.client(Service::Checkout).call(ask).await.expect("orders")
        }

        async fn charges(&self) -> Summary {
            let ask = Ask::get("/charges/summary", &Origin::default());
            self.provider.client(Service::PaymentProvider).call(ask).await.expect("a summary")
        }

        async fn stock(&self, product_id: ProductId) -> i64 {
            let ask = Ask::get("/stock/{product_id}", &Origin::default()).part(product_id);
            let stock: inventory::Stock =
                self.inventory.client(Service::Inventory).call(ask).await.expect("a stock");
            stock.quantity
        }

        async fn set_stock(&self, product_id: ProductId, quantity: i64) {
            let ask = Ask::new(http::Method::PUT, "/stock/{product_id}", &Origin::default());
            let ask = ask.part(product_id).json(&json!({ "quantity": quantity }));
            self.inventory.client(Service::Inventory).tell(ask).await.expect("set");
        }

        fn kept(&self) -> usize {
            self.kept.lock().expect("no panic").len()
        }
    }

    const STARTED: Fact = Fact::CheckoutStarted {
        country: crate::kernel::country::Country::Br,
        payment_method: crate::kernel::origin::PaymentMethod::CreditCard,
    };
    const FAILED: Fact = Fact::CheckoutFailed {
        country: crate::kernel::country::Country::Br,
        payment_method: crate::kernel::origin::PaymentMethod::CreditCard,
    };

    fn request(user: u32, currency: Currency) -> Value {
        json!({
            "customer": user.to_string(), "country": "BR", "payment_method": "credit_card",
            "currency": currency, "shipping_method": "standard", "tier": "standard",
        })
    }

    fn with(mut request: Value, field: &str, value: impl Into<Value>) -> Value {
        request[field] = value.into();
        request
    }

    #[tokio::test]
    async fn an_order_adds_up_in_all_eight_currencies() {
        let shop = Shop::open().await;
        for (user, to) in (1..).zip(Currency::ALL) {
            shop.put(user, 1, 3).await;
            shop.put(user, 16, 1).await;
            let order =
                shop.check_out(&with(request(user, to), "promo_code", "save10")).await.expect("an order");
            let goods = 3 * converted(12_999, to) + converted(1_899, to);
            let total = goods - converted(4_090, to) + converted(499, to);
            assert_eq!(order.total, Money::new(total, to));
            assert_eq!(order.total_usd, Money::new(3 * 12_999 + 1_899 - 4_090 + 499, Currency::Usd));
            assert_eq!(order.promo_code.as_deref(), Some("SAVE10"));
            assert_eq!(shop.orders(user).await, [order], "it is kept as it was answered");
            assert_eq!(shop.cart(user).await.lines, [], "and its cart is closed");
        }
        assert_eq!(shop.charges().await, Summary { charges: 8, keys: 8 });
        assert_eq!(shop.stock(1).await, 1_000_000 - 24);
    }

    #[tokio::test]
    async fn the_last_item_is_sold_once() {
        let shop = Shop::open().await;
        shop.set_stock(20, 1).await;
        shop.put(1, 20, 1).await;
        shop.put(2, 20, 1).await;
        let requests = [request(1, Currency::Usd), request(2, Currency::Eur)];
        let (one, two) = join(shop.check_out(&requests[0]), shop.check_out(&requests[1])).await;
        let (sold, refused): (Vec<_>, Vec<_>) = [one, two].into_iter().partition(Result::is_ok);
        assert_eq!((sold.len(), refused.len()), (1, 1));
        let refused = refused.into_iter().find_map(Result::err).map(Error::from).expect("a refusal");
        assert_eq!((refused.kind(), refused.detail()), (Kind::OutOfStock, "product 20 is out of stock"));
        assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1 });
        assert_eq!(shop.orders(1).await.len() + shop.orders(2).await.len(), 1);
        assert_eq!((shop.stock(20).await, shop.kept()), (0, 1), "the other's promotion was released");
    }

    #[tokio::test]
    async fn a_repeated_key_is_the_same_order() {
        let shop = Shop::open().await;
        shop.put(1, 4, 2).await;
        let request = with(request(1, Currency::Jpy), "idempotency_key", "k-1");
        let first = shop.check_out(&request).await.expect("an order");
        let order_id = first.order_id.clone();
        shop.checkout.take_facts();
        shop.put(1, 5, 1).await;
        assert_eq!(shop.check_out(&request).await.expect("an order"), first);
        assert_eq!(shop.checkout.take_facts(), [STARTED, Fact::OrderRepeated { order_id }]);
        assert_eq!(shop.cart(1).await.lines.len(), 1, "a newer cart stays");
        assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1 });

        let other = with(request, "currency", "EUR");
        assert_eq!(shop.refused(&other).await, (409, Some("idempotency_key".into())));
        assert_eq!(shop.checkout.take_facts(), [STARTED, FAILED]);
    }

    #[tokio::test]
    async fn a_doubled_click_is_one_order() {
        let shop = Shop::open().await;
        shop.put(1, 4, 2).await;
        let request = request(1, Currency::Usd);
        let (one, two) = join(shop.check_out(&request), shop.check_out(&request)).await;
        assert_eq!(one.expect("an order"), two.expect("the same"));
        assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1 });
        assert_eq!(shop.stock(4).await, 1_000_000 - 2);
    }

    #[tokio::test]
    async fn a_broken_provider_leaves_nothing_behind() {
        let shop = Shop::open().await;
        shop.put(1, 4, 2).await;
        shop.provider.answering([503, 503]);
        assert_eq!(shop.refused(&request(1, Currency::Usd)).await.0, 502);
        assert_eq!(shop.checkout.take_facts(), [STARTED, FAILED]);
        assert_eq!((shop.stock(4).await, shop.kept(), shop.orders(1).await.len()), (1_000_000, 0, 0));
        assert_eq!(shop.cart(1).await.lines.len(), 1, "the cart is as it was");

        shop.provider.answering([503]);
        shop.check_out(&request(1, Currency::Usd)).await.expect("one failure is retried");
        assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1 });
    }

    #[tokio::test]
    async fn too_much_for_the_card_is_declined() {
        let shop = Shop::open().await;
        shop.put(1, 5, 50).await;
        assert_eq!(shop.refused(&request(1, Currency::Usd)).await.0, 402);
        assert_eq!((shop.stock(5).await, shop.kept(), shop.orders(1).await.len()), (1_000_000, 0, 0));
        assert_eq!(shop.charges().await, Summary { charges: 0, keys: 0 });
    }

    #[tokio::test]
    async fn what_third_parties_fail_at_does_not_stop_an_order() {
        let shop = Shop::open().await;
        shop.put(1, 4, 2).await;
        shop.inventory.answering([500]);
        shop.crm.answering([404]);
        let order = shop.check_out(&request(1, Currency::Usd)).await.expect("an order");
        let order_id = order.order_id;
        let facts = shop.checkout.take_facts();
        assert!(
            matches!(
                facts.as_slice(),
                [STARTED, Fact::StockAssumed { .. }, Fact::OrderPlaced { items: 2, .. }, Fact::CrmSkipped { order_id: skipped }]
                    if *skipped == order_id
            ),
            "{facts:?}"
        );
    }

    #[tokio::test]
    async fn a_customer_who_left_after_the_charge_is_not_charged_again() {
        let shop = Shop::open().await;
        shop.put(1, 4, 2).await;
        let request = request(1, Currency::Gbp);
        // Polled until the charge is made, then dropped, as a handler is when its customer leaves.
        let mut checkout = Box::pin(shop.check_out(&request));
        while shop.charges().await.charges == 0 {
            assert!((&mut checkout).now_or_never().is_none(), "the order waits for the database");
            tokio::task::yield_now().await;
        }
        drop(checkout);
        assert!(shop.turns.is_empty(), "nobody waits for one who left");
        let order = shop.check_out(&request).await.expect("the same checkout, to its end");
        assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1 });
        assert_eq!(shop.orders(1).await, [order]);
        assert_eq!(shop.stock(4).await, 1_000_000 - 2);
    }

    #[tokio::test]
    async fn a_cart_whose_closing_was_lost_is_not_bought_twice() {
        let shop = Shop::open().await;
        let request = request(1, Currency::Usd);
        for more in [false, true] {
            shop.put(1, 4, 2).await;
            shop.cart.answering([0, 503]);
            let order = shop.check_out(&request).await.expect("an order");
            assert_eq!(shop.cart(1).await.lines.len(), 1, "read, but not closed");
            if more {
                shop.put(1, 5, 1).await;
                assert_eq!(shop.refused(&request).await, (409, Some("cart".into())));
            } else {
                assert_eq!(shop.check_out(&request).await.expect("an order"), order);
            }
            assert_eq!(shop.cart(1).await.lines, [], "closed at last");
        }
        assert_eq!(shop.charges().await, Summary { charges: 2, keys: 2 });
    }

    #[tokio::test]
    async fn what_cannot_be_bought_is_refused_and_nothing_kept() {
        let shop = Shop::open().await;
        let usd = || request(1, Currency::Usd);
        let at = |field: &str| Some(field.to_owned());
        assert_eq!(shop.refused(&usd()).await, (422, at("cart")), "an empty cart");
        shop.put(1, 4, 2).await;
        assert_eq!(shop.refused(&with(usd(), "promo_code", "NOPE")).await, (422, at("promo_code")));
        assert_eq!(shop.refused(&with(usd(), "promo_code", "<b>")).await, (422, at("promo_code")));
        assert_eq!(shop.refused(&with(usd(), "country", "XX")).await, (422, None));
        assert_eq!(shop.refused(&with(usd(), "payment_method", "gold")).await, (422, None));
        assert_eq!(shop.refused(&with(usd(), "idempotency_key", "")).await, (422, at("idempotency_key")));
        shop.shipping.answering([500]);
        assert_eq!(shop.refused(&usd()).await, (502, None));
        let gone = Ask::delete("/products/4", &Origin::default());
        shop.catalog.client(Service::Catalog).tell(gone).await.expect("gone");
        assert_eq!(shop.refused(&usd()).await, (422, at("cart")), "a product that is not sold any more");
        assert_eq!((shop.stock(4).await, shop.kept(), shop.orders(1).await.len()), (1_000_000, 0, 0));
        assert_eq!(shop.charges().await, Summary { charges: 0, keys: 0 });
    }

    #[tokio::test]
    async fn orders_are_shown_newest_first_to_their_customer_alone() {
        let shop = Shop::open().await;
        let orders = shop.orders(123).await;
        assert_eq!((orders.len(), shop.orders(789).await.len()), (6, 4));
        assert!(orders.windows(2).all(|pair| pair[0].placed_at > pair[1].placed_at));
        for order in orders.iter().chain(&shop.orders(789).await) {
            let lines: i64 = order.lines.iter().map(|line| line.total.minor).sum();
            assert_eq!(order.total.minor, lines + order.shipping.minor, "{}", order.order_id);
        }
        let get = |customer: &str, id: &str| {
            let ask = Ask::get("/orders/{order_id}", &Origin::default()).part(id);
            ask.query(&[("customer", customer)])
        };
        let client = shop.checkout.client(Service::Checkout);
        let id = orders[0].order_id.as_str();
        assert_eq!(client.call::<Order>(get("123", id)).await.expect("an order"), orders[0]);
        for ask in [get("789", id), get("123", "nothing"), get("123", "a\0")] {
            let refusal = client.tell(ask).await.expect_err("refused");
            assert_eq!(refusal.status().map(|status| status.as_u16()), Some(404));
        }
    }
}
