//! The whole shop behind its storefront, and what is asked of it.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{
    kernel::{
        cache::{Bare, Cache},
        client::{Client, InProcess},
        fact::{Fact, Stated},
        migrate,
        service::Service,
    },
    shop::{
        ads, cart, catalog, checkout, currency, payments, promotions, recommendation, shipping,
        storefront::{
            api::{App, router},
            peers::Peers,
        },
        third_party::{crm, inventory, payment_provider},
    },
};

pub const USER: &str = "Bearer user-token-123";
pub const ADMIN: &str = "Bearer admin-token-456";
pub const HTML: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

pub fn client(service: Service, router: Router) -> Client {
    Client::new(service, Arc::new(InProcess(router)), Duration::from_secs(5))
}

/// A peer that answers nothing but 404 without a problem document: as good as broken.
pub fn broken(service: Service) -> Client {
    client(service, Router::new())
}

/// Every service but the storefront, on databases that are gone with the directories.
pub async fn peers() -> (Peers, [TempDir; 2]) {
    let (db, catalog_dir) = migrate::scratch(&catalog::store::SCHEMA).await;
    let catalog = client(Service::Catalog, catalog::api::router(catalog::api::App::new(db)));
    let cache = Cache::in_memory(Arc::new(Bare));
    let cart_peers = cart::peers::Peers { catalog: catalog.clone() };
    let cart = client(Service::Cart, cart::api::router(cart::api::App::new(cache, cart_peers)));
    let recommendation_peers = recommendation::peers::Peers { catalog: catalog.clone() };
    let recommendation = recommendation::api::App::new(recommendation_peers);
    let provider = payment_provider::router(payment_provider::App::default());
    let payments_peers =
        payments::peers::Peers { payment_provider: client(Service::PaymentProvider, provider) };
    let payments = payments::api::App::new(payments_peers);
    let currency = client(Service::Currency, currency::api::router(currency::api::App));
    let shipping = client(Service::Shipping, shipping::api::router(shipping::api::App));
    let promotions = client(Service::Promotions, promotions::api::router(promotions::api::App::default()));
    let (db, checkout_dir) = migrate::scratch(&checkout::store::SCHEMA).await;
    let checkout_peers = checkout::peers::Peers {
        cart: cart.clone(),
        catalog: catalog.clone(),
        promotions: promotions.clone(),
        currency: currency.clone(),
        shipping: shipping.clone(),
        inventory: client(Service::Inventory, inventory::router(inventory::App::default())),
        payments: client(Service::Payments, payments::api::router(payments)),
        crm: client(Service::Crm, crm::router(crm::App::default())),
    };
    let checkout = checkout::api::App::new(db, checkout_peers);
    let peers = Peers {
        catalog,
        cart,
        checkout: client(Service::Checkout, checkout::api::router(checkout)),
        recommendation: client(Service::Recommendation, recommendation::api::router(recommendation)),
        ads: client(Service::Ads, ads::api::router(ads::api::App::default())),
        currency,
        shipping,
        promotions,
    };
    (peers, [catalog_dir, checkout_dir])
}

/// The storefront with all that is behind it.
pub struct Shop {
    door: Router,
    _dirs: Vec<TempDir>,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub facts: Vec<Fact>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn cookies(&self) -> String {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        let cookies = cookies.filter_map(|value| value.to_str().ok()?.split(';').next());
        cookies.collect::<Vec<_>>().join("; ")
    }
}

impl Shop {
    pub async fn open() -> Self {
        let (peers, dirs) = peers().await;
        Shop { _dirs: dirs.into(), ..Shop::with(peers) }
    }

    pub fn with(peers: Peers) -> Self {
        Shop { door: router(App::new(peers, Duration::from_millis(1))), _dirs: Vec::new() }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.door.clone().oneshot(request).await.expect("a router never fails");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            facts: parts.extensions.get::<Stated>().map(|stated| stated.0.clone()).unwrap_or_default(),
            body: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    pub async fn api(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("accept", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    pub async fn page(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header("accept", HTML).header("cookie", cookie);
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// The checkout's page for these choices, and what its form brings back unseen.
    pub async fn quoted(&self, choices: &str, cookie: &str) -> (Answer, String) {
        let page = self.page(&format!("/checkout?{choices}"), cookie).await;
        let hidden = |name: &str| {
            let field = format!("name=\"{name}\" value=\"");
            let value = page.body.split(&field).nth(1).and_then(|rest| rest.split('"').next());
            value.unwrap_or_default().replace(' ', "+").replace("&#60;", "%3C").replace("&#62;", "%3E")
        };
        let fields = format!("idempotency_key={}&quoted={}", hidden("idempotency_key"), hidden("quoted"));
        (page, fields)
    }

    pub async fn form(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header("accept", HTML)
            .header("host", "shop.test:8000")
            .header("origin", "http://shop.test:8000")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie);
        self.send(request.body(Body::from(form.to_owned())).expect("a request")).await
    }
}
