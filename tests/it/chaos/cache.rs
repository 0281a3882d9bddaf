//! The cache is away for the cart, and only for the cart.

use doorbuster::kernel::service::Service;
use serde_json::{Value, json};

use super::street::{SOON, Street};
use crate::{browser::post, servers::redis::Redis, waiting::until};

fn quantity(cart: &Value, product: i64) -> i64 {
    let lines = cart["lines"].as_array().expect("lines");
    let line = lines.iter().find(|line| line["product_id"] == product);
    line.and_then(|line| line["quantity"].as_i64()).unwrap_or(0)
}

#[test]
fn without_its_cache_the_cart_serves_from_its_mirror_and_pays_back_what_it_owes() {
    let redis = Redis::start();
    for url in [None, Some(redis.url())] {
        let plan = Street::plan();
        let plan = match &url {
            Some(url) => plan.flag("--redis-url", url),
            None => plan,
        };
        let street = plan.open(&[Service::Catalog, Service::Cart]);
        let add = |product: i64| {
            let line = json!({ "product_id": product, "quantity": 1 });
            post(street.url(Service::Cart, "/carts/3/lines"), line).send().ok().json()
        };
        let away = || {
            let labels = ["service_name=\"cart\"", "error_type=\"cache_away\""];
            street.metric("db_client_operation_duration_seconds_count", &labels)
        };
        add(1);
        assert_eq!(away(), 0.0);
        let kept = || redis.ask("HLEN webstore:cart:3").expect("Redis itself is well");
        let before = kept();

        street.set(json!([{ "id": "out", "on": { "service": "cart" }, "effect": "cache_outage" }]));
        let cart = add(2);
        assert_eq!((quantity(&cart, 1), quantity(&cart, 2)), (1, 1), "{cart}");
        let cart = street.get(Service::Cart, "/carts/3").ok().json();
        assert_eq!((quantity(&cart, 1), quantity(&cart, 2)), (1, 1), "{cart}");
        assert!(away() >= 2.0, "{}", away());
        assert_eq!(street.spans.last(Service::Cart, "cart.add").error_type, "cache_away");
        assert_eq!(kept(), before, "nothing has reached Redis");

        street.set(json!([]));
        let lost = away();
        let cart = street.get(Service::Cart, "/carts/3").ok().json();
        assert_eq!((quantity(&cart, 1), quantity(&cart, 2)), (1, 1), "{cart}");
        if url.is_some() {
            until(SOON, "Redis has what it missed", || {
                street.get(Service::Cart, "/carts/3").ok();
                kept() != before
            });
        }
        assert_eq!(away(), lost, "the cache answers again");
    }
}
