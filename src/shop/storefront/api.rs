//! The public API: checks what comes in, asks who knows, answers in JSON or with a page.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::HeaderMap,
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;

use super::{
    assets, goods,
    guestbook::Guestbook,
    json::{CampaignJson, CartJson, ConversionJson, OrderJson, ProductJson, QuoteJson},
    pages::{self, choices::CheckoutForm},
    peers::{Listing, Peers},
    placing::place,
    sent::{
        AddLine, CheckoutBody, ProductBody, QuoteBody, RemoveLine, Sent, checked_key, idempotency_key,
        must_be_own,
    },
    session::{self, Visitor},
};
use crate::{
    kernel::{
        clock,
        error::{Error, Kind, Result},
        extract::{Json, Path, Query},
        id::{self, OrderId, ProductId},
        money::{Currency, Money},
        reply::Reply,
        strangers,
    },
    shop::{
        ads::model::Ad,
        cart::model::{CartLine, check_quantity},
        catalog::model::Product,
        shipping::model::QuoteRequest,
    },
};

/// The service. It keeps nothing but which sessions it has seen lately.
#[derive(Clone)]
pub struct App {
    peers: Arc<Peers>,
    slow_delay: Duration,
    guestbook: Guestbook,
}

impl App {
    /// `slow_delay` is what `/slow` takes.
    pub fn new(peers: Peers, slow_delay: Duration) -> Self {
        App { peers: Arc::new(peers), slow_delay, guestbook: Guestbook::default() }
    }
}

pub fn router(app: App) -> Router {
    router_with(app, |handlers| handlers)
}

/// The same, with something put around the handlers themselves: what fails there fails as they do, and a browser gets
/// its page.
pub fn router_with(app: App, around: impl Fn(Router) -> Router) -> Router {
    let guestbook = app.guestbook.clone();
    let known = Router::new()
        .route("/", get(home))
        .route("/products", get(products).post(create_product))
        .route("/products/{id}", get(product).put(change_product).delete(delete_product))
        .route("/catalog/{id}", get(product))
        .route("/cart", get(cart))
        .route("/cart/add", post(add_to_cart))
        .route("/cart/update", post(update_cart))
        .route("/cart/remove", post(remove_from_cart))
        .route("/checkout", get(checkout_page).post(checkout))
        .route("/checkout/success/{id}", get(success))
        .route("/orders", get(orders))
        .route("/orders/{id}", get(order))
        .route("/recommendations", get(recommendations))
        .route("/ads", get(ads))
        .route("/ads/{id}/click", post(click))
        .route("/currency/convert", get(convert))
        .route("/shipping/quote", post(quote))
        .route("/promotions", get(promotions))
        .route("/slow", get(slow))
        .route("/error", get(error))
        .with_state(app);
    // Strangers are answered here and not further out, so that a browser gets a page for what is not there too.
    strangers::answered(around(known))
        .layer(middleware::from_fn(pages::failure::friendly))
        .layer(middleware::from_fn_with_state(guestbook, session::greet))
        .merge(around(assets::router()))
}

/// The front page is a page for everybody: it has no JSON to be.
async fn home(State(app): State<App>, visitor: Visitor) -> Result<Response> {
    pages::shelves::home(&app.peers, &visitor).await
}

#[derive(Deserialize)]
struct Wanted {
    category: Option<String>,
    search: Option<String>,
    limit: Option<i64>,
}

async fn products(
    State(app): State<App>,
    visitor: Visitor,
    Query(Wanted { category, search, limit }): Query<Wanted>,
) -> Result<Response> {
    let listing = Listing { category, search, limit };
    if visitor.browser {
        return pages::shelves::products(&app.peers, &visitor, listing).await;
    }
    let products = app.peers.products(&listing, &visitor.origin).await?;
    Ok(Reply::of(products_json(&app, &visitor, products).await?).into_response())
}

async fn product(State(app): State<App>, visitor: Visitor, Path(id): Path<ProductId>) -> Result<Response> {
    if visitor.browser {
        return pages::shelves::product(&app.peers, &visitor, id).await;
    }
    let product = app.peers.product(id, &visitor.origin).await?;
    let product = products_json(&app, &visitor, vec![product]).await?.pop();
    Ok(Reply::of(product).into_response())
}

async fn create_product(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<ProductBody>,
) -> Result<Reply<ProductJson>> {
    visitor.must_be_admin()?;
    let product = app.peers.create_product(&body.checked()?, &visitor.origin).await?;
    Ok(Reply::created(product.into()))
}

async fn change_product(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<ProductId>,
    Json(body): Json<ProductBody>,
) -> Result<Reply<ProductJson>> {
    visitor.must_be_admin()?;
    let product = app.peers.change_product(id, &body.checked()?, &visitor.origin).await?;
    Ok(Reply::of(product.into()))
}

