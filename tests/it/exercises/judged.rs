//! An exercise on a real lab with real shoppers, to a right and to a wrong answer: the trace is one the fault really struck.

use std::time::Duration;

use serde_json::{Value, json};

use super::concealed::seed_of;
use crate::{
    browser::{get, post},
    servers::lab::{Lab, Plan},
    waiting::until_some,
};

/// It breaks after three quarters of a minute.
const BREAKS: Duration = Duration::from_secs(120);

fn call(lab: &Lab, path: &str, body: Value) -> Value {
    post(lab.at(10, &format!("/api/exercises/{path}")), body).send().ok().json()
}

fn id(run: &Value) -> String {
    run["id"].as_str().expect("a number").to_owned()
}

/// What was judged of each part.
fn outcomes(run: &Value) -> Vec<&str> {
    let parts = run["verdict"]["parts"].as_array().expect("a verdict").iter();
    parts.map(|part| part["outcome"].as_str().expect("a word")).collect()
}

#[test]
fn a_right_and_a_wrong_answer_are_judged_by_what_the_fault_really_did() {
    let lab =
        Plan::up().env("DOORBUSTER_VISITS_PER_MINUTE", "120").env("DOORBUSTER_SCENARIO", "normal").start();
    let seed = seed_of("slow-pages");
    let right = id(&call(&lab, "start", json!({"alias": "right", "seed": seed})));
    let wrong = id(&call(&lab, "start", json!({"alias": "wrong"})));
    // As somebody who looks: a trace that takes more than a second.
    let traces = || get(lab.at(10, "/api/traces?min_duration_ms=1100&limit=50")).send().ok().json();
    let slow = until_some(BREAKS, "a page is slow", || {
        traces().as_array()?.first()?["trace_id"].as_str().map(str::to_owned)
    });
    let seen = call(&lab, &format!("{right}/notice"), json!({}));
    assert!(seen["noticed_ms"].is_i64() && seen["false_alarms"] == 0, "{seen}");
    assert!(!lab.metrics().contains("slow-pages"), "nor do the measurements say it");
    let now_ms = seen["now_ms"].as_i64().expect("the lab's clock");
    let say = |service: &str, kind: &str, since_ms: i64, trace: &str| json!({"service": service, "place": "everywhere", "kind": kind, "since_ms": since_ms, "trace_id": trace});
    let bad =
        call(&lab, &format!("{wrong}/answer"), say("cart", "fail", now_ms - 3_600_000, &"a".repeat(32)));
    assert_eq!(
        (&bad["verdict"], &bad["is_awaiting_others"]),
        (&Value::Null, &json!(true)),
        "the other still looks"
    );
    let good = call(&lab, &format!("{right}/answer"), say("storefront", "delay", now_ms - 5_000, &slow));
    assert_eq!(outcomes(&good), ["right"; 5], "{good}");
    assert_eq!(good["verdict"]["points"], 100);
    let bad = get(lab.at(10, &format!("/api/exercises/{wrong}"))).send().ok().json();
    assert_eq!(outcomes(&bad), ["wrong", "right", "wrong", "wrong", "wrong"], "{bad}");
    assert_eq!(bad["verdict"]["points"], 20);
    let struck = good["debrief"]["trace_ids"].as_array().expect("some").clone();
    assert!(!struck.is_empty() && good["diagnose_ms"].as_i64() >= good["detect_ms"].as_i64(), "{good}");
    // Now that it is over, the ledger says the same.
    let ledger = get(lab.at(10, "/api/ledger?fault=storefront-mud")).send().ok().body;
    assert!(ledger.contains(&slow) || ledger.lines().count() >= 2, "{ledger}");
}
