//! Memory is bounded, whatever comes; what had to go is counted.

use std::time::Duration;

use doorbuster::store::{
    fill::Part,
    keep::Store,
    otlp::request::{self, Encoding, Signal},
};
use serde_json::Value;

use super::sent::{encoded, logs, metrics, now_ns, spans};
use crate::{browser::get, servers::lab::Plan, waiting::until};

#[test]
fn a_tiny_store_under_load_lets_the_oldest_go_and_stays_within_its_bound() {
    let lab = Plan::up()
        .args(&["--store-mb", "1", "--visits-per-minute", "3000"])
        .env("DOORBUSTER_SCENARIO", "normal")
        .env("OTEL_METRIC_EXPORT_INTERVAL", "500")
        .start();
    let parts = ["traces", "logs", "metrics", "graph"];
    until(Duration::from_secs(60), "traces, lines and points are let go", || {
        let fill = get(lab.at(10, "/api/store")).send().ok().json();
        for part in parts {
            let part = &fill[part];
            assert!(part["bytes"].as_u64() <= part["limit_bytes"].as_u64(), "{fill:#}");
        }
        let evicted = |part: &str| fill[part]["evicted"].as_u64().is_some_and(|count| count > 100);
        evicted("traces") && evicted("logs") && evicted("metrics")
    });
    let newest = get(lab.at(10, "/api/traces?limit=1")).send().ok().json();
    assert!(newest[0]["trace_id"].is_string(), "what is new is there: {newest:#}");
}

#[test]
fn a_lab_without_a_store_says_so_and_keeps_nothing() {
    let lab = Plan::up().env("DOORBUSTER_STORE_MB", "0").start();
    assert_eq!(get(lab.at(10, "/api/traces")).send().problem(404), "not_found");
    assert!(lab.said().contains("--store-mb is 0"), "{}", lab.said());
    let state: Value = get(lab.at(10, "/api/state")).send().ok().json();
    let to_store = |exit: &&Value| exit["destination"] == "store";
    assert_eq!(state["telemetry"].as_array().expect("a list").iter().filter(to_store).count(), 0);
}

#[test]
fn every_signal_of_every_stranger_stays_within_the_bound() {
    let store = Store::new(1 << 20);
    for number in 0..20_000_u64 {
        let id = format!("{:032x}", number + 1);
        store.take_spans(&encoded(&spans(&id, now_ns())));
        let mut measured = metrics(&id, now_ns());
        measured["resourceMetrics"][0]["resource"]["attributes"][0]["value"]["stringValue"] =
            format!("stranger-{}", number % 5_000).into();
        let measured = measured.to_string();
        let measured = request::read(measured.as_bytes(), Encoding::Json, Signal::Metrics).expect("OTLP");
        store.take_foreign_metrics(&measured);
        let records = logs(&id, now_ns()).to_string();
        store.take_records(&request::read(records.as_bytes(), Encoding::Json, Signal::Logs).expect("OTLP"));
        if number % 1_000 == 999 {
            let fill = store.fill();
            for part in [fill.traces, fill.logs, fill.metrics, fill.graph] {
                let Part { bytes, limit_bytes, items, .. } = part;
                assert!(bytes <= limit_bytes && items > 0, "{:?}", store.fill());
            }
        }
    }
    let fill = store.fill();
    assert!(
        fill.traces.evicted > 10_000 && fill.logs.evicted > 10_000 && fill.metrics.turned_away > 1_000,
        "{fill:?}"
    );
}