async fn delete_product(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<ProductId>,
) -> Result<Reply<ProductJson>> {
    visitor.must_be_admin()?;
    Ok(Reply::of(app.peers.delete_product(id, &visitor.origin).await?.into()))
}

async fn cart(State(app): State<App>, visitor: Visitor) -> Result<Response> {
    if visitor.browser {
        return pages::till::cart(&app.peers, &visitor).await;
    }
    let user = visitor.identity()?.user;
    let cart = app.peers.cart(&visitor.customer()?, &visitor.origin).await?;
    let items = goods::items(&app.peers, &visitor, &cart).await?;
    Ok(Reply::of(CartJson::priced(cart.cart_id, user, items, Currency::Usd)).into_response())
}

async fn add_to_cart(State(app): State<App>, visitor: Visitor, sent: Sent<AddLine>) -> Result<Response> {
    let identity = visitor.identity()?;
    let AddLine { product_id, quantity, user_id } = sent.body;
    must_be_own(&user_id, identity)?;
    check_quantity(quantity)?;
    let line = CartLine { product_id, quantity };
    let cart = app.peers.add_line(&visitor.customer()?, line, &visitor.origin).await?;
    Ok(led_on(sent.form, "/cart", || Reply::of(CartJson::plain(cart, identity.user))))
}

/// Sets how many of a product are in the cart. The cart itself only knows adding and removing.
async fn update_cart(State(app): State<App>, visitor: Visitor, sent: Sent<AddLine>) -> Result<Response> {
    let identity = visitor.identity()?;
    let AddLine { product_id, quantity, user_id } = sent.body;
    must_be_own(&user_id, identity)?;
    check_quantity(quantity)?;
    let (customer, origin) = (visitor.customer()?, &visitor.origin);
    let mut cart = app.peers.cart(&customer, origin).await?;
    let there = cart.lines.iter().find(|line| line.product_id == product_id);
    let mut more = quantity - there.map_or(0, |line| line.quantity);
    if more < 0 {
        // The catalogue is asked before the line is taken out, so that a line is not lost on the way to a smaller one.
        app.peers.product(product_id, origin).await?;
        cart = app.peers.remove_line(&customer, product_id, origin).await?;
        more = quantity;
    }
    if more > 0 {
        let line = CartLine { product_id, quantity: more };
        cart = app.peers.add_line(&customer, line, origin).await?;
    }
    Ok(led_on(sent.form, "/cart", || Reply::of(CartJson::plain(cart, identity.user))))
}

async fn remove_from_cart(
    State(app): State<App>,
    visitor: Visitor,
    sent: Sent<RemoveLine>,
) -> Result<Response> {
    let identity = visitor.identity()?;
    must_be_own(&sent.body.user_id, identity)?;
    let cart = app.peers.remove_line(&visitor.customer()?, sent.body.product_id, &visitor.origin).await?;
    Ok(led_on(sent.form, "/cart", || Reply::of(CartJson::plain(cart, identity.user))))
}

async fn checkout_page(
    State(app): State<App>,
    visitor: Visitor,
    Query(form): Query<CheckoutForm>,
) -> Result<Response> {
    if !visitor.browser {
        return Err(Error::new(Kind::MethodNotAllowed, "a checkout is made with POST"));
    }
    pages::till::checkout(&app.peers, &visitor, form).await
}

async fn checkout(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    sent: Sent<CheckoutBody>,
) -> Result<Response> {
    let identity = visitor.identity()?;
    must_be_own(&sent.body.user_id, identity)?;
    let in_form = sent.body.idempotency_key.as_deref().filter(|_| sent.form);
    let key = match in_form {
        Some(key) => Some(checked_key(key)?),
        None => idempotency_key(&headers)?,
    };
    if sent.form {
        return pages::till::buy(&app.peers, &visitor, sent.body, key).await;
    }
    let (status, order) = place(&app.peers, &visitor, &sent.body, key).await?;
    Ok((status, Reply::of(OrderJson::from(order))).into_response())
}

async fn success(State(app): State<App>, visitor: Visitor, Path(id): Path<OrderId>) -> Result<Response> {
    let order = app.peers.order(&visitor.customer()?, &id, &visitor.origin).await?;
    if visitor.browser {
        return pages::history::order(&app.peers, &visitor, order, true).await;
    }
    Ok(Reply::of(OrderJson::from(order)).into_response())
}

#[derive(Deserialize)]
struct History {
    limit: Option<i64>,
}

