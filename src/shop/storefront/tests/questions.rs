//! The small questions, which one service answers.

use axum::http::{StatusCode, header};
use serde_json::json;

use super::shop::Shop;

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
