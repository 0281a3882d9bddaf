//! What the shop does not take: each wrong thing is a problem document of the right status, and nothing is kept of it.

use serde_json::{Value, json};

use crate::{
    browser::{get, post},
    servers::lab::{ADMIN, Customer, Plan, USER},
};

#[test]
fn wrong_bodies_are_problems_and_leave_nothing() {
    let lab = Plan::up().start();
    let customer = Customer::new(&lab, "bad", "US");
    let before = get(lab.shop("/products")).send().ok().json();
    let add = lab.shop("/cart/add");
    let tell = |url: &str, body: &str| {
        let ask = post(url, Value::Null).token(ADMIN).header("baggage", "session.id=bad");
        ask.body(body.to_owned()).send()
    };
    for (body, status) in [
        ("{", 400),
        ("", 400),
        ("[]", 422),
        (r#"{"product_id":"one","quantity":1}"#, 422),
        (r#"{"product_id":1,"quantity":-1}"#, 422),
        (r#"{"product_id":1,"quantity":0}"#, 422),
        (r#"{"product_id":1,"quantity":100}"#, 422),
        (r#"{"product_id":1,"quantity":1.5}"#, 422),
        (r#"{"product_id":1}"#, 422),
        (r#"{"product_id":99999,"quantity":1}"#, 404),
        (r#"{"product_id":9223372036854775808,"quantity":1}"#, 422),
    ] {
        tell(&add, body).problem(status);
    }
    let products = lab.shop("/products");
    for (body, status) in [
        (r#"{"name":"","price":1,"category":"toys"}"#, 422),
        (r#"{"name":"x","price":-1,"category":"toys"}"#, 422),
        (r#"{"name":"x","price":0,"category":"toys"}"#, 422),
        (r#"{"name":"x","price":1.999,"category":"toys"}"#, 422),
        (r#"{"name":"x","price":"1","category":"toys"}"#, 422),
        (r#"{"name":"x","price":1e300,"category":"toys"}"#, 422),
        (r#"{"name":"x","price":1,"category":"<b>"}"#, 422),
        (r#"{"price":1}"#, 422),
    ] {
        tell(&products, body).problem(status);
    }
    let long = json!({ "name": "x".repeat(200), "price": 1, "category": "toys" }).to_string();
    tell(&products, &long).problem(422);
    assert_eq!(get(lab.shop("/products")).send().ok().json(), before, "nothing was stored");

    customer.add(1, 1).ok();
    for change in [
        json!({ "country": "XX" }),
        json!({ "country": 1 }),
        json!({ "payment_method": "cash" }),
        json!({ "currency": "DOGE" }),
        json!({ "shipping_method": "drone" }),
        json!({ "promo_code": "'; DROP TABLE orders; --" }),
        json!({ "user_id": 456 }),
    ] {
        let answer = customer.checkout(None, change.clone());
        let expected = if change.get("user_id").is_some() { 403 } else { 422 };
        answer.problem(expected);
    }
    assert_eq!(customer.get("/orders").ok().json(), json!([]));
    assert_eq!(customer.get("/cart").ok().json()["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn ten_megabytes_are_not_read() {
    let lab = Plan::up().start();
    let huge = format!(r#"{{"product_id":1,"quantity":1,"padding":"{}"}}"#, "x".repeat(10 << 20));
    let answer = post(lab.shop("/cart/add"), Value::Null).token(USER).body(huge).try_send();
    // The shop may close the connection before a client that is still sending has read the answer.
    if let Ok(answer) = answer {
        answer.problem(413);
    }
    let nearly = format!(r#"{{"product_id":1,"quantity":1,"padding":"{}"}}"#, "x".repeat(70 << 10));
    post(lab.shop("/cart/add"), Value::Null).token(USER).body(nearly).send().problem(413);
    get(lab.shop("/products")).send().ok();
}

#[test]
fn tokens_are_needed_and_checked() {
    let lab = Plan::up().start();
    let add = || post(lab.shop("/cart/add"), json!({ "product_id": 1, "quantity": 1 }));
    assert_eq!(add().send().problem(401), "unauthenticated");
    add().token("user-token-124").send().problem(401);
    add().header("authorization", "Basic dXNlcg==").send().problem(401);
    for path in ["/cart", "/orders", "/orders/ord-1"] {
        get(lab.shop(path)).send().problem(401);
    }
    let product = json!({ "name": "Lamp", "price": 20, "category": "home" });
    post(lab.shop("/products"), product.clone()).token(USER).send().problem(403);
    post(lab.shop("/products"), product.clone()).send().problem(401);
    let created = post(lab.shop("/products"), product.clone()).token(ADMIN).send();
    assert_eq!(created.status, 201);
    post(lab.shop("/products"), product).token(ADMIN).send().problem(409);
    let id = created.json()["id"].clone();
    assert_eq!(get(lab.shop(&format!("/products/{id}"))).send().ok().json()["price"], 20.0);
}

#[test]
fn strange_addresses_methods_and_types_are_problems_with_a_trace() {
    let lab = Plan::up().start();
    assert_eq!(get(lab.shop("/nowhere")).send().problem(404), "not_found");
    get(lab.shop("/products/9999")).send().problem(404);
    get(lab.shop("/products/abc")).send().problem(404);
    assert_eq!(get(lab.shop("/products")).method("PATCH").send().problem(405), "method_not_allowed");
    let text = post(lab.shop("/cart/add"), json!({})).token(USER).header("content-type", "text/plain");
    let answer = text.send();
    assert!(matches!(answer.status, 415 | 422), "{answer:?}");
    let answer = get(lab.shop("/products/9999")).send();
    assert_eq!(answer.json()["trace_id"].as_str().map(str::len), Some(32));
}

#[test]
fn markup_and_sql_are_refused_as_text_and_harmless_as_a_search() {
    let lab = Plan::up().start();
    let markup = "<script>alert(1)</script>";
    let sql = "x'; DROP TABLE products; --";
    for text in [markup, sql] {
        let whole = json!({ "name": "Kite", "price": 5.5, "category": "toys", "description": "Flies." });
        for field in ["name", "category", "description"] {
            let mut product = whole.clone();
            product[field] = text.into();
            post(lab.shop("/products"), product).token(ADMIN).send().problem(422);
        }
        let customer = Customer::new(&lab, "markup", "US");
        customer.add(1, 1).ok();
        customer.checkout(Some("k"), json!({ "promo_code": text })).problem(422);
        customer.checkout(None, json!({ "shipping_method": text })).problem(422);
    }
    assert_eq!(get(lab.shop("/products")).send().ok().json().as_array().map(Vec::len), Some(21));
    for search in ["%27%20OR%201=1--", "%25", "_", "%3Cscript%3Ealert(1)%3C/script%3E"] {
        let found = get(lab.shop(&format!("/products?search={search}"))).send().ok().json();
        assert_eq!(found, json!([]), "{search}");
        let page =
            get(lab.shop(&format!("/products?search={search}"))).header("accept", "text/html").send().ok();
        assert!(!page.body.contains("<script>alert"), "{}", page.body);
    }
}

#[test]
fn pages_of_other_origins_may_call_the_shop_only_when_named() {
    let lab = Plan::up().env("CORS_ORIGINS", "https://shop.example,http://localhost:3000").start();
    let allowed = |origin: &str| {
        let ask = get(lab.shop("/products")).method("OPTIONS").header("origin", origin);
        ask.header("access-control-request-method", "GET").send().allowed_origin
    };
    assert_eq!(allowed("https://shop.example"), "https://shop.example");
    assert_eq!(allowed("http://localhost:3000"), "http://localhost:3000");
    assert_eq!(allowed("https://evil.example"), "");
    let closed = Plan::up().start();
    let answer = get(closed.shop("/products")).header("origin", "https://shop.example").send().ok();
    assert_eq!(answer.allowed_origin, "");
}
