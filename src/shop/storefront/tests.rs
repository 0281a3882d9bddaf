//! The storefront in front of the whole shop, in one process and without a port.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
    routing::get,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::{App, router};
use crate::{
    kernel::{
        cache::{Bare, Cache},
        client::{Client, InProcess},
        fact::{Fact, Stated},
        migrate,
        money::{Currency, Money},
        origin::{Origin, Tier},
        service::Service,
    },
    shop::{
        ads, cart, catalog, checkout, currency, payments, promotions, recommendation, shipping,
        storefront::peers::Peers,
        third_party::{crm, inventory, payment_provider},
    },
};

const USER: &str = "Bearer user-token-123";
const ADMIN: &str = "Bearer admin-token-456";
const HTML: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

fn client(service: Service, router: Router) -> Client {
    Client::new(service, Arc::new(InProcess(router)), Duration::from_secs(5))
}

/// A peer that answers nothing but 404 without a problem document: as good as broken.
fn broken(service: Service) -> Client {
    client(service, Router::new())
}

/// Every service but the storefront, on databases that are gone with the directories.
async fn peers() -> (Peers, [TempDir; 2]) {
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

struct Shop {
    door: Router,
    _dirs: Vec<TempDir>,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    facts: Vec<Fact>,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn cookies(&self) -> String {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        let cookies = cookies.filter_map(|value| value.to_str().ok()?.split(';').next());
        cookies.collect::<Vec<_>>().join("; ")
    }
}

impl Shop {
    async fn open() -> Self {
        let (peers, dirs) = peers().await;
        Shop { _dirs: dirs.into(), ..Shop::with(peers) }
    }

    fn with(peers: Peers) -> Self {
        Shop { door: router(App::new(peers, Duration::from_millis(1))), _dirs: Vec::new() }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
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

    async fn api(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
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

    async fn page(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header("accept", HTML).header("cookie", cookie);
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    async fn form(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header("accept", HTML)
            .header("host", "shop.test:8000")
            .header("origin", "http://shop.test:8000")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie);
        self.send(request.body(Body::from(form.to_owned())).expect("a request")).await
    }
}

#[tokio::test]
async fn an_order_is_made_through_the_api_and_its_sums_are_right_in_every_currency() {
    let shop = Shop::open().await;
    for currency in Currency::ALL {
        let line = json!({ "product_id": 4, "quantity": 3, "user_id": "123" });
        let cart = shop.api("POST", "/cart/add", Some(USER), Some(line)).await;
        assert_eq!(cart.json()["items"], json!([{ "product_id": 4, "quantity": 3 }]));
        let body = json!({
            "country": "DE", "payment_method": "paypal", "currency": currency.code(),
            "shipping_method": "express", "promo_code": "SAVE10", "user_id": 123,
        });
        let placed = shop.api("POST", "/checkout", Some(USER), Some(body)).await;
        assert_eq!(placed.status, StatusCode::CREATED, "{}", placed.body);
        let order = placed.json();
        let minor = |value: &Value| Money::parse(&value.to_string(), currency).expect("decimal").minor;
        let lines: i64 =
            order["lines"].as_array().expect("lines").iter().map(|line| minor(&line["total"])).sum();
        let off: i64 =
            order["discounts"].as_array().expect("discounts").iter().map(|one| minor(&one["amount"])).sum();
        assert!(lines > 0 && off > 0);
        assert_eq!(minor(&order["total"]), lines - off + minor(&order["shipping"]), "{order}");
        assert_eq!(order["currency"], currency.code());
        let id = order["order_id"].as_str().expect("a number");
        let again = shop.api("GET", &format!("/orders/{id}"), Some(USER), None).await;
        assert_eq!(again.json(), order);
    }
    let orders = shop.api("GET", "/orders?limit=8", Some(USER), None).await.json();
    assert_eq!(orders.as_array().map(Vec::len), Some(8));
}

#[tokio::test]
async fn carts_and_orders_are_for_those_with_a_token() {
    let shop = Shop::open().await;
    let line = json!({ "product_id": 1, "quantity": 1 });
    let buy = json!({ "country": "US", "payment_method": "credit_card" });
    for (method, path, body) in [
        ("GET", "/cart", None),
        ("POST", "/cart/add", Some(&line)),
        ("POST", "/cart/remove", Some(&line)),
        ("POST", "/checkout", Some(&buy)),
        ("GET", "/orders", None),
        ("GET", "/orders/ord-1", None),
        ("POST", "/products", Some(&json!({ "name": "x", "price": 1, "category": "home" }))),
    ] {
        for token in [None, Some("Bearer user-token-124"), Some("Basic x")] {
            let answer = shop.api(method, path, token, body.cloned()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} {token:?}");
            assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json");
            assert_eq!(answer.header(header::WWW_AUTHENTICATE), "Bearer");
        }
    }
}

#[tokio::test]
async fn only_an_administrator_changes_the_catalogue() {
    let shop = Shop::open().await;
    let product = json!({ "name": "Tea Pot", "price": 19.99, "category": "home" });
    for (method, path) in [("POST", "/products"), ("PUT", "/products/1"), ("DELETE", "/products/1")] {
        let body = (method != "DELETE").then(|| product.clone());
        let answer = shop.api(method, path, Some(USER), body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method}");
    }
    let made = shop.api("POST", "/products", Some(ADMIN), Some(product)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.json()["price"].to_string(), "19.99");
    let id = &made.json()["id"];
    let changed = json!({ "name": "Tea Pot", "price": 0.07, "category": "home" });
    let changed = shop.api("PUT", &format!("/products/{id}"), Some(ADMIN), Some(changed)).await;
    assert_eq!(changed.json()["price"].to_string(), "0.07");
    let gone = shop.api("DELETE", &format!("/products/{id}"), Some(ADMIN), None).await;
    assert_eq!(gone.status, StatusCode::OK);
    let gone = shop.api("GET", &format!("/catalog/{id}"), None, None).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_problem_and_nothing_is_kept() {
    let shop = Shop::open().await;
    let line = |value: Value| ("POST", "/cart/add", value);
    let buy = |change: Value| {
        let mut body = json!({ "country": "US", "payment_method": "credit_card", "currency": "USD" });
        let change = change.as_object().expect("an object").clone();
        body.as_object_mut().expect("an object").extend(change);
        ("POST", "/checkout", body)
    };
    let product = |value: Value| ("POST", "/products", value);
    for ((method, path, body), status) in [
        (line(json!({ "product_id": "1", "quantity": 1 })), 422),
        (line(json!({ "product_id": 1.5 })), 422),
        (line(json!({ "quantity": 1 })), 422),
        (line(json!({ "product_id": 1 })), 422),
        (line(json!({ "product_id": 1, "quantity": 0 })), 422),
        (line(json!({ "product_id": 1, "quantity": -1 })), 422),
        (line(json!({ "product_id": 1, "quantity": 100 })), 422),
        (line(json!({ "product_id": 1, "quantity": "'; DROP TABLE carts" })), 422),
        (line(json!({ "product_id": 9_999, "quantity": 1 })), 404),
        (line(json!({ "product_id": 1, "quantity": 1, "user_id": 789 })), 403),
        (line(json!({ "product_id": 1, "quantity": 1, "user_id": {} })), 422),
        (line(json!([])), 422),
        (buy(json!({})), 422),
        (buy(json!({ "country": "XX" })), 422),
        (buy(json!({ "payment_method": "gold bars" })), 422),
        (buy(json!({ "currency": "<script>" })), 422),
        (buy(json!({ "shipping_method": "teleport" })), 422),
        (buy(json!({ "promo_code": "x".repeat(41) })), 422),
        (buy(json!({ "user_id": 456 })), 403),
        (product(json!({ "name": "x", "price": -1, "category": "home" })), 422),
        (product(json!({ "name": "x", "price": 1.005, "category": "home" })), 422),
        (product(json!({ "name": "x", "price": 1e300, "category": "home" })), 422),
        (product(json!({ "name": "<script>", "price": 1, "category": "home" })), 422),
        (product(json!({ "name": "", "price": 1, "category": "home" })), 422),
        (("POST", "/shipping/quote", json!({ "country": "JP", "method": "overnight" })), 422),
        (("POST", "/shipping/quote", json!({ "country": "JP", "items": -1 })), 422),
    ] {
        let token = if path == "/products" { ADMIN } else { USER };
        let answer = shop.api(method, path, Some(token), Some(body.clone())).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {body}: {}", answer.body);
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json", "{path} {body}");
    }
    for (path, status) in [
        ("/products/abc", 404),
        ("/products/9999", 404),
        ("/products?limit=0", 422),
        ("/products?limit=x", 422),
        ("/products?currency=XXX", 422),
        ("/currency/convert?from=USD&to=EUR&amount=1.005", 422),
        ("/currency/convert?from=USD&to=EUR&amount=1e9", 422),
        ("/currency/convert?from=USD&to=EUR", 422),
        ("/recommendations?product_id=9999", 404),
    ] {
        let answer = shop.api("GET", path, None, None).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
    }
    let cart = shop.api("GET", "/cart", Some(USER), None).await.json();
    assert_eq!(cart["items"], json!([]));
    let products = shop.api("GET", "/products", None, None).await.json();
    assert_eq!(products.as_array().map(Vec::len), Some(21));
}

#[tokio::test]
async fn a_body_must_be_what_it_says_it_is() {
    let shop = Shop::open().await;
    for (media_type, body, status) in [
        ("application/json", "{\"product_id\":", 400),
        ("application/json", "", 400),
        ("text/plain", "{\"product_id\":1}", 415),
        ("application/json; charset=utf-8", "{\"product_id\":1,\"quantity\":1}", 200),
    ] {
        let request = Request::post("/cart/add")
            .header("authorization", USER)
            .header("content-type", media_type)
            .body(Body::from(body))
            .expect("a request");
        assert_eq!(shop.send(request).await.status.as_u16(), status, "{media_type} {body}");
    }
}

#[tokio::test]
async fn the_same_key_is_the_same_order() {
    let shop = Shop::open().await;
    let line = json!({ "product_id": 2, "quantity": 1 });
    shop.api("POST", "/cart/add", Some(USER), Some(line)).await;
    let buy = async |key: &str| {
        let body = json!({ "country": "US", "payment_method": "credit_card", "currency": "USD" });
        let request = Request::post("/checkout")
            .header("authorization", USER)
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Body::from(body.to_string()))
            .expect("a request");
        shop.send(request).await
    };
    let first = buy("k-1").await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let again = buy("k-1").await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, first.json()));
    let refused = buy(&"k".repeat(129)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["field"], "Idempotency-Key");
}

#[tokio::test]
async fn programs_get_json_and_browsers_get_pages_at_the_same_address() {
    let shop = Shop::open().await;
    for path in ["/products", "/products/1", "/catalog/1"] {
        let json = shop.api("GET", path, None, None).await;
        assert_eq!(json.header(header::CONTENT_TYPE), "application/json", "{path}");
        assert!(json.headers.get(header::SET_COOKIE).is_none(), "a program has no cookie");
    }
    for path in ["/", "/products", "/products?category=books&search=", "/products/1", "/cart", "/orders"] {
        let page = shop.page(path, "shop_session=a").await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8", "{path}");
        assert!(page.header(header::CONTENT_SECURITY_POLICY).contains("frame-ancestors 'none'"), "{path}");
        assert!(page.body.contains("<main id=\"main\""), "{path}");
        assert!(!page.body.contains("<script") && !page.body.contains(" style="), "{path}");
    }
    let product = shop.api("GET", "/products/1", None, None).await.json();
    assert_eq!((&product["price"], &product["currency"]), (&json!(129.99), &json!("USD")));
    let product = shop.api("GET", "/products/1?currency=JPY", None, None).await.json();
    assert_eq!(product["price"].to_string(), "19434");
    let page = shop.page("/products/1", "shop_currency=EUR").await;
    assert!(page.body.contains("€119.59"), "129.99 × 0.92");
}

#[tokio::test]
async fn a_guest_buys_without_a_token_and_without_a_script() {
    let shop = Shop::open().await;
    let home = shop.page("/", "").await;
    let cookie = home.cookies();
    assert!(cookie.starts_with("shop_session="));
    let whole = home.header(header::SET_COOKIE);
    assert!(whole.contains("HttpOnly") && whole.contains("SameSite=Lax") && whole.contains("Path=/"));

    let added = shop.form("/cart/add", &cookie, "product_id=13&quantity=2").await;
    assert_eq!((added.status, added.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/cart"));
    shop.form("/cart/add", &cookie, "product_id=20&quantity=4").await;
    shop.form("/cart/update", &cookie, "product_id=20&quantity=1").await;
    shop.form("/cart/add", &cookie, "product_id=1&quantity=1").await;
    shop.form("/cart/remove", &cookie, "product_id=1").await;
    let cart = shop.page("/cart", &cookie).await;
    assert!(cart.body.contains("Desk Lamp") && cart.body.contains("$152.99"), "2 × 56.50 + 39.99");
    assert!(!cart.body.contains("Wireless Headphones"));
    assert!(!shop.page("/cart", "shop_session=other").await.body.contains("Desk Lamp"));

    let form = shop.page("/checkout?country=DE&for_country=US&currency=USD", &cookie).await;
    assert!(form.body.contains("<option value=\"EUR\" selected>"), "the currency follows the country");
    let key =
        form.body.split("name=\"idempotency_key\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let key = key.expect("a key");
    let body = format!(
        "idempotency_key={key}&for_country=DE&country=DE&currency=EUR&payment_method=paypal\
         &shipping_method=standard&promo_code="
    );
    let placed = shop.form("/checkout", &cookie, &body).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.body);
    let again = shop.form("/checkout", &cookie, &body).await;
    assert_eq!(again.header(header::LOCATION), placed.header(header::LOCATION), "a second click");
    let thanks = shop.page(placed.header(header::LOCATION), &cookie).await;
    assert!(thanks.body.contains("Thank you") && thanks.body.contains("ord-"));
    let id = placed.header(header::LOCATION).rsplit('/').next().expect("a number").to_owned();
    assert!(shop.page("/orders", &cookie).await.body.contains(&id));
    assert_eq!(shop.page(&format!("/orders/{id}"), "shop_session=other").await.status, StatusCode::NOT_FOUND);
    let empty = shop.page("/checkout", &cookie).await;
    assert_eq!((empty.status, empty.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/cart"));
}

#[tokio::test]
async fn a_form_that_is_refused_comes_back_with_its_complaint() {
    let shop = Shop::open().await;
    let cookie = "shop_session=a";
    shop.form("/cart/add", cookie, "product_id=16&quantity=1").await;
    let form = |country: &str, method: &str, code: &str| {
        format!(
            "country={country}&currency=USD&payment_method=paypal&shipping_method={method}&promo_code={code}"
        )
    };
    for (country, method, code, said) in [
        ("US", "standard", "%3Cb%3ENONE", "There is no such code"),
        ("US", "standard", "WELCOME5", "20.00 USD or more"),
        ("BR", "overnight", "", "overnight does not go to BR"),
    ] {
        let page = shop.form("/checkout", cookie, &form(country, method, code)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{code}");
        assert!(page.body.to_lowercase().contains(&said.to_lowercase()), "{said}");
        assert!(page.body.contains("role=\"alert\"") && page.body.contains("name=\"promo_code\""));
        assert!(!page.body.contains("<b>NONE"));
    }
    let wrong = shop.form("/checkout", cookie, "country=XX").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Back to the cart"));
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused() {
    let shop = Shop::open().await;
    for (name, value) in [
        ("origin", "http://evil.test"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("referer", "http://evil.test/shop.test:8000"),
        ("x-nothing", "at all"),
    ] {
        for path in ["/cart/add", "/cart/update", "/cart/remove", "/checkout", "/ads/1/click"] {
            let request = Request::post(path)
                .header("accept", HTML)
                .header("host", "shop.test:8000")
                .header("content-type", "application/x-www-form-urlencoded")
                .header("cookie", "shop_session=a")
                .header(name, value)
                .body(Body::from("product_id=1&quantity=1"))
                .expect("a request");
            let answer = shop.send(request).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {name}: {value}");
        }
    }
    assert!(shop.page("/cart", "shop_session=a").await.body.contains("nothing in it"));
}

#[tokio::test]
async fn a_failure_is_a_page_for_browsers_and_a_problem_for_programs() {
    let shop = Shop::open().await;
    let page = shop.page("/products/9999", "shop_session=a").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
    assert!(page.body.contains("We could not find that") && page.body.contains("Back to the shop"));
    assert_eq!(page.headers.get_all(header::CONTENT_TYPE).iter().count(), 1);
    let problem = shop.api("GET", "/error", None, None).await;
    assert!(problem.status.is_server_error());
    assert_eq!(problem.json()["status"], problem.status.as_u16());
    let page = shop.page("/error", "shop_session=a").await;
    assert!(page.status.is_server_error() && page.body.contains("</html>"));
    let slow = shop.api("GET", "/slow", None, None).await;
    assert_eq!(slow.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_live_without_what_they_can_do_without() {
    let (whole, _dirs) = peers().await;
    let shop = Shop::with(Peers {
        recommendation: broken(Service::Recommendation),
        ads: broken(Service::Ads),
        currency: broken(Service::Currency),
        shipping: broken(Service::Shipping),
        promotions: broken(Service::Promotions),
        ..whole
    });
    let cookie = "shop_session=a; shop_currency=EUR";
    shop.form("/cart/add", cookie, "product_id=1&quantity=1").await;
    for path in ["/", "/products", "/products/1", "/cart", "/checkout"] {
        let page = shop.page(path, cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.body.contains("$129.99"), "{path}: the price as the catalogue has it");
    }
    let api = shop.api("GET", "/products?currency=EUR", None, None).await;
    assert_eq!(api.status, StatusCode::BAD_GATEWAY, "a program is told");
}

#[tokio::test]
async fn markup_in_a_name_stays_text() {
    let evil = || {
        json!({
            "id": 1, "name": "<script>alert(1)</script>\"'", "description": "<img src=x onerror=alert(1)>",
            "price": Money::new(100, Currency::Usd), "category": "\"><svg onload=alert(1)>", "sold": 1,
            "created_at": "",
        })
    };
    let list = move || async move { Json(json!([evil()])) };
    let catalog = Router::new()
        .route("/products", get(list))
        .route("/products/popular", get(list))
        .route("/products/{id}", get(move || async move { Json(evil()) }))
        .route("/categories", get(|| async { Json(json!(["\"><svg onload=alert(1)>"])) }));
    let (whole, _dirs) = peers().await;
    let shop = Shop::with(Peers { catalog: client(Service::Catalog, catalog), ..whole });
    shop.form("/cart/add", "shop_session=a", "product_id=1&quantity=1").await;
    for path in [
        "/",
        "/products?search=%3Cscript%3Ealert(1)%3C/script%3E&%22%3E%3Cscript%3E=x",
        "/products/1",
        "/cart",
        "/checkout?promo_code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    ] {
        let page = shop.page(path, "shop_session=a").await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for evil in ["<script", "<svg", "<img src=x", "\"'<"] {
            assert!(!page.body.contains(evil), "{path}: {evil}");
        }
        assert!(page.body.contains("&#60;script&#62;"), "{path}");
    }
}

#[tokio::test]
async fn a_visit_begins_once_and_says_where_from() {
    let shop = Shop::open().await;
    let visit = async |session: &str| {
        let origin = Origin { session: Some(session.into()), tier: Some(Tier::Gold), ..Origin::default() };
        let request = Request::get("/products/1").extension(origin).body(Body::empty());
        shop.send(request.expect("a request")).await.facts
    };
    assert_eq!(visit("s-1").await, [Fact::VisitStarted { country: None }]);
    assert_eq!(visit("s-1").await, []);
    assert_eq!(visit("s-2").await.len(), 1);
    let failed =
        Request::get("/products/9999").extension(Origin { session: Some("s-3".into()), ..Origin::default() });
    let failed = shop.send(failed.body(Body::empty()).expect("a request")).await;
    assert_eq!((failed.status, failed.facts.len()), (StatusCode::NOT_FOUND, 1));
}

#[tokio::test]
async fn the_small_questions_have_answers() {
    let shop = Shop::open().await;
    let get = async |path: &str| shop.api("GET", path, None, None).await.json();
    let converted = get("/currency/convert?from=USD&to=JPY&amount=29.99").await;
    assert_eq!(converted["converted"].to_string(), "4484");
    assert_eq!(converted["rate"], "149.500000");
    let quote = json!({ "country": "US", "method": "express", "items": 2 });
    let quote = shop.api("POST", "/shipping/quote", None, Some(quote)).await.json();
    assert_eq!(quote["cost"].to_string(), "13.99");
    assert_eq!(get("/promotions").await.as_array().map(Vec::len), Some(4));
    let alike = get("/recommendations?product_id=1").await;
    assert_eq!(alike.as_array().map(Vec::len), Some(4));
    assert_eq!(alike[0]["category"], "electronics");
    let ads = get("/ads?category=books").await;
    let id = &ads[0]["id"];
    let clicked = shop.api("POST", &format!("/ads/{id}/click"), None, None).await;
    assert_eq!(clicked.json()["clicks"], 1);
    let led = shop.form("/ads/1/click", "shop_session=a", "").await;
    assert_eq!((led.status, led.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/products"));
}

#[tokio::test]
async fn what_a_page_brings_along_is_served_and_kept() {
    let shop = Shop::open().await;
    let page = shop.page("/products", "shop_session=a").await.body;
    let addresses = page.split('"').filter(|text| text.starts_with("/static/"));
    for address in addresses.collect::<std::collections::BTreeSet<_>>() {
        let file = shop.page(address, "").await;
        assert_eq!(file.status, StatusCode::OK, "{address}");
        assert!(file.header(header::CACHE_CONTROL).contains("public"), "{address}");
        assert!(file.headers.get(header::SET_COOKIE).is_none(), "{address}");
    }
    assert_eq!(shop.page("/static/art/..%2Fshop.svg", "").await.status, StatusCode::NOT_FOUND);
}
