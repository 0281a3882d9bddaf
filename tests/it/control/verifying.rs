//! `verify` by a call: what is refused, and that it has the stage alone.

use serde_json::json;

use super::engine::Plan;
use crate::browser::{get, post};

#[test]
fn what_cannot_be_verified_is_refused_and_a_lab_without_prometheus_says_so() {
    let engine = Plan::here().start();
    let ask = |scenarios: serde_json::Value| {
        post(engine.url("/api/verify"), json!({"scenarios": scenarios})).send()
    };
    assert_eq!(ask(json!([])).problem(422), "invalid");
    assert_eq!(ask(json!(["service-dwn"])).problem(404), "not_found");
    assert_eq!(ask(json!(["payment-outage"])).problem(422), "invalid", "it promises nothing");
    assert_eq!(get(engine.url("/api/verify")).send().ok().json()["state"], "idle");
    let end = || get(engine.url("/api/verify")).method("DELETE").send();
    assert_eq!(end().ok().json()["state"], "idle", "there is nothing to end");
}
