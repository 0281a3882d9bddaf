//! How the shoppers fare, once a second; when a fault first struck; what is left of the error budgets.

use std::time::Duration;

use doorbuster::kernel::clock;
use serde_json::{Value, json};

use super::engine::Plan;
use crate::{
    browser::{get, post},
    page::show,
    servers::lab::Lab,
    stack::beside,
    waiting::until_some,
};

/// Counters that are scraped twice and a rule that is evaluated, on a busy machine.
const RECORDED: Duration = Duration::from_secs(60);

fn vitals(lab: &Lab) -> Vec<Value> {
    get(lab.at(10, "/api/vitals")).send().ok().json().as_array().expect("a list").clone()
}

fn number(of: &Value, name: &str) -> f64 {
    of[name].as_f64().unwrap_or_else(|| panic!("{name} is no number: {of}"))
}

#[test]
fn each_second_says_how_the_shoppers_fare_and_the_last_minutes_can_be_asked_for() {
    let lab = show::evening();
    let all = until_some(RECORDED, "revenue was measured, and payments were made", || {
        let all = vitals(&lab);
        let newest = all.last()?;
        let payments: u64 =
            newest["countries"].as_array()?.iter().filter_map(|one| one["payments"].as_u64()).sum();
        (newest["revenue_per_minute"].as_f64() > Some(0.0) && payments > 0).then_some(all)
    });
    let newest = all.last().expect("the newest");
    for pair in all.windows(2) {
        let apart = number(&pair[1], "at_ms") - number(&pair[0], "at_ms");
        assert!(apart > 0.0, "the oldest comes first: {apart}");
        assert!(number(&pair[1], "visits") >= number(&pair[0], "visits"), "a counter never falls");
    }
    assert!(number(newest, "requests_per_second") > 0.0, "{newest}");
    assert!(number(newest, "recent_p95_ms") > 0.0, "{newest}");
    assert!((500.0..=700.0).contains(&number(newest, "visits_per_minute")), "{newest}");
    let share = number(newest, "error_share");
    assert!((0.0..0.05).contains(&share), "a normal evening: {newest}");
    for country in newest["countries"].as_array().expect("a list") {
        assert!(country["failed"].as_u64() <= country["payments"].as_u64(), "{country}");
        assert_eq!(country["country"].as_str().map(str::len), Some(2), "{country}");
    }
}

#[test]
fn a_fault_says_when_it_first_struck_and_not_before() {
    let engine = Plan::here().start();
    let fault = json!({ "on": { "service": "ads" }, "effect": { "delay": { "fixed": "5ms" } } });
    post(engine.url("/api/faults/slow-ads"), fault.clone()).method("PUT").send().ok();
    let set = get(engine.url("/api/faults")).send().ok().json()[0].clone();
    assert_eq!((&set["id"], &set["count"]["hit"]), (&json!("slow-ads"), &json!(0)));
    assert_eq!(set["count"]["first_hit_ms"], Value::Null, "nobody came: {set}");

    let lab = show::evening();
    let set_ms = clock::now_millis();
    post(lab.at(10, "/api/faults/slow-ads"), fault).method("PUT").send().ok();
    let of = |count: &Value| count["first_hit_ms"].as_i64();
    let struck = until_some(RECORDED, "somebody is struck", || {
        let all = get(lab.at(10, "/api/faults")).send().ok().json();
        let mine = all.as_array()?.iter().find(|one| one["id"] == "slow-ads")?.clone();
        of(&mine["count"]).map(|_| mine)
    });
    let first = of(&struck["count"]).expect("a moment");
    assert!(first >= set_ms, "{first} and {set_ms}: {struck}");
    // The first stays the first.
    let again = until_some(RECORDED, "more are struck", || {
        let all = get(lab.at(10, "/api/faults")).send().ok().json();
        let mine = all.as_array()?.iter().find(|one| one["id"] == "slow-ads")?.clone();
        (mine["count"]["hit"].as_u64() > struck["count"]["hit"].as_u64()).then_some(mine)
    });
    assert_eq!(of(&again["count"]), Some(first));
}

#[test]
fn budgets_and_burn_rates_are_those_that_prometheus_has_recorded() {
    let engine = Plan::here().start();
    assert_eq!(get(engine.url("/api/objectives")).send().problem(503), "unavailable");

    let lab = beside::with_stack().env("DOORBUSTER_VISITS_PER_MINUTE", "240").start();
    let stack = beside::ready(&lab);
    let all = until_some(RECORDED, "storefront's budget is recorded", || {
        let all = get(lab.at(10, "/api/objectives")).send().ok().json().as_array()?.clone();
        let whole = |one: &Value| one["budget_left"].is_number() && one["burn_rate"].is_number();
        all.iter().any(|one| one["service"] == "storefront" && whole(one)).then_some(all)
    });
    let goals = beside::ask(&stack, "slo:objective:ratio");
    let goals = goals.as_array().expect("a list");
    assert_eq!(all.len(), goals.len(), "each objective is there once: {all:?}");
    for goal in goals {
        let mine = all.iter().find(|one| {
            one["service"] == goal["metric"]["sloth_service"]
                && one["objective"] == goal["metric"]["sloth_slo"]
        });
        let mine = mine.unwrap_or_else(|| panic!("{goal} is not told of"));
        let theirs = goal["value"][1].as_str().and_then(|text| text.parse::<f64>().ok()).expect("a share");
        assert!((number(mine, "goal") - theirs).abs() < 1e-9, "{mine}, {theirs}");
        assert!(mine["budget_left"].as_f64().is_none_or(|left| left <= 1.0), "{mine}");
    }
}
