//! Orders on both databases: right to the cent, whole, once.

use std::thread;

use serde_json::{Value, json};

use crate::{
    browser::{get, post},
    servers::{
        lab::{Customer, Lab, Plan},
        postgres::Postgres,
    },
};

/// Runs `check` on a lab with SQLite and on one with PostgreSQL.
fn on_both(check: impl Fn(&Lab)) {
    check(&Plan::up().start());
    let database = Postgres::shared().database();
    let lab = Plan::up().env("DATABASE_URL", &database).start();
    assert_eq!(get(lab.at(14, "/health")).send().ok().json()["database"], "up");
    check(&lab);
    assert!(!lab.data_dir().join("doorbuster.db").exists(), "all of it is in PostgreSQL");
}

#[test]
fn an_order_adds_up_in_every_currency() {
    on_both(|lab| {
        for currency in ["USD", "EUR", "GBP", "JPY", "BRL", "INR", "CAD", "AUD"] {
            let customer = Customer::new(lab, &format!("sum-{currency}"), "US");
            customer.add(1, 3).ok();
            customer.add(7, 1).ok();
            let order = customer
                .checkout(
                    None,
                    json!({ "currency": currency, "promo_code": "SAVE10", "shipping_method": "express" }),
                )
                .ok()
                .json();
            assert_eq!(order["currency"], currency);
            let scale = if currency == "JPY" { 1.0 } else { 100.0 };
            let minor = |value: &Value| {
                let amount = value.as_f64().unwrap_or_else(|| panic!("{value} in {order}"));
                let minor = (amount * scale).round();
                assert!((amount * scale - minor).abs() < 1e-6, "{amount} has too many decimals");
                minor as i64
            };
            let sum = |list: &Value, of: &dyn Fn(&Value) -> i64| -> i64 {
                list.as_array().unwrap_or_else(|| panic!("a list in {order}")).iter().map(of).sum()
            };
            let lines = sum(&order["lines"], &|line| {
                let quantity = line["quantity"].as_i64().expect("a quantity");
                assert_eq!(minor(&line["total"]), minor(&line["unit_price"]) * quantity);
                minor(&line["total"])
            });
            let discounts = sum(&order["discounts"], &|discount| minor(&discount["amount"]));
            assert!(discounts > 0, "{order}");
            assert_eq!(discounts, (lines + 5) / 10, "ten per cent of what is shown, half up: {order}");
            assert_eq!(minor(&order["total"]), lines - discounts + minor(&order["shipping"]), "{order}");
            let id = order["order_id"].as_str().expect("a number");
            assert_eq!(customer.get(&format!("/orders/{id}")).ok().json()["total"], order["total"]);
        }
    });
}

#[test]
fn a_repeated_key_is_the_same_order_and_one_charge() {
    on_both(|lab| {
        let customer = Customer::new(lab, "twice", "UK");
        customer.add(4, 1).ok();
        let first = customer.checkout(Some("same"), json!({})).ok();
        assert_eq!(first.status, 201);
        let again = customer.checkout(Some("same"), json!({}));
        assert_eq!((again.status, &again.json()["order_id"]), (200, &first.json()["order_id"]));
        customer.checkout(Some("same"), json!({ "country": "DE" })).problem(409);
        assert_eq!(customer.get("/orders").ok().json().as_array().map(Vec::len), Some(1));
        let charges = get(lab.at(91, "/charges/summary")).send().ok().json();
        assert_eq!(charges["charges"], 1);
        customer.checkout(None, json!({})).problem(422);
    });
}

#[test]
fn the_last_item_is_sold_once() {
    on_both(|lab| {
        let stock = post(lab.at(93, "/stock/6"), json!({ "quantity": 1 })).method("PUT");
        stock.send().ok();
        let customers = [1, 2].map(|number| Customer::new(lab, &format!("last-{number}"), "FR"));
        customers.iter().for_each(|customer| drop(customer.add(6, 1).ok()));
        let answers: Vec<_> = thread::scope(|scope| {
            let buy = |customer: &Customer| customer.checkout(None, json!({ "country": "FR" }));
            let buyers: Vec<_> =
                customers.iter().map(|customer| scope.spawn(move || buy(customer))).collect();
            buyers.into_iter().map(|buyer| buyer.join().expect("an answer")).collect()
        });
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
        let refused = answers.iter().find(|answer| answer.status == 409).expect("one of them");
        assert_eq!(refused.problem(409), "out_of_stock");
        assert_eq!(get(lab.at(91, "/charges/summary")).send().ok().json()["charges"], 1);
        let orders: usize =
            customers.iter().map(|one| one.get("/orders").ok().json().as_array().map_or(0, Vec::len)).sum();
        assert_eq!(orders, 1);
    });
}

#[test]
fn a_code_for_new_customers_works_once_and_a_declined_card_keeps_it() {
    on_both(|lab| {
        let customer = Customer::new(lab, "welcome", "CA");
        customer.add(1, 99).ok();
        let code = json!({ "promo_code": "WELCOME5", "country": "CA" });
        customer.checkout(None, code.clone()).problem(402);
        assert_eq!(customer.get("/orders").ok().json(), json!([]));
        let clear = |product: &str| {
            post(lab.shop("/cart/remove"), json!({ "product_id": product.parse::<i64>().expect("a number") }))
        };
        let session = "session.id=welcome";
        clear("1").token("user-token-123").header("baggage", session).send().ok();
        customer.add(1, 1).ok();
        let order = customer.checkout(None, code.clone()).ok().json();
        assert!(order["discounts"].as_array().is_some_and(|all| !all.is_empty()), "{order}");
        customer.add(2, 1).ok();
        customer.checkout(None, code).problem(409);
    });
}

#[test]
fn what_was_bought_is_popular_after_a_restart() {
    let database = Postgres::shared().database();
    let sold =
        |lab: &Lab| get(lab.at(14, "/products/9")).send().ok().json()["sold"].as_i64().expect("a count");
    let lab = Plan::up().env("DATABASE_URL", &database).start();
    let before = sold(&lab);
    let customer = Customer::new(&lab, "popular", "AU");
    customer.add(9, 5).ok();
    customer.checkout(None, json!({ "country": "AU" })).ok();
    drop(lab);
    let lab = Plan::up().env("DATABASE_URL", &database).start();
    assert_eq!(sold(&lab), before + 5, "seed data is sown once and sales are kept");
    let again = Customer::new(&lab, "popular", "AU");
    assert_eq!(again.get("/orders").ok().json().as_array().map(Vec::len), Some(1));
}
