//! Orders made through the API.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::{Value, json};

use super::shop::{Shop, USER};
use crate::kernel::money::{Currency, Money};

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
