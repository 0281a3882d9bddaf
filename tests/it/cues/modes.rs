//! Normal and Black Friday: one call each, and shoppers who never leave.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::desk::{CONTROL, calm, command, count, faults, set_fault, state, until_state};
use crate::{
    browser::{get, post},
    servers::lab::{Lab, Plan},
    waiting::until,
};

fn evening() -> Lab {
    Plan::up().env("DOORBUSTER_VISITS_PER_MINUTE", "60").env("DOORBUSTER_SCENARIO", "normal").start()
}

fn arrived(lab: &Lab) -> u64 {
    state(lab)["shoppers"]["visits"]["arrived"].as_u64().expect("a number")
}

#[test]
fn one_call_makes_it_black_friday_and_one_makes_it_normal_again() {
    let lab = evening();
    until_state(&lab, "the evening is normal", |state| state["mode"] == "normal");
    let normal = faults(&lab);
    assert!(normal.iter().any(|id| id.contains("provider") || id.contains("cards")), "{normal:?}");
    until_state(&lab, "somebody came", |state| state["shoppers"]["visits"]["arrived"].as_u64() > Some(1));

    command(&lab, "/api/mode", json!({"mode": "blackfriday"}));
    let friday = faults(&lab);
    assert!(friday[0].starts_with("bf-"), "{friday:?}");
    assert!(normal.iter().all(|id| friday.contains(id)), "third parties are not better today: {friday:?}");
    let came = arrived(&lab);
    // Sixty visits a minute are ten times as many after a minute: on the way there, they only grow.
    let mut before = 0.0;
    for _ in 0..3 {
        until_state(&lab, "more of them come", |state| {
            state["load"]["visits_per_minute"].as_f64() > Some(before + 5.0)
        });
        before = state(&lab)["load"]["visits_per_minute"].as_f64().expect("a rate");
    }
    assert!(before < 600.0, "not at once: {before}");
    assert!(arrived(&lab) > came, "the same shoppers, ever more of them");

    command(&lab, "/admin/demo-mode", json!({"mode": "normal"}));
    assert_eq!(faults(&lab), normal);
    assert_eq!(state(&lab)["mode"], "normal");
    until_state(&lab, "the rate is normal", |state| {
        state["load"]["visits_per_minute"].as_f64() == Some(60.0)
    });
    assert!(arrived(&lab) > came, "nobody began anew");
}

#[test]
fn the_next_request_after_a_call_is_struck() {
    let lab = Plan::up().start();
    let ads = lab.at(17, "/ads");
    for _ in 0..20 {
        set_fault(
            &lab,
            "late",
            json!({"on": {"service": "ads"}, "effect": {"fail": {"status": {"503": 1}}}}),
        );
        assert_eq!(get(&ads).send().status, 503, "the call was answered, so it holds");
        calm(&lab);
        assert_eq!(get(&ads).send().status, 200);
    }
}

#[test]
fn a_show_is_paused_moved_and_let_run_faster() {
    let lab = Plan::up().start();
    command(&lab, "/api/scenarios/pool-exhaustion/start", json!({}));
    let phase = |lab: &Lab| state(lab)["scenario"]["phase"].as_str().expect("a phase").to_owned();
    assert_eq!(phase(&lab), "calm");
    command(&lab, "/api/scenarios/jump", json!({"phase": "leak"}));
    assert_eq!(phase(&lab), "leak");
    assert!(faults(&lab).contains(&"checkout-connections".to_owned()));
    command(&lab, "/api/scenarios/pause", json!({}));
    assert_eq!(state(&lab)["scenario"]["paused"], true);
    let elapsed = |lab: &Lab| state(lab)["scenario"]["elapsed_seconds"].as_f64().expect("seconds");
    let stopped = elapsed(&lab);
    assert!((0..20).all(|_| elapsed(&lab) == stopped), "time stands still");
    command(&lab, "/api/scenarios/resume", json!({}));
    command(&lab, "/api/scenarios/speed", json!({"factor": 100}));
    until_state(&lab, "three and a half minutes later", |state| state["scenario"]["phase"] == "recovery");
    assert!(!faults(&lab).contains(&"checkout-connections".to_owned()));

    for (path, body, status) in [
        ("/api/scenarios/jump", json!({"phase": "leek"}), 404),
        ("/api/scenarios/pool-exhaustoin/start", json!({}), 404),
        ("/api/mode", json!({"mode": "blackfridy"}), 422),
    ] {
        let answer = post(lab.at(CONTROL, path), body).send();
        answer.problem(status);
        assert!(answer.body.contains("did you mean"), "{}", answer.body);
    }
    assert_eq!(state(&lab)["scenario"]["name"], "pool-exhaustion", "what was refused has changed nothing");
    command(&lab, "/api/scenarios/stop", json!({}));
    until_state(&lab, "normal goes on", |state| state["mode"] == "normal");
}

