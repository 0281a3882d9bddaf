//! Carts in a real Redis that dies and comes back.

use serde_json::{Value, json};

use crate::{
    servers::{
        lab::{Customer, Plan, until_lines},
        redis::Redis,
    },
    waiting::until,
};
use std::time::Duration;

fn quantities(cart: &Value) -> Vec<(i64, i64)> {
    let items = cart["items"].as_array().expect("items");
    let number = |item: &Value, key: &str| item[key].as_i64().expect("a number");
    items.iter().map(|item| (number(item, "product_id"), number(item, "quantity"))).collect()
}

#[test]
fn a_cart_survives_the_death_and_return_of_its_cache() {
    let mut redis = Redis::start();
    let lab = Plan::up().env("REDIS_URL", &redis.url()).start();
    let customer = Customer::new(&lab, "redis", "DE");
    customer.add(1, 2).ok();
    assert!(redis.ask("KEYS *").expect("redis answers").contains("webstore:"), "the cart is in Redis");

    redis.kill();
    // The very next request is served, with what was in the cart before.
    assert_eq!(quantities(&customer.add(2, 1).ok().json()), [(1, 2), (2, 1)]);
    assert_eq!(quantities(&customer.get("/cart").ok().json()), [(1, 2), (2, 1)]);
    until_lines(&lab, "the word that the cache is away", |lines| {
        lines.iter().any(|line| line["service"] == "cart" && line["level"] == "WARN")
    });

    redis.restart();
    until(Duration::from_secs(5), "the cart is back in Redis", || {
        customer.get("/cart").ok();
        redis.ask("KEYS *").is_ok_and(|keys| keys.contains("webstore:"))
    });
    assert_eq!(quantities(&customer.get("/cart").ok().json()), [(1, 2), (2, 1)]);
    customer.checkout(None, json!({ "country": "DE" })).ok();
    assert_eq!(quantities(&customer.get("/cart").ok().json()), []);
}

#[test]
fn a_cache_that_hangs_costs_a_moment_and_nothing_else() {
    let redis = Redis::start();
    let lab = Plan::up().env("REDIS_URL", &redis.url()).start();
    let customer = Customer::new(&lab, "frozen", "FR");
    customer.add(3, 1).ok();
    redis.freeze();
    let begun = std::time::Instant::now();
    assert_eq!(quantities(&customer.add(3, 1).ok().json()), [(3, 2)]);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    redis.thaw();
    until(Duration::from_secs(5), "the cache has caught up", || {
        customer.get("/cart").ok();
        lab.lines()
            .iter()
            .any(|line| line["message"].as_str().is_some_and(|text| text.contains("cache is back")))
    });
    assert_eq!(quantities(&customer.get("/cart").ok().json()), [(3, 2)]);
}
