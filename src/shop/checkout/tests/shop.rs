//! The shop around a checkout, and what is asked of it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    kernel::{
        cache::{Bare, Cache},
        client::{Ask, Refusal, Retry},
        country::Country,
        db::Db,
        error::Error,
        fact::Fact,
        id::{OrderId, ProductId},
        migrate,
        money::Currency,
        origin::{Origin, PaymentMethod},
        service::Service,
    },
    shop::{
        cart::{self, model::Cart},
        catalog,
        checkout::{
            api::{App, router},
            model::Order,
            peers::Peers,
            store::{self, Turns},
        },
        currency, payments,
        third_party::{
            crm, inventory,
            payment_provider::{self, Summary},
        },
    },
};

use super::peers::{Scripted, promotions, shipping};

/// All that a checkout touches, on databases of its own.
pub struct Shop {
    pub turns: Turns,
    pub checkout: Scripted,
    pub cart: Scripted,
    pub catalog: Scripted,
    pub inventory: Scripted,
    pub provider: Scripted,
    pub crm: Scripted,
    pub shipping: Scripted,
    pub currency: Scripted,
    kept: Arc<Mutex<HashSet<OrderId>>>,
    pub db: Db,
    pub peers: Peers,
    _dirs: [tempfile::TempDir; 2],
}

impl Shop {
    pub async fn open() -> Self {
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
        let currency = Scripted::new(currency::api::router(currency::api::App));
        let peers = Peers {
            cart: cart.client(Service::Cart),
            catalog: catalog.client(Service::Catalog),
            promotions: Scripted::new(promotions(kept.clone())).client(Service::Promotions),
            currency: currency.client(Service::Currency),
            shipping: shipping.client(Service::Shipping),
            inventory: inventory.client(Service::Inventory),
            payments: payments.client(Service::Payments),
            crm: crm.client(Service::Crm),
        };
        let app = App::new(db.clone(), peers.clone());
        let turns = app.till().turns.clone();
        let checkout = Scripted::new(router(app));
        let _dirs = [catalog_dir, dir];
        Shop {
            turns,
            checkout,
            cart,
            catalog,
            inventory,
            provider,
            crm,
            shipping,
            currency,
            kept,
            db,
            peers,
            _dirs,
        }
    }

    pub async fn put(&self, user: u32, product_id: ProductId, quantity: i64) {
        let line = json!({"product_id": product_id, "quantity": quantity});
        let ask = Ask::post("/carts/{customer}/lines", &Origin::default()).part(user).json(&line);
        self.cart.client(Service::Cart).tell(ask).await.expect("in the cart");
    }

    pub async fn cart(&self, user: u32) -> Cart {
        let ask = Ask::get("/carts/{customer}", &Origin::default()).part(user);
        self.cart.client(Service::Cart).call(ask).await.expect("a cart")
    }

    pub async fn check_out(&self, request: &Value) -> Result<Order, Refusal> {
        let ask = Ask::post("/checkouts", &Origin::default()).json(request);
        self.checkout.client(Service::Checkout).call(ask).await
    }

    pub async fn refused(&self, request: &Value) -> (u16, Option<String>) {
        let refusal = self.check_out(request).await.expect_err("refused");
        let status = refusal.status().map_or(0, |status| status.as_u16());
        (status, Error::from(refusal).field().map(str::to_owned))
    }

    pub async fn orders(&self, user: u32) -> Vec<Order> {
        let ask = Ask::get("/orders", &Origin::default()).query(&[("customer", user)]);
        self.checkout.client(Service::Checkout).call(ask).await.expect("orders")
    }

    pub async fn charges(&self) -> Summary {
        let ask = Ask::get("/charges/summary", &Origin::default());
        self.provider.client(Service::PaymentProvider).call(ask).await.expect("a summary")
    }

    pub async fn stock(&self, product_id: ProductId) -> i64 {
        let ask = Ask::get("/stock/{product_id}", &Origin::default()).part(product_id);
        let stock: inventory::Stock =
            self.inventory.client(Service::Inventory).call(ask).await.expect("a stock");
        stock.quantity
    }

    pub async fn set_stock(&self, product_id: ProductId, quantity: i64) {
        let ask = Ask::new(http::Method::PUT, "/stock/{product_id}", &Origin::default());
        let ask = ask.part(product_id).json(&json!({ "quantity": quantity }));
        self.inventory.client(Service::Inventory).tell(ask).await.expect("set");
    }

    pub fn kept(&self) -> usize {
        self.kept.lock().expect("no panic").len()
    }
}

pub const STARTED: Fact =
    Fact::CheckoutStarted { country: Country::Br, payment_method: PaymentMethod::CreditCard };
pub const FAILED: Fact =
    Fact::CheckoutFailed { country: Country::Br, payment_method: PaymentMethod::CreditCard };

pub fn request(user: u32, currency: Currency) -> Value {
    json!({
        "customer": user.to_string(), "country": "BR", "payment_method": "credit_card",
        "currency": currency, "shipping_method": "standard", "tier": "standard",
    })
}

pub fn with(mut request: Value, field: &str, value: impl Into<Value>) -> Value {
    request[field] = value.into();
    request
}
