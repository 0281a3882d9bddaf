//! What arrives at Loki is what stands on standard output.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};

use super::push::{self, Kept};
use crate::{
    browser::get,
    otlp::receiver::Receiver,
    servers::lab::{Customer, Lab, Plan},
    sink::Sink,
    waiting::until,
};

const SOON: Duration = Duration::from_secs(20);

fn kept(sink: &Sink) -> Vec<Kept> {
    sink.posts().iter().flat_map(push::read).collect()
}

/// The lines on standard output, but for those that say how many have left: they come when the ways out are closed.
fn underway(lab: &Lab) -> Vec<Value> {
    lab.lines().into_iter().filter(|line| line["message"] != "signals have ended").collect()
}

/// A checkout with all that goes before it.
fn buy(lab: &Lab, session: &str) {
    let customer = Customer::new(lab, session, "US");
    customer.add(1, 2).ok();
    customer.checkout(Some(session), json!({})).ok();
}

fn exit(lab: &Lab, signal: &str, destination: &str) -> Option<Value> {
    let state: Value = serde_json::from_str(&get(lab.at(10, "/api/state")).send().ok().body).expect("JSON");
    let exits = state["telemetry"].as_array().expect("exits").clone();
    exits.into_iter().find(|exit| exit["signal"] == signal && exit["destination"] == destination)
}

/// Nanoseconds since 1970 of `2026-11-21T12:00:00.123456Z`, as `date` would tell.
fn nanos(timestamp: &str) -> u128 {
    let at = humantime::parse_rfc3339(timestamp).expect("a time");
    at.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_nanos()
}

#[test]
fn every_line_arrives_once_as_it_stands_on_standard_output() {
    let sink = Sink::start();
    let mut lab = Plan::up().env("LOKI_URL", &sink.base()).start();
    buy(&lab, "loki-1");
    let spoken = |lines: &[Kept]| lines.iter().any(|one| one.labels["service_name"] == "checkout");
    until(SOON, "checkout's lines are at Loki", || spoken(&kept(&sink)));
    assert!(lab.terminate().success());

    let arrived = kept(&sink);
    let told: BTreeMap<String, usize> = count(underway(&lab).iter().map(Value::to_string));
    let came = count(
        arrived
            .iter()
            .map(|one| serde_json::from_str::<Value>(&one.line).expect("the JSON line").to_string()),
    );
    assert_eq!(came, told, "each line once, the last ones included");

    for one in &arrived {
        let line: Value = serde_json::from_str(&one.line).expect("JSON");
        let names: Vec<_> = one.labels.keys().map(String::as_str).collect();
        assert_eq!(names, ["level", "namespace", "service_name"]);
        assert_eq!(one.labels["service_name"], line["service"]);
        assert_eq!(one.labels["namespace"], "webstore");
        assert_eq!(one.labels["level"], line["level"].as_str().expect("a level").to_lowercase());
        let at = u128::from(one.seconds) * 1_000_000_000 + u128::from(one.nanos);
        // The line's own time, which it tells less finely.
        assert!(at.abs_diff(nanos(line["timestamp"].as_str().expect("a time"))) < 1_000_000);
        for id in ["trace_id", "span_id"] {
            assert_eq!(one.metadata.get(id).map(String::as_str), line[id].as_str(), "{}", one.line);
        }
    }
    let of_trace = arrived.iter().filter(|one| one.metadata.contains_key("trace_id")).count();
    assert!(of_trace > 3, "{of_trace} lines belong to a trace");
    let services: BTreeSet<_> = arrived.iter().map(|one| one.labels["service_name"].as_str()).collect();
    assert!(
        services.is_superset(&BTreeSet::from(["storefront", "cart", "checkout", "payments"])),
        "{services:?}"
    );
    for post in sink.posts() {
        in_order(&push::read(&post));
    }
}

/// Loki wants the lines of a stream in order.
fn in_order(lines: &[Kept]) {
    let mut last = BTreeMap::new();
    for one in lines {
        let at = (one.seconds, one.nanos);
        let before = last.insert(one.labels.clone(), at);
        assert!(before.is_none_or(|before| before <= at), "{before:?} before {at:?}");
    }
}

fn count(lines: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    lines.for_each(|line| *counts.entry(line).or_default() += 1);
    counts
}

#[test]
fn the_way_in_is_shown_to_loki_and_to_nobody_else() {
    let sink = Sink::start();
    let address = format!("http://ann:s%40cret@{}/base", sink.place());
    let mut lab = Plan::up().env("LOKI_URL", &address).env("LOKI_ORG_ID", "tenant-9").start();
    get(lab.shop("/products")).send().ok();
    until(SOON, "a push arrives", || !sink.posts().is_empty());
    let post = sink.posts().remove(0);
    assert_eq!(post.path, "/base/loki/api/v1/push");
    assert_eq!(post.headers["authorization"], "Basic YW5uOnNAY3JldA==");
    assert_eq!(post.headers["x-scope-orgid"], "tenant-9");
    let exit = exit(&lab, "logs", "loki").expect("a way out").to_string();
    assert!(lab.terminate().success());
    for told in [lab.said(), exit, format!("{:?}", lab.lines())] {
        assert!(!told.contains("cret") && !told.contains("ann:"), "{told}");
    }
}

#[test]
fn lines_leave_by_one_way_unless_both_are_asked_for() {
    let (sink, otlp) = (Sink::start(), Receiver::start());
    let plan =
        || Plan::up().env("LOKI_URL", &sink.base()).env("OTEL_EXPORTER_OTLP_ENDPOINT", &otlp.endpoint());
    let mut lab = plan().start();
    get(lab.shop("/products")).send().ok();
    until(SOON, "a push arrives", || !sink.posts().is_empty());
    otlp.wait_until(SOON, "spans and metrics go by OTLP", |received| !received.points.is_empty());
    assert!(exit(&lab, "logs", "otlp").is_none());
    assert!(lab.said().contains("OTEL_LOGS_EXPORTER=otlp sends them both ways"), "{}", lab.said());
    assert!(lab.terminate().success());
    assert!(otlp.received().logs.is_empty());

    let mut lab = plan().env("OTEL_LOGS_EXPORTER", "otlp").start();
    get(lab.shop("/products")).send().ok();
    otlp.wait_until(SOON, "log records go by OTLP as well", |received| !received.logs.is_empty());
    assert!(exit(&lab, "logs", "loki").is_some());
    assert!(lab.terminate().success());
}

#[test]
fn a_storm_of_lines_is_delivered_or_counted_to_the_last() {
    let sink = Sink::start();
    let mut lab = Plan::up().env("LOKI_URL", &sink.base()).start();
    // Far more than the 512 places of the library between.
    for _ in 0..60 {
        for _ in 0..20 {
            get(lab.shop("/health")).send();
        }
        get(lab.shop("/products")).send().ok();
    }
    let number = |exit: &Value, name: &str| exit[name].as_u64().expect("a number");
    let told = |lab: &Lab| underway(lab).len() as u64;
    until(SOON, "nothing waits and all lines are accounted for", || {
        let exit = exit(&lab, "logs", "loki").expect("a way out");
        number(&exit, "queue_bytes") == 0 && number(&exit, "sent") + number(&exit, "dropped") >= told(&lab)
    });
    assert!(lab.terminate().success());
    assert_eq!(kept(&sink).len() as u64, told(&lab), "none is lost when nothing is wrong");
}
