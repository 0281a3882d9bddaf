//! The lab as users run it: what is asked of its engine happens in the shop, also in processes of their own.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{engine::SOON, stream::Stream};
use crate::{
    browser::{Answer, get, post},
    servers::{
        lab::{Lab, Plan},
        ports,
    },
    waiting::until,
};

const CONTROL: u16 = 10;
const CURRENCY: u16 = 18;

fn state(lab: &Lab) -> Value {
    get(lab.at(CONTROL, "/api/state")).send().ok().json()
}

fn change(lab: &Lab, path: &str, body: Value) -> Answer {
    post(lab.at(CONTROL, path), body).send().ok()
}

/// Conversions fail, all of them.
fn break_currency(lab: &Lab) {
    let on = json!({"service": "currency", "route": "GET /convert"});
    let body = json!({"on": on, "effect": {"fail": {"status": {"503": 1}}}});
    post(lab.at(CONTROL, "/api/faults/no-rates"), body).method("PUT").send().ok();
}

fn converts(port: u16) -> bool {
    get(format!("http://127.0.0.1:{port}/convert?minor=100&from=USD&to=EUR")).send().status == 200
}

/// How long it took until conversions went well, or ill.
#[track_caller]
fn until_converts(port: u16, well: bool) -> Duration {
    let begun = Instant::now();
    while converts(port) != well {
        assert!(begun.elapsed() < SOON, "waited in vain");
        thread::yield_now();
    }
    begun.elapsed()
}

fn follows(lab: &Lab, service: &str) -> bool {
    let state = state(lab);
    let followers = state["followers"].as_array().expect("a list");
    followers.iter().any(|one| one["process"].as_str().is_some_and(|name| name.starts_with(service)))
}

#[test]
fn a_fault_strikes_the_next_request_and_calm_spares_it() {
    let lab = Plan::up().start();
    let port = lab.port_base + CURRENCY;
    change(&lab, "/api/calm", json!({}));
    assert!(converts(port));
    break_currency(&lab);
    assert!(!converts(port), "in one process, it is there when the call returns");
    let faults = get(lab.at(CONTROL, "/api/faults")).send().ok().json();
    assert_eq!((&faults[0]["id"], &faults[0]["source"]), (&json!("no-rates"), &json!("manual")));
    until(SOON, "it is counted", || {
        get(lab.at(CONTROL, "/api/faults")).send().json()[0]["count"]["hit"] == 1
    });
    change(&lab, "/api/calm", json!({}));
    assert!(converts(port));
    assert_eq!((&state(&lab)["mode"], &state(&lab)["faults"]), (&json!("calm"), &json!([])));
}

#[test]
fn the_ledger_says_who_changed_what() {
    let lab = Plan::up().start();
    break_currency(&lab);
    get(lab.at(CONTROL, "/api/faults/no-rates")).method("DELETE").send().ok();
    let ledger = || get(lab.at(CONTROL, "/api/ledger?fault=no-rates")).send().ok().body;
    until(SOON, "both are written down", || ledger().lines().count() >= 2);
    for line in ledger().lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    let whole = get(lab.at(CONTROL, "/api/ledger")).send().ok().body;
    assert!(whole.contains("\"what\":\"command\",\"by\":\"api\""), "{whole}");
}

#[test]
fn modes_and_scenarios_are_switched_and_told_as_they_change() {
    let lab = Plan::up().env("DOORBUSTER_SCENARIO", "normal").start();
    assert_eq!(state(&lab)["mode"], "normal");
    let mut events = Stream::open(([127, 0, 0, 1], lab.port_base + CONTROL).into(), "/api/events", "");
    assert_eq!(events.next().name, "state");
    change(&lab, "/admin/demo-mode", json!({"mode": "blackfriday"}));
    assert_eq!(events.next_called("mode").data["mode"], "blackfriday");
    assert_eq!(events.next_called("scenario").data["name"], "blackfriday");
    let all = get(lab.at(CONTROL, "/api/scenarios")).send().ok().json();
    let names: Vec<_> =
        all.as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(names.contains(&"normal") && names.contains(&"payment-outage-brazil"), "{names:?}");
    change(&lab, "/api/scenarios/payment-outage-brazil/start", json!({"seed": 7}));
    let phases = state(&lab)["scenario"]["phases"].clone();
    let last = phases.as_array().and_then(|phases| phases.last()).expect("phases").clone();
    change(&lab, "/api/scenarios/pause", json!({}));
    let jumped = change(&lab, "/api/scenarios/jump", json!({ "phase": last }));
    assert_eq!(jumped.json()["phase"], last);
    let now = state(&lab);
    assert_eq!((&now["seed"], &now["scenario"]["paused"]), (&json!(7), &json!(true)));
    change(&lab, "/api/scenarios/resume", json!({}));
    change(&lab, "/api/scenarios/stop", json!({}));
    assert_eq!(state(&lab)["mode"], "normal");
    let unknown = post(lab.at(CONTROL, "/api/scenarios/payment-outage-brasil/start"), json!({})).send();
    assert_eq!(unknown.problem(404), "not_found");
    assert!(unknown.body.contains("payment-outage-brazil"), "{unknown:?}");
}

#[test]
fn a_service_elsewhere_is_struck_at_once_keeps_the_fault_for_the_lease_and_hears_of_a_new_engine() {
    let base = ports::block();
    let start_lab =
        || Plan::serve("lab", base, base + CONTROL).env("DOORBUSTER_VISITS_PER_MINUTE", "0").start();
    let mut lab = start_lab();
    let port = base + CURRENCY;
    let _currency = Plan::serve("currency", base, port).env("DOORBUSTER_LEASE", "7s").start();
    until(SOON, "it follows", || follows(&lab, "currency-"));
    assert!(converts(port));

    break_currency(&lab);
    let took = until_converts(port, false);
    // A hundred milliseconds are promised; this machine may be doing other things.
    assert!(took < Duration::from_millis(500), "{took:?}");
    let hits = || get(lab.at(CONTROL, "/api/faults")).send().ok().json()[0]["count"]["hit"].clone();
    until(SOON, "it is told", || hits().as_u64().is_some_and(|hits| hits > 0));

    lab.kill();
    assert!(!converts(port), "a lost engine keeps its faults at first");
    until_converts(port, true);

    let mut lab = start_lab();
    until(SOON, "it follows again", || follows(&lab, "currency-"));
    break_currency(&lab);
    until_converts(port, false);
    // Killed and there again: the new run knows no such fault.
    lab.kill();
    let _lab = start_lab();
    let took = until_converts(port, true);
    assert!(took < Duration::from_secs(5), "{took:?}: it waited for the lease");
}

#[test]
fn calm_is_heard_while_the_shop_drowns() {
    let lab = Plan::up().start();
    let port = lab.port_base + CURRENCY;
    let on = json!({"service": "currency"});
    let body = json!({"on": on, "effect": {"burn_cpu": {"per_crossing": "500ms"}}});
    post(lab.at(CONTROL, "/api/faults/busy"), body).method("PUT").send().ok();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| converts(port));
        }
        let begun = Instant::now();
        change(&lab, "/api/calm", json!({}));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    });
    let begun = Instant::now();
    assert!(converts(port));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}
