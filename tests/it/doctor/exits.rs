//! What is said of each destination.

use std::time::Duration;

use serde_json::Value;

use super::asking::{at, of};
use crate::{
    browser::get,
    otlp::receiver::{Mode, Receiver},
    servers::{
        lab::{Lab, Plan},
        ports,
    },
    waiting::{until, until_some},
};

const SOON: Duration = Duration::from_secs(15);

fn lab(endpoint: &str) -> Lab {
    let lab = Plan::up()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("OTEL_METRIC_EXPORT_INTERVAL", "200")
        .start();
    get(lab.shop("/products/1")).send().ok();
    lab
}

/// The verdicts on the way to OTLP.
fn verdicts(report: &Value) -> Vec<&str> {
    let exits = report["exits"].as_array().expect("a list");
    let otlp = exits.iter().filter(|exit| exit["destination"] == "otlp");
    otlp.map(|exit| exit["verdict"].as_str().expect("a word")).collect()
}

/// Waits until the doctor says `verdict` of every signal that leaves by OTLP.
#[track_caller]
fn until_all_are(lab: &Lab, verdict: &str) -> Value {
    until_some(SOON, &format!("all three are {verdict}"), || {
        let report = of(lab, &["--json"]).json();
        (verdicts(&report) == [verdict; 3]).then_some(report)
    })
}

#[test]
fn all_is_fine() {
    let receiver = Receiver::start();
    let lab = lab(&receiver.endpoint());
    let report = until_all_are(&lab, "ok");
    assert_eq!(report["fine"], true);
    let said = of(&lab, &[]);
    assert_eq!((said.code, said.complaint.as_str()), (0, ""), "{said:?}");
    // Storefront asks catalog, catalog asks its database: four spans.
    assert_eq!(said.line(&["traces", "otlp", "ok"]).split_whitespace().nth(3), Some("4"));
    assert!(said.line(&["traces", "otlp"]).ends_with(&format!("{}/v1/traces", receiver.endpoint())));
    said.line(&["logs", "stdout", "ok"]);
}

#[test]
fn a_destination_that_is_busy_is_named_with_its_trouble() {
    let receiver = Receiver::start();
    let lab = lab(&receiver.endpoint());
    receiver.set_mode(Mode::Unavailable);
    get(lab.shop("/products/1")).send().ok();
    let report = until_all_are(&lab, "busy");
    assert_eq!(report["fine"], false);
    let said = of(&lab, &[]);
    assert_eq!((said.code, said.complaint.as_str()), (1, ""), "{said:?}");
    assert!(said.line(&["traces", "otlp", "busy"]).ends_with("it answers 503"));

    receiver.set_mode(Mode::Ok);
    until_all_are(&lab, "ok");
    assert_eq!(of(&lab, &[]).code, 0, "what is over is no trouble any more");
}

#[test]
fn nobody_at_the_destination_is_said_in_words() {
    let lab = lab(&format!("http://127.0.0.1:{}", ports::one()));
    until_all_are(&lab, "away");
    let said = of(&lab, &[]);
    assert!(said.line(&["metrics", "otlp", "away"]).contains("refused"), "{said:?}");
}

#[test]
fn what_a_destination_will_not_have_is_counted_with_why() {
    let receiver = Receiver::start();
    receiver.set_mode(Mode::Bad);
    let lab = lab(&receiver.endpoint());
    until_all_are(&lab, "refusing");
    let said = of(&lab, &[]);
    assert_eq!(said.code, 1);
    assert!(
        said.line(&["traces", "otlp", "refusing"])
            .ends_with("it answers 400; dropped since the start: 4 refused"),
        "{said:?}"
    );
}

#[test]
fn a_backend_that_answers_200_and_rejects_everything_gets_nothing_and_the_doctor_says_so() {
    let receiver = Receiver::start();
    receiver.set_mode(Mode::Rejecting);
    let lab = lab(&receiver.endpoint());
    let report = until_all_are(&lab, "refusing");
    assert_eq!(report["fine"], false);
    for exit in report["exits"].as_array().expect("a list").iter().filter(|one| one["destination"] == "otlp")
    {
        assert_eq!(exit["sent"], 0, "{exit}");
        assert!(exit["dropped"].as_u64() > Some(0), "{exit}");
        assert_eq!(exit["dropped_because"]["rejected"], exit["dropped"], "{exit}");
    }
    let said = of(&lab, &[]);
    assert_eq!(said.code, 1);
    let traces = said.line(&["traces", "otlp", "refusing"]);
    assert!(traces.contains("records: over the limit"), "{traces}");
    let dropped = ["destination=\"otlp\"", "reason=\"rejected\"", "signal=\"traces\""];
    until(SOON, "all four spans are dropped", || lab.metric("lab_telemetry_dropped_total", &dropped) == 4.0);
    assert_eq!(lab.metric("lab_telemetry_sent_total", &["destination=\"otlp\""]), 0.0);
    let rejected = || {
        let lines = lab.lines();
        lines.iter().filter(|line| line["message"] == "signals are rejected, they are dropped").count()
    };
    until(SOON, "one line a signal", || rejected() == 3);
    get(lab.shop("/products/1")).send().ok();
    until(SOON, "more is rejected", || lab.metric("lab_telemetry_dropped_total", &dropped) > 4.0);
    assert_eq!(rejected(), 3, "once while it lasts");
}

#[test]
fn a_lab_that_sends_nothing_anywhere_is_fine() {
    let lab = Plan::up().start();
    get(lab.shop("/products/1")).send().ok();
    until(SOON, "its lines are out", || of(&lab, &[]).text.contains("not counted"));
    assert_eq!(of(&lab, &[]).code, 0);
}

#[test]
fn who_cannot_be_asked_is_no_verdict() {
    let nobody = format!("http://127.0.0.1:{}", ports::one());
    let said = at(&nobody, &[]);
    assert_eq!((said.code, said.text.as_str()), (2, ""));
    assert!(said.complaint.contains("no lab can be reached"), "{said:?}");
    for flag in ["--prometheus", "--loki", "--tempo"] {
        let said = at(&nobody, &[flag, "http://someone:%secret@host"]);
        assert_eq!(said.code, 2);
        assert!(said.complaint.contains(flag) && !said.complaint.contains("secret"), "{said:?}");
    }
}