#[test]
fn who_finds_connections_held_is_counted() {
    let lab = Plan::up().start();
    let fault = json!({"on": {"service": "catalog"}, "effect": {"hold_connections": {"share": "100%"}}});
    set_fault(&lab, "held", fault);
    until(Duration::from_secs(10), "somebody is turned away", || {
        get(lab.shop("/products/1")).send().status == 503
    });
    let (matched, hit) = count(&lab, "held");
    assert!(matched >= hit && hit > 0, "{matched} {hit}");
    calm(&lab);
    get(lab.shop("/products/1")).send().ok();
}

/// No visits at all.
const QUIET: &str = "
name: quiet
title: Quiet
story: No visits arrive.
audience: The same.
baseline: false
load: { visits_per_minute: 0 }
phases:
  - { at: 0s, name: empty }
";

#[test]
fn a_replay_counts_from_nought_and_begins_with_the_first_visit() {
    let files = tempfile::tempdir().expect("a directory");
    std::fs::write(files.path().join("quiet.yaml"), QUIET).expect("written");
    let plan = Plan::up().args(&["--scenarios", files.path().to_str().expect("text")]);
    let lab = plan.env("DOORBUSTER_VISITS_PER_MINUTE", "600").start();
    let traces = |lab: &Lab| -> Vec<String> {
        // A visit that arrived before the replay is not part of it, but the fault affects it too.
        command(lab, "/api/scenarios/quiet/start", json!({}));
        until(Duration::from_secs(60), "the shop is empty", || state(lab)["shoppers"]["in_flight"] == 0);
        command(lab, "/api/scenarios/normal/start", json!({"seed": 7}));
        until_state(lab, "some were struck", |_| count(lab, "catalog-delay").1 > 12);
        let faults = get(lab.at(CONTROL, "/api/faults")).send().ok().json();
        let delay = faults.as_array().expect("a list").iter().find(|one| one["id"] == "catalog-delay");
        let ids = delay.expect("it is active")["count"]["trace_ids"].as_array().expect("a list").clone();
        ids.into_iter().take(5).map(|id| id.as_str().expect("an id").to_owned()).collect()
    };
    let once = traces(&lab);
    until_state(&lab, "the evening goes on", |state| {
        state["shoppers"]["visits"]["arrived"].as_u64() > Some(100)
    });
    let again = traces(&lab);
    // Side by side they may come in another order, but they are the same.
    let first: Vec<String> = (0..80)
        .flat_map(|visit| (0..8).map(move |step| (visit, step)))
        .map(|(visit, step)| doorbuster::load::dice::trace_id(7, visit, step))
        .map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    for trace in once.iter().chain(&again) {
        assert!(first.contains(trace), "{trace} is of no early visit: {once:?} {again:?}");
    }
}

#[test]
fn a_thousand_calls_a_second_are_served_or_refused() {
    let lab = Plan::up().start();
    let url = lab.at(CONTROL, "/api/faults/flood");
    let begun = Instant::now();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let ask = |customer: usize| {
            let url = &url;
            move || -> Vec<u16> {
                let share = |round: usize| format!("{}%", (customer * 7 + round) % 100);
                (0..125)
                    .map(|round| {
                        let fault = json!({"on": {"service": "ads"}, "share": share(round), "effect": {"delay": {"fixed": "1ms"}}});
                        post(url.as_str(), fault).method("PUT").send().status
                    })
                    .collect()
            }
        };
        let asking: Vec<_> = (0..8).map(|customer| scope.spawn(ask(customer))).collect();
        asking.into_iter().flat_map(|one| one.join().expect("no panic")).collect()
    });
    assert_eq!(statuses.len(), 1_000);
    assert!(statuses.iter().all(|status| [200, 201, 503].contains(status)), "{statuses:?}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(faults(&lab), ["flood"]);
    calm(&lab);
    assert!(faults(&lab).is_empty());
}
