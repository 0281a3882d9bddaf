//! A timeline as it was seen when all went well: an alert for Brazil fires, `payments` is told, a symptom is held back
//! behind another, and all is over in the end. Tests change what they are about.

use std::time::Duration;

use doorbuster::{
    scenario::{parse, spec::Spec},
    verify::{
        bound::{RouteTiming, Timing},
        finding::Finding,
        judge::judge,
        plan::Plan,
        timeline::{Firing, Held, Labels, Sample, Timeline, Told, ToldAlert},
    },
};

/// When the scenario begins, and its second phase.
pub const BEGUN: i64 = 1_000_000;
pub const BROKE: i64 = BEGUN + 10_000;
pub const MENDED: i64 = BEGUN + 60_000;
pub const ENDED: i64 = BEGUN + 120_000;
pub const QUERY: &str = "sum(errors)";

const SCENARIO: &str = r#"
name: recorded
title: Cards fail
story: Cards fail for some.
audience: One line rises.
phases:
  - { at: 0s, name: calm }
  - at: 10s
    name: outage
    faults: [{ id: br-cards, on: { service: payment-provider }, effect: hang }]
  - { at: 60s, name: recovery, clear: all }
expect:
"#;

pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub fn brazil() -> Labels {
    labels(&[("alertname", "CardsFail"), ("country", "BR"), ("team", "payments")])
}

pub fn down() -> Labels {
    labels(&[("alertname", "ServiceDown"), ("service_name", "shipping")])
}

pub fn symptom() -> Labels {
    labels(&[("alertname", "NoTraffic"), ("service_name", "shipping")])
}

/// The scenario with these expectations.
pub fn spec(expect: &str) -> Spec {
    let text = format!("{SCENARIO}{expect}");
    parse::read("recorded.yaml", &text).unwrap_or_else(|wrong| panic!("{}", wrong[0]))
}

pub fn timing() -> Timing {
    let route = RouteTiming { wait_ms: 2_000, interval_ms: 5_000 };
    Timing {
        scrape_ms: 1_000,
        evaluation_ms: 1_000,
        holds_ms: [("CardsFail".to_owned(), 2_000)].into(),
        routes: [("payments".to_owned(), route), ("oncall".to_owned(), route)].into(),
        ..Timing::default()
    }
}

/// An alert that fires 8 s after the fault, and ends 20 s after it is mended.
pub fn firing(labels: Labels) -> Firing {
    Firing { labels, active_ms: BROKE + 6_000, fired_ms: Some(BROKE + 8_000), gone_ms: Some(MENDED + 20_000) }
}

/// What a receiver was told, and when.
pub fn told(id: u64, receiver: &str, labels: Labels, firing: bool, at_ms: i64) -> Told {
    let fingerprint = format!("{labels:?}");
    let alert = ToldAlert { fingerprint, labels, firing, starts_ms: BROKE + 8_000 };
    let group_key = format!("{{}}/{receiver}");
    Told { id, receiver: receiver.to_owned(), group_key, at_ms, reason: None, alerts: vec![alert] }
}

pub fn held(labels: Labels, by: &[Labels]) -> Held {
    let inhibited_ms = (!by.is_empty()).then_some(BROKE + 8_200);
    let fingerprint = format!("{labels:?}");
    let starts_ms = BROKE + 8_000;
    Held { fingerprint, labels, starts_ms, inhibited_by: by.to_vec(), inhibited_ms, ..Held::default() }
}

/// All went well.
pub fn timeline() -> Timeline {
    let phases = [("calm", BEGUN), ("outage", BROKE), ("recovery", MENDED)];
    Timeline {
        scenario: "recorded".to_owned(),
        begun_ms: BEGUN,
        ended_ms: ENDED,
        phases: phases.into_iter().map(|(name, at)| (name.to_owned(), at)).collect(),
        firings: vec![firing(brazil()), firing(down()), firing(symptom())],
        held: vec![held(brazil(), &[]), held(down(), &[]), held(symptom(), &[down()])],
        told: vec![
            told(1, "payments", brazil(), true, BROKE + 10_050),
            told(2, "oncall", down(), true, BROKE + 10_050),
            told(3, "payments", brazil(), false, MENDED + 24_000),
            told(4, "oncall", down(), false, MENDED + 24_000),
        ],
        samples: [(QUERY.to_owned(), vec![Sample { at_ms: BROKE + 3_000, value: 7.0 }])].into(),
        ..Timeline::default()
    }
}

/// Which alerts are there in the recorded run, beside what a test is about.
pub const ALLOW: &str = "allow: [CardsFail, ServiceDown, NoTraffic]\n";

/// What is found of one expectation in `timeline`: the finding of each of its claims, without those of the whole run.
pub fn found(expect: &str, timeline: &Timeline) -> Vec<Finding> {
    let mut findings = all(expect, timeline);
    findings.truncate(findings.len() - 2);
    findings
}

/// The same, with those of the whole run.
pub fn all(expect: &str, timeline: &Timeline) -> Vec<Finding> {
    judge(&Plan::of(&spec(&format!("{expect}\n{ALLOW}"))), timeline, &timing())
}

#[test]
fn the_recorded_run_takes_as_long_as_its_last_promise() {
    let expect = "  - { alert: { alertname: CardsFail }, after: recovery, resolved_within: 90s }\n";
    assert_eq!(Plan::of(&spec(expect)).lasts(), Duration::from_secs(150));
    let expect = "  - { alert: { alertname: CardsFail }, never: true }\n";
    assert_eq!(Plan::of(&spec(expect)).lasts(), Duration::from_secs(60));
}
