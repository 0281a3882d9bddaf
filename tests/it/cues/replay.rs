//! The same seed, scenario and binary: the same visits are struck by the same faults in the same way.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use super::desk::{CONTROL, ledger, state};
use crate::{browser::post, servers::lab::Plan, waiting::until};

/// Everything that strikes and does not slow the show down: third parties fail, cart fails, queries are slow.
const SCENARIO: &str = "
name: replay
title: Replay
story: The same show twice.
audience: The same.
baseline: false
load: { visits_per_minute: 240, think_time_scale: 0, journeys: { browse: 40, abandon: 25, buy: 35 } }
phases:
  - at: 0s
    name: all
    faults:
      - { id: cards, on: { service: payment-provider, route: POST /charge, country: [BR, IN, US] }, share: 30%,
          effect: { fail: { status: { 500: 1, 404: 1, 503: 2 } } } }
      - { id: crm, on: { service: crm }, share: 20%, effect: { fail: { status: { 503: 1 } } } }
      - { id: views, on: { service: catalog, route: 'GET /products/{id}' }, share: 25%,
          effect: { delay: { uniform: { from: 1ms, to: 5ms } } } }
      - { id: writes, on: { service: checkout, query: orders.insert }, share: 10%, effect: { slow_query: { extra: 2ms } } }
      - { id: carts, on: { service: cart, query: cart.add }, share: 10%, effect: cache_outage }
      - { id: asks, on: { service: checkout, peer: currency }, share: 10%, effect: { delay: { normal: { mean: 2ms, deviation: 1ms } } } }
  - at: 10m
    name: nobody-else
    load: { visits_per_minute: 0 }
";
const VISITS: u64 = 2_000;

/// Which visits were affected by what, at the first of these rates that the machine carries: where a peer answers too late,
/// visits end early for a reason that is no fault's.
fn strikes(visits_per_minute: &[&str], cpus: Option<&str>) -> BTreeSet<String> {
    let mut runs = visits_per_minute.iter().map(|rate| run(rate, cpus));
    runs.find_map(|strikes| strikes).expect("a rate that this machine carries")
}

/// Lets the first visits come at `visits_per_minute` and answers what affected which; nothing if anybody was too late.
fn run(visits_per_minute: &str, cpus: Option<&str>) -> Option<BTreeSet<String>> {
    let files = tempfile::tempdir().expect("a directory");
    std::fs::write(files.path().join("replay.yaml"), SCENARIO).expect("written");
    let plan = Plan::up().args(&["--scenarios", files.path().to_str().expect("text"), "--ledger-all"]);
    let lab = plan
        .env("DOORBUSTER_SCENARIO", "replay")
        .env("DOORBUSTER_SEED", "7")
        .env("DOORBUSTER_VISITS_PER_MINUTE", visits_per_minute)
        .on_cpus(cpus)
        .start();
    assert_eq!(state(&lab)["seed"], 7);
    let shoppers =
        |name: &str| state(&lab)["shoppers"].pointer(name).and_then(Value::as_u64).expect("a number");
    until(Duration::from_secs(150), "enough visits have come", || shoppers("/visits/arrived") > VISITS);
    // A processor that others want too may be behind: it catches up when nobody else comes.
    post(lab.at(CONTROL, "/api/scenarios/jump"), json!({ "phase": "nobody-else" })).send().ok();
    until(Duration::from_secs(150), "all of them have gone", || shoppers("/in_flight") == 0);
    let is_late = |line: &str| line.contains("error_type=\"peer_timeout\"") && !line.ends_with(" 0");
    if lab.metrics().lines().any(|line| line.contains("_count{") && is_late(line)) {
        return None;
    }
    let ours = first_traces();
    let struck = ledger(&lab).into_iter().filter(|line| line["what"] == "struck");
    let missing = state(&lab)["ledger"]["missing"].as_u64();
    assert!(missing.is_none_or(|missing| missing == 0), "{missing:?} entries are missing");
    struck
        .filter(|line| ours.contains(line["detail"]["trace_id"].as_str().expect("a trace")))
        .map(|line| format!("{} {}", line["fault"], line["detail"]))
        .collect::<BTreeSet<_>>()
        .into()
}

/// The traces of all steps of the visits that are compared.
fn first_traces() -> BTreeSet<String> {
    let hex = |id: [u8; 16]| id.iter().map(|byte| format!("{byte:02x}")).collect();
    let steps = (0..VISITS).flat_map(|visit| (0..8).map(move |step| (visit, step)));
    steps.map(|(visit, step)| hex(doorbuster::load::dice::trace_id(7, visit, step))).collect()
}

#[test]
#[ignore = "long: make test-long"]
fn two_thousand_visits_are_struck_alike_at_any_pace_and_on_any_number_of_processors() {
    let fast = strikes(&["4200", "3000", "2000"], None);
    let slow = strikes(&["1800", "1200", "800"], Some("0"));
    assert!(slow.len() > 800, "{}", slow.len());
    let differ: Vec<_> = slow.symmetric_difference(&fast).take(5).collect();
    assert!(differ.is_empty(), "{} and {} strikes, such as {differ:#?}", slow.len(), fast.len());
}
