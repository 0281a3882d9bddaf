//! The panic button: it works when nothing else does.

use std::{thread, time::Duration};

use serde_json::json;

use super::desk::{calm, command, count, faults, set_fault, state, until_state};
use crate::{browser::get, servers::lab::Plan, waiting::until};

#[test]
fn calm_clears_everything_while_the_shop_drowns() {
    let lab = Plan::up().env("DOORBUSTER_VISITS_PER_MINUTE", "600").start();
    let resident = || lab.metric("process_memory_usage_bytes", &[]);
    let used = || lab.metric("db_client_connection_count", &["service_name=\"checkout\"", "state=\"used\""]);
    let memory = resident();
    command(&lab, "/admin/generate-traffic", json!({"duration_seconds": 600, "requests_per_minute": 3000}));
    for (id, fault) in [
        ("burn", json!({"on": {"service": "storefront"}, "effect": {"burn_cpu": {"per_crossing": "300ms"}}})),
        ("hang", json!({"on": {"service": "catalog"}, "effect": "hang"})),
        ("pool", json!({"on": {"service": "checkout"}, "effect": {"hold_connections": {"share": "100%"}}})),
        (
            "leak",
            json!({"on": {"service": "ads"}, "effect": {"leak_memory": {"per_crossing": "4MiB", "cap": "128MiB"}}}),
        ),
        ("down", json!({"on": {"service": "shipping"}, "effect": "down"})),
    ] {
        set_fault(&lab, id, fault);
    }
    // Ads asked by hand: the storefront drowns, and lets hardly anybody through to them.
    until(Duration::from_secs(20), "memory has leaked", || {
        get(lab.at(17, "/ads")).send().ok();
        resident() > memory + 100e6
    });
    until(Duration::from_secs(20), "checkout has no connection left", || used() == 10.0);
    until(Duration::from_secs(20), "the storefront drowns", || count(&lab, "burn").1 > 3);
    assert!(get(lab.at(19, "/methods")).try_send().is_err(), "shipping is down");

    calm(&lab);
    assert!(faults(&lab).is_empty());
    assert_eq!(state(&lab)["mode"], "calm");
    let second = Duration::from_secs(1);
    until(second * 5, "the shop answers", || get(lab.shop("/products/1")).send().status == 200);
    until(second * 5, "connections are back", || used() < 10.0);
    until(second * 5, "shipping is back", || get(lab.at(19, "/methods")).try_send().is_ok());
    until(second * 5, "memory was given back", || resident() < memory + 60e6);
    until_state(&lab, "the surge is over", |state| {
        state["shoppers"]["visits_per_minute"].as_f64() == Some(600.0)
    });
}

#[test]
fn a_fault_that_panics_or_is_refused_changes_nothing() {
    use crate::browser::post;
    let lab = Plan::up().start();
    let url = |id: &str| lab.at(super::desk::CONTROL, &format!("/api/faults/{id}"));
    for (fault, field) in [
        (json!({"on": {"service": "lab"}, "effect": "hang"}), "on.service"),
        (
            json!({"on": {"service": "ads"}, "effect": {"leak_memory": {"per_crossing": "1MiB", "cap": "64GiB"}}}),
            "cap",
        ),
        (json!({"on": {"service": "ads"}, "effect": {"burn_cpu": {"per_crossing": "1h"}}}), "per_crossing"),
        (json!({"on": {"service": "catalog"}, "effect": {"hold_connections": {"count": 100000}}}), "count"),
        (json!({"on": {"country": ["BZ"]}, "effect": "hang"}), "country"),
        (json!({"on": {"service": "ads"}, "share": "150%", "effect": "hang"}), "share"),
        (json!({"on": {"service": "ads"}, "effect": "explode"}), "effect"),
    ] {
        let answer = post(url("bad"), fault).method("PUT").send();
        answer.problem(422);
        assert!(
            answer.json()["field"].as_str().expect("a field").contains(field),
            "{field}: {}",
            answer.body
        );
    }
    post(url("Not%20An%20Id"), json!({"effect": "hang"})).method("PUT").send().problem(422);
    assert!(faults(&lab).is_empty());
    // The lab answers whatever hangs in the shop.
    set_fault(&lab, "all", json!({"effect": "hang"}));
    thread::scope(|scope| {
        let hanging = scope.spawn(|| get(lab.shop("/products")).send().status);
        until(Duration::from_secs(5), "a request hangs", || count(&lab, "all").1 > 0);
        calm(&lab);
        assert_eq!(hanging.join().expect("no panic"), 200, "who waited is served");
    });
}
