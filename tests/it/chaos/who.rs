//! Every seam knows whom it serves: a fault strikes those it is about, wherever in the service that is.

use doorbuster::kernel::service::Service;
use serde_json::{Value, json};

use super::street::Street;
use crate::browser::{Ask, get, post};

/// Asks, and says how often the fault met somebody it is about.
fn met(street: &Street, on: &Value, ask: Ask) -> u64 {
    // A fault that stays keeps its counts.
    street.set(json!([]));
    street.set(json!([{ "id": "them", "on": on, "effect": { "delay": { "fixed": "1ms" } } }]));
    ask.send().ok();
    street.count("them").matched
}

#[test]
fn country_method_and_tier_are_known_at_every_seam_of_the_service() {
    let street = Street::plan().open(&[Service::Catalog, Service::Recommendation, Service::Cart]);
    let brazil = "shop.country=BR,shop.payment_method=paypal,shop.tier=gold";
    let places = [
        (json!({ "service": "catalog", "seam": "inbound" }), Service::Recommendation, "/recommendations"),
        (json!({ "service": "catalog", "seam": "database" }), Service::Recommendation, "/recommendations"),
        (
            json!({ "service": "recommendation", "seam": "outbound" }),
            Service::Recommendation,
            "/recommendations",
        ),
        (json!({ "service": "cart", "seam": "cache" }), Service::Cart, "/carts/3"),
    ];
    for (place, asked, path) in places {
        for (field, theirs, others) in
            [("country", "BR", "JP"), ("payment_method", "paypal", "credit_card"), ("tier", "gold", "silver")]
        {
            for (value, expected) in [(theirs, 1), (others, 0)] {
                let mut on = place.clone();
                on[field] = json!([value]);
                let ask = || get(street.url(asked, path));
                assert_eq!(met(&street, &on, ask().header("baggage", brazil)), expected, "{on}");
                assert_eq!(met(&street, &on, ask()), 0, "{on}: nobody in particular");
            }
        }
    }
}

#[test]
fn product_and_category_are_known_at_every_seam_and_the_body_still_arrives() {
    let street = Street::plan().open(&[Service::Catalog, Service::Recommendation, Service::Cart]);
    let products = |id: i64| json!([id]);
    let add = |id: i64| {
        post(street.url(Service::Cart, "/carts/3/lines"), json!({ "product_id": id, "quantity": 1 }))
    };
    for (service, seam) in
        [("cart", "inbound"), ("cart", "cache"), ("cart", "outbound"), ("catalog", "database")]
    {
        let on = |id| json!({ "service": service, "seam": seam, "product": products(id) });
        assert!(met(&street, &on(7), add(7)) > 0, "{service} {seam}");
        assert_eq!(met(&street, &on(7), add(8)), 0, "{service} {seam}");
    }
    let cart = street.get(Service::Cart, "/carts/3").ok().json();
    assert_eq!(cart["lines"].as_array().map(Vec::len), Some(2), "{cart}");
    let list = |category| get(street.url(Service::Catalog, &format!("/products?category={category}")));
    for seam in ["inbound", "database"] {
        let on = json!({ "service": "catalog", "seam": seam, "category": ["toys"] });
        assert_eq!((met(&street, &on, list("toys")), met(&street, &on, list("books"))), (1, 0), "{seam}");
    }
    // A retry policy is asked for before anything is sent, and knows the same.
    let retry = |id: i64| {
        let on = json!({ "service": "cart", "peer": "catalog", "product": [id] });
        street.set(json!([]));
        street.set(json!([{ "id": "them", "on": on, "effect": { "retry": { "attempts": 2 } } }]));
        add(7).send().ok();
        street.count("them").matched
    };
    assert_eq!((retry(7), retry(8)), (1, 0));
    // The recommendation's own question names the category it found out.
    let on = json!({ "service": "recommendation", "peer": "catalog", "category": ["toys"] });
    let toys = get(street.url(Service::Recommendation, "/recommendations?product_id=20"));
    assert_eq!(met(&street, &on, toys), 1);
}

#[test]
fn the_trace_that_a_caller_brings_decides_the_draw() {
    let street = Street::plan().open(&[Service::Catalog, Service::Inventory]);
    let on = |service: &str, seam: &str| json!({ "service": service, "seam": seam });
    for (service, asked, path, seam) in [
        ("catalog", Service::Catalog, "/products/7", "inbound"),
        ("catalog", Service::Catalog, "/products/7", "database"),
        ("inventory", Service::Inventory, "/stock/7", "inbound"),
    ] {
        let struck = || -> Vec<String> {
            let delay = json!({ "delay": { "fixed": "0s" } });
            street.set(json!([{ "id": "half", "on": on(service, seam), "share": "50%", "effect": delay }]));
            for number in 1..=40 {
                let told = format!("00-{number:032x}-b7ad6b7169203331-01");
                get(street.url(asked, path)).header("traceparent", &told).send().ok();
            }
            let count = street.count("half");
            street.set(json!([]));
            assert_eq!(count.matched, 40, "{service} {seam}");
            count.trace_ids
        };
        let first = struck();
        assert!((8..=32).contains(&first.len()), "{first:?}");
        assert_eq!(first, struck(), "{service} {seam}");
    }
}
