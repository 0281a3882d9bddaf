//! What a browser gets to see.

use axum::{
    Json, Router,
    http::{StatusCode, header},
    routing::get,
};
use serde_json::json;

use super::shop::{Shop, broken, client, peers};
use crate::{
    kernel::{
        money::{Currency, Money},
        service::Service,
    },
    shop::storefront::peers::Peers,
};

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
