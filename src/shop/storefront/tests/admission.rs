//! Who is let in, and who may do what.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::json;

use super::shop::{ADMIN, HTML, Shop, USER};
use crate::kernel::{
    fact::Fact,
    origin::{Origin, Tier},
};

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
async fn programs_are_answered_with_problems_and_never_with_pages() {
    let shop = Shop::open().await;
    for (accept, token, status) in [
        ("*/*", Some(USER), 415),
        ("application/json", Some(USER), 415),
        (HTML, Some(USER), 415),
        (HTML, Some("Bearer nonsense"), 401),
        ("*/*", None, 401),
        ("application/json", None, 401),
    ] {
        for path in ["/cart/add", "/cart/update", "/cart/remove", "/checkout"] {
            let mut request = Request::post(path)
                .header("accept", accept)
                .header("cookie", "shop_session=a")
                .header("content-type", "application/x-www-form-urlencoded");
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let request = request.body(Body::from("product_id=1&quantity=1")).expect("a request");
            let answer = shop.send(request).await;
            assert_eq!(answer.status.as_u16(), status, "{path} {accept} {token:?}");
            assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json", "{path} {accept}");
            assert!(answer.headers.get(header::SET_COOKIE).is_none(), "{path} {accept}");
        }
    }
    let request = Request::get("/products/9999").header("accept", HTML).header("authorization", USER);
    let answer = shop.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json");
}

#[tokio::test]
async fn a_quantity_that_is_refused_leads_back_to_where_it_was_asked_for() {
    let shop = Shop::open().await;
    for (referer, back) in [
        ("http://shop.test:8000/products/1", "href=\"/products/1\">Back to where you were"),
        ("http://evil.test/products/1", "href=\"/cart\">Back to the cart"),
    ] {
        let request = Request::post("/cart/add")
            .header("accept", HTML)
            .header("host", "shop.test:8000")
            .header("origin", "http://shop.test:8000")
            .header("referer", referer)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("product_id=1&quantity=100"))
            .expect("a request");
        let page = shop.send(request).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.body.contains(back), "{}", page.body);
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
