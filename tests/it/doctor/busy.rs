//! What the doctor verifies while more happens than it could look through, and while there is nothing to look for.

use doorbuster::kernel::clock;
use serde_json::{Value, json};

use super::{asking::at, standin::Standin};
use crate::{browser::post, control::engine::Plan, servers::ports};

/// Traces of one span each, of which the first begins with this number, as the lab's own senders bring them.
fn traces(first: u64, count: u64, ended_seconds_ago: i64) -> Value {
    let end_ns = (clock::now_millis() - ended_seconds_ago * 1_000) * 1_000_000;
    let span = |number: u64| {
        json!({
            "traceId": format!("{number:032x}"), "spanId": format!("{number:016x}"), "name": "GET /", "kind": 2,
            "startTimeUnixNano": (end_ns - 1_000_000).to_string(), "endTimeUnixNano": end_ns.to_string(),
        })
    };
    let spans: Vec<Value> = (first..first + count).map(span).collect();
    let service = json!({ "key": "service.name", "value": { "stringValue": "storefront" } });
    json!({ "resourceSpans": [{ "resource": { "attributes": [service] }, "scopeSpans": [{ "spans": spans }] }] })
}

#[test]
fn a_trace_that_is_old_enough_is_found_behind_a_thousand_that_are_not() {
    let lab = Plan::here().start();
    for (first, count, ended_seconds_ago) in [(1, 1, 60), (2, 1, 30), (10, 1_000, 0)] {
        post(lab.url("/v1/traces"), traces(first, count, ended_seconds_ago)).send().ok();
    }
    let tempo = Standin::tempo(&[], Vec::new);
    let said = at(&lab.url(""), &["--tempo", &tempo.url()]);
    assert_eq!(said.code, 1, "{said:?}");
    let line = said.line(&["tempo", "missing"]);
    assert!(line.contains(&format!("{:032x}", 2)), "the newest that is old enough: {line}");
}

#[test]
fn a_backend_that_is_dead_is_away_although_there_is_nothing_to_look_for() {
    let lab = Plan::here().start();
    let nobody = format!("http://127.0.0.1:{}", ports::one());
    let said = at(&lab.url(""), &["--loki", &nobody, "--tempo", &nobody, "--prometheus", &nobody]);
    assert_eq!(said.code, 1, "{said:?}");
    for name in ["prometheus", "loki", "tempo"] {
        assert!(said.line(&[name, "away"]).contains("refused"), "{said:?}");
    }
    let (loki, tempo) = (Standin::loki(&[], Vec::new), Standin::tempo(&[], Vec::new));
    let said = at(&lab.url(""), &["--loki", &loki.url(), "--tempo", &tempo.url()]);
    assert_eq!(said.code, 0, "one that answers is idle: {said:?}");
    said.line(&["tempo", "idle"]);
}
