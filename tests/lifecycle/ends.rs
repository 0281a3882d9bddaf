//! The end: five seconds after the signal, whatever is active.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    cues::desk::{count, set_fault},
    servers::lab::{Lab, Plan},
    turn,
    waiting::until,
};

const PROMISE: Duration = Duration::from_secs(5);
/// A debug build on a busy machine may need so long until a visitor meets a fault.
const MET: Duration = Duration::from_secs(40);

/// A lab with these faults, all of which have affected a request; those of a whole service are there at once.
fn affected(faults: &[(&str, Value, u64)]) -> Lab {
    let lab = Plan::up().env("DOORBUSTER_VISITS_PER_MINUTE", "480").start();
    for (id, fault, _) in faults {
        set_fault(&lab, id, fault.clone());
    }
    for (id, _, hits) in faults {
        until(MET, &format!("`{id}` has affected {hits}"), || count(&lab, id).1 >= *hits);
    }
    lab
}

fn at(service: &str, effect: Value) -> Value {
    json!({ "on": { "service": service }, "effect": effect })
}

#[test]
fn under_each_effect_at_its_cap_the_lab_ends_within_five_seconds_of_the_signal() {
    let _turn = turn::take();
    let retried = json!({ "on": { "service": "payments", "peer": "payment-provider" },
                          "effect": { "retry": { "attempts": 20, "backoff": "60s" } } });
    let locked = json!({ "on": { "service": "catalog" }, "share": "20%",
                         "effect": { "hold_lock": { "table": "products", "for": "60s" } } });
    let cases: Vec<Vec<(&str, Value, u64)>> = vec![
        // Each crossing that has queued by then would burn for a second.
        vec![("burn", at("storefront", json!({ "burn_cpu": { "per_crossing": "1s" } })), 4)],
        vec![("hang", at("catalog", json!("hang")), 4)],
        vec![
            ("delay", at("cart", json!({ "delay": { "fixed": "60s" } })), 2),
            ("slow", at("catalog", json!({ "slow_query": { "extra": "60s" } })), 2),
        ],
        vec![
            ("lock", locked, 2),
            ("fail", at("payment-provider", json!({ "fail": { "status": { "503": 1 } } })), 0),
            ("retry", retried, 0),
        ],
        vec![
            ("down", at("shipping", json!("down")), 0),
            ("pool", at("checkout", json!({ "hold_connections": { "share": "100%" } })), 0),
            ("leak", at("ads", json!({ "leak_memory": { "per_crossing": "16MiB", "cap": "256MiB" } })), 2),
            ("cache", at("cart", json!("cache_outage")), 2),
            ("context", at("storefront", json!("lose_context")), 2),
        ],
    ];
    thread::scope(|scope| {
        for faults in &cases {
            scope.spawn(move || {
                let names: Vec<_> = faults.iter().map(|(id, ..)| *id).collect();
                let mut lab = affected(faults);
                let asked = Instant::now();
                let status = lab.terminate();
                let took = asked.elapsed();
                assert!(took < PROMISE, "{names:?}: {took:?}\n{}", lab.said());
                assert!(status.success(), "{names:?}: {status}\n{}", lab.said());
            });
        }
    });
}

#[test]
fn a_signal_while_the_lab_opens_ends_it_too() {
    let _turn = turn::take();
    // No database answers there, and the lab waits for one when it opens.
    let database = "postgres://shop:shop@127.0.0.1:9/shop";
    let mut lab = Plan::up().env("DATABASE_URL", database).start_unready();
    // The signals are listened for before anything else; the threads of services come after that.
    until(MET, "it opens", || {
        let threads = std::fs::read_dir(format!("/proc/{}/task", lab.id()));
        threads.map_or(0, Iterator::count) > 10
    });
    let asked = Instant::now();
    lab.signal(Signal::TERM);
    lab.wait(PROMISE);
    assert!(asked.elapsed() < PROMISE);
}