async fn orders(
    State(app): State<App>,
    visitor: Visitor,
    Query(History { limit }): Query<History>,
) -> Result<Response> {
    let orders = app.peers.orders(&visitor.customer()?, limit, &visitor.origin).await?;
    if visitor.browser {
        return pages::history::orders(&app.peers, &visitor, orders).await;
    }
    let orders: Vec<OrderJson> = orders.into_iter().map(Into::into).collect();
    Ok(Reply::of(orders).into_response())
}

async fn order(State(app): State<App>, visitor: Visitor, Path(id): Path<OrderId>) -> Result<Response> {
    let order = app.peers.order(&visitor.customer()?, &id, &visitor.origin).await?;
    if visitor.browser {
        return pages::history::order(&app.peers, &visitor, order, false).await;
    }
    Ok(Reply::of(OrderJson::from(order)).into_response())
}

#[derive(Deserialize)]
struct Alike {
    product_id: Option<ProductId>,
    limit: Option<i64>,
}

async fn recommendations(
    State(app): State<App>,
    visitor: Visitor,
    Query(Alike { product_id, limit }): Query<Alike>,
) -> Result<Reply<Vec<ProductJson>>> {
    let products = app.peers.recommendations(product_id, limit, &visitor.origin).await?;
    Ok(Reply::of(products_json(&app, &visitor, products).await?))
}

#[derive(Deserialize)]
struct Beside {
    category: Option<String>,
}

async fn ads(
    State(app): State<App>,
    visitor: Visitor,
    Query(Beside { category }): Query<Beside>,
) -> Result<Reply<Vec<Ad>>> {
    Ok(Reply::of(app.peers.ads(category.as_deref(), &visitor.origin).await?))
}

async fn click(State(app): State<App>, visitor: Visitor, Path(id): Path<u32>) -> Result<Response> {
    let ad = app.peers.click(id, &visitor.origin).await?;
    let address = pages::shelves::ad_address(&ad);
    Ok(led_on(visitor.browser, &address, || Reply::of(ad)))
}

#[derive(Deserialize)]
struct Exchange {
    from: Currency,
    to: Currency,
    amount: String,
}

async fn convert(
    State(app): State<App>,
    visitor: Visitor,
    Query(Exchange { from, to, amount }): Query<Exchange>,
) -> Result<Reply<ConversionJson>> {
    let amount = Money::parse(&amount, from).map_err(|detail| Error::invalid("amount", detail))?;
    Ok(Reply::of(app.peers.convert(amount, to, &visitor.origin).await?.into()))
}

async fn quote(
    State(app): State<App>,
    visitor: Visitor,
    Json(QuoteBody { country, method, items }): Json<QuoteBody>,
) -> Result<Reply<QuoteJson>> {
    let request = QuoteRequest { country, method, items };
    Ok(Reply::of(app.peers.quote(request, &visitor.origin).await?.into()))
}

async fn promotions(State(app): State<App>, visitor: Visitor) -> Result<Reply<Vec<CampaignJson>>> {
    let campaigns = app.peers.campaigns(&visitor.origin).await?;
    Ok(Reply::of(campaigns.into_iter().map(Into::into).collect()))
}

/// Slow on purpose and in the open: something to look at when nothing else is wrong.
async fn slow(State(app): State<App>) -> Reply<serde_json::Value> {
    clock::wait(app.slow_delay).await;
    Reply::of(serde_json::json!({ "waited_seconds": app.slow_delay.as_secs_f64() }))
}

/// A failure on purpose. The shop has no dice, but every fresh name begins with some digit.
async fn error() -> Error {
    let digit = id::fresh().chars().next().and_then(|digit| digit.to_digit(16)).unwrap_or(0);
    let kind = match digit % 4 {
        0 => Kind::Internal,
        1 => Kind::PeerFailed,
        2 => Kind::PoolExhausted,
        _ => Kind::PeerTimeout,
    };
    Error::new(kind, "this address always fails")
}

/// A form leads on to a page, so that coming back to it sends nothing twice; a program gets its answer.
fn led_on<T: IntoResponse>(form: bool, to: &str, answer: impl FnOnce() -> T) -> Response {
    if form { Redirect::to(to).into_response() } else { answer().into_response() }
}

/// Products for clients, in the currency that was asked for. Here a wrong price would be worse than none.
async fn products_json(app: &App, visitor: &Visitor, mut products: Vec<Product>) -> Result<Vec<ProductJson>> {
    if visitor.currency != Currency::Usd {
        let prices: Vec<Money> = products.iter().map(|product| product.price).collect();
        let prices = app.peers.convert_all(&prices, visitor.currency, &visitor.origin).await?;
        products.iter_mut().zip(prices).for_each(|(product, price)| product.price = price);
    }
    Ok(products.into_iter().map(Into::into).collect())
}
