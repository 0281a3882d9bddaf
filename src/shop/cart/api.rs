//! Carts over HTTP.

use std::{future, time::Duration};

use axum::{
    Router,
    extract::State,
    routing::{delete, get, post},
};
use serde::Deserialize;

use crate::kernel::{
    cache::Cache,
    chore::{Chore, Task},
    error::{Error, Kind, Result},
    extract::{Json, Path, Query},
    fact::{CartEnd, Fact},
    id::{CustomerId, ProductId},
    origin::Origin,
    reply::Reply,
};

use super::{
    model::{Cart, CartLine, check_quantity},
    peers::Peers,
    store::Carts,
};

const LOOK_FOR_IDLE_EVERY: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct App {
    carts: Carts,
    peers: Peers,
}

impl App {
    pub fn new(cache: Cache, peers: Peers) -> Self {
        App { carts: Carts::new(cache), peers }
    }

    /// Carts left behind are noticed without anybody asking.
    pub fn chores(&self) -> Vec<Chore> {
        let carts = self.carts.clone();
        let look = move || {
            let stated = carts.abandon_idle();
            let task: Option<Task> = (!stated.is_empty()).then(|| Box::pin(future::ready(stated)) as Task);
            future::ready(Vec::from_iter(task))
        };
        vec![Chore::new("cart.abandon_idle", LOOK_FOR_IDLE_EVERY, look)]
    }
}

pub fn router(app: App) -> Router {
    Router::new()
        .route("/carts/{customer}", get(one).delete(close))
        .route("/carts/{customer}/lines", post(add))
        .route("/carts/{customer}/lines/{product_id}", delete(remove))
        .route("/carts/{customer}/clear", post(clear))
        .with_state(app)
}

async fn one(State(app): State<App>, Path(customer): Path<CustomerId>) -> Result<Reply<Cart>> {
    let mut facts = Vec::new();
    let cart = app.carts.get(&customer, &mut facts).await;
    Ok(Reply::of(cart).stating_all(facts))
}

async fn add(
    State(app): State<App>,
    origin: Origin,
    Path(customer): Path<CustomerId>,
    Json(line): Json<CartLine>,
) -> Result<Reply<Cart>> {
    check_quantity(line.quantity)?;
    app.peers.product(&origin, line.product_id).await?;
    let mut facts = Vec::new();
    match app.carts.add(&customer, line, origin.country, &mut facts).await {
        Ok(cart) => Ok(Reply::of(cart).stating_all(facts)),
        Err(error) => Err(facts.into_iter().fold(error, Error::stating)),
    }
}

async fn remove(
    State(app): State<App>,
    Path((customer, product_id)): Path<(CustomerId, ProductId)>,
) -> Result<Reply<Cart>> {
    let mut facts = Vec::new();
    let cart = app.carts.remove(&customer, product_id, &mut facts).await;
    Ok(Reply::of(cart).stating_all(facts))
}

#[derive(Deserialize)]
struct Bought {
    cart_id: Option<String>,
}

/// Closes a bought cart. The id is needed: without it, a late message about an old cart could close a new one.
async fn close(
    State(app): State<App>,
    Path(customer): Path<CustomerId>,
    Query(bought): Query<Bought>,
) -> Result<Reply<Cart>> {
    let Some(cart_id) = bought.cart_id.filter(|id| !id.is_empty()) else {
        return Err(Error::new(Kind::Invalid, "the id of the cart is missing").at(Some("cart_id".into())));
    };
    let mut facts = Vec::new();
    let cart = app.carts.close(&customer, Some(&cart_id), CartEnd::Bought, &mut facts).await;
    Ok(Reply::of(cart).stating_all(facts))
}

async fn clear(State(app): State<App>, Path(customer): Path<CustomerId>) -> Result<Reply<Cart>> {
    let mut facts: Vec<Fact> = Vec::new();
    let cart = app.carts.close(&customer, None, CartEnd::Emptied, &mut facts).await;
    Ok(Reply::of(cart).stating_all(facts))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::Method;
    use serde_json::json;

    use super::*;
    use crate::{
        kernel::{
            cache::Bare,
            client::{Ask, Client, InProcess},
            migrate,
            service::Service,
        },
        shop::catalog,
    };

    async fn cart() -> (Client, tempfile::TempDir) {
        let within = Duration::from_secs(5);
        let (db, dir) = migrate::scratch(&catalog::store::SCHEMA).await;
        let router = catalog::api::router(catalog::api::App::new(db));
        let catalog = Client::new(Service::Catalog, Arc::new(InProcess(router)), within);
        let app = App::new(Cache::in_memory(Arc::new(Bare)), Peers { catalog });
        (Client::new(Service::Cart, Arc::new(InProcess(super::router(app))), within), dir)
    }

    fn ask(method: Method, path: &'static str) -> Ask {
        Ask::new(method, path, &Origin::default())
    }

    #[tokio::test]
    async fn a_cart_lives_from_its_first_line_until_it_is_bought() {
        let (client, _dir) = cart().await;
        let get = || ask(Method::GET, "/carts/123-a");
        let line = |product_id| {
            ask(Method::POST, "/carts/123-a/lines").json(&json!({"product_id": product_id, "quantity": 2}))
        };
        let none: Cart = client.call(get()).await.expect("a cart");
        assert_eq!((none.cart_id.as_str(), none.lines.len()), ("", 0));
        client.call::<Cart>(line(3)).await.expect("added");
        let cart: Cart = client.call(line(5)).await.expect("added");
        assert_eq!(cart.lines.iter().map(|line| line.product_id).collect::<Vec<_>>(), [3, 5]);
        let cart: Cart = client.call(ask(Method::DELETE, "/carts/123-a/lines/3")).await.expect("removed");
        assert_eq!(cart.lines.len(), 1);
        let close = |id: &str| ask(Method::DELETE, "/carts/123-a").query(&[("cart_id", id)]);
        let kept: Cart = client.call(close("another")).await.expect("kept");
        assert_eq!(kept, cart);
        let closed: Cart = client.call(close(&cart.cart_id)).await.expect("closed");
        assert_eq!(closed, none);
        client.call::<Cart>(line(5)).await.expect("added");
        let emptied: Cart = client.call(ask(Method::POST, "/carts/123-a/clear")).await.expect("emptied");
        assert_eq!(emptied, none);
    }

    #[tokio::test]
    async fn a_cart_takes_only_what_there_is() {
        let (client, _dir) = cart().await;
        for (status, body) in [
            (404, json!({"product_id": 99, "quantity": 1})),
            (422, json!({"product_id": 1, "quantity": 0})),
            (422, json!({"product_id": 1, "quantity": -1})),
            (422, json!({"product_id": 1, "quantity": 100})),
            (422, json!({"product_id": "1' OR 1=1", "quantity": 1})),
            (422, json!({})),
        ] {
            let post = ask(Method::POST, "/carts/123/lines").json(&body);
            let refusal = client.tell(post).await.expect_err("refused");
            assert_eq!(refusal.status().map(|status| status.as_u16()), Some(status), "{body}");
        }
        let refusal = client.tell(ask(Method::DELETE, "/carts/123")).await.expect_err("refused");
        assert_eq!(refusal.status().map(|status| status.as_u16()), Some(422), "an id is needed");
        let cart: Cart = client.call(ask(Method::GET, "/carts/123")).await.expect("a cart");
        assert_eq!(cart.lines, []);
    }
}
