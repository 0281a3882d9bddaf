//! What makes no sense and is refused.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};

use super::shop::{ADMIN, Shop, USER};

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
