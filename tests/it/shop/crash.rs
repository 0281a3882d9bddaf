//! kill -9 in the middle of checkouts: every order in the database is whole, and paid once.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::json;

use super::split::Split;
use crate::{
    browser::get,
    servers::{lab::Customer, postgres::Postgres},
    waiting::until,
};

const CUSTOMERS: usize = 24;

#[test]
fn orders_are_whole_and_paid_once_after_kill_9() {
    let mut split = Split::start();
    let shop = split.shop();
    let customers: Vec<_> =
        (0..CUSTOMERS).map(|number| Customer::of(shop.clone(), &format!("crash-{number}"), "US")).collect();
    for customer in &customers {
        customer.add(1, 2).ok();
        customer.add(2, 1).ok();
    }

    let orders = |split: &Split| -> usize {
        let count = "SELECT COUNT(*) FROM orders WHERE customer LIKE '%crash-%'";
        Postgres::shared().query(&split.database, count).trim().parse().expect("a count")
    };
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for customer in &customers {
            let over = &over;
            scope.spawn(move || {
                // A customer whose checkout broke tries again with the same key until it is through.
                while !over.load(Ordering::Relaxed) {
                    let ask = customer.ask_checkout(Some("only"), json!({}));
                    if ask.try_send().is_ok_and(|answer| answer.status < 300) {
                        return;
                    }
                    thread::yield_now();
                }
            });
        }
        until(Duration::from_secs(20), "some orders are placed", || orders(&split) >= 3);
        for (service, offset) in [("checkout", 16), ("payments", 81)] {
            split.processes.get_mut(service).expect("it runs").kill();
            split.begin(service, offset);
        }
        until(Duration::from_secs(40), "all orders are placed", || orders(&split) == CUSTOMERS);
        over.store(true, Ordering::Relaxed);
    });

    let broken = "SELECT COUNT(*) FROM orders WHERE customer LIKE '%crash-%' AND (SELECT COUNT(*) FROM order_items WHERE order_items.order_id = orders.order_id) <> 2";
    assert_eq!(
        Postgres::shared().query(&split.database, broken).trim(),
        "0",
        "every order has its two lines"
    );
    let charges =
        get(format!("http://127.0.0.1:{}/charges/summary", split.port_base + 91)).send().ok().json();
    assert_eq!(charges["charges"], CUSTOMERS, "{charges}");
    assert_eq!(charges["keys"], CUSTOMERS, "{charges}");
    assert_eq!(charges["refunds"], 0, "everybody has come back: {charges}");
    let intents = "SELECT COUNT(*) FROM payment_intents";
    assert_eq!(Postgres::shared().query(&split.database, intents).trim(), "0", "every charge has its order");
}
