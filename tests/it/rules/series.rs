//! Whether the list of series that `rules check` goes by is the lab's: what a running lab shows, and every metric that is
//! declared.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::files;
use crate::{servers::lab::Plan, waiting::until};

/// Series by name, with the names of their labels.
type Series = BTreeMap<String, BTreeSet<String>>;

fn series(text: &str) -> Series {
    let mut found = Series::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap_or(line.len()));
        let inside =
            rest.strip_prefix('{').and_then(|rest| rest.split_once("\"}")).map_or("", |(inside, _)| inside);
        let labels =
            inside.split("\",").filter_map(|pair| pair.split_once("=\"")).map(|(label, _)| label.to_owned());
        found.entry(name.to_owned()).or_default().extend(labels);
    }
    found
}

fn listed() -> Series {
    series(&files::read(&files::at("src/lab/rules/series.txt")))
}

#[test]
fn whatever_a_lab_shows_is_in_the_list() {
    let listed = listed();
    let lab = Plan::up().env("DOORBUSTER_VISITS_PER_MINUTE", "1200").start();
    until(Duration::from_secs(60), "there are orders", || lab.metrics().contains("\nshop_orders_total{"));
    let mut missing = Vec::new();
    for (name, labels) in series(&lab.metrics()) {
        match listed.get(&name) {
            None => missing.push(name),
            Some(known) => {
                missing.extend(labels.difference(known).map(|label| format!("{name}{{{label}}}")));
            }
        }
    }
    assert!(missing.is_empty(), "not in src/lab/rules/series.txt: {}", missing.join(", "));
}

#[test]
fn every_metric_that_is_declared_is_in_the_list() {
    let declared = files::read(&files::at("src/telemetry/names.rs"));
    let (_, rest) = declared.split_once("pub mod metric {").expect("metrics");
    let (metrics, _) = rest.split_once("\n}").expect("an end");
    let names: Vec<String> = metrics
        .lines()
        .filter_map(|line| line.split('"').nth(1))
        .map(|name| name.replace('.', "_"))
        .collect();
    assert!(names.len() > 25);
    let listed = listed();
    for name in names {
        assert!(
            listed.keys().any(|series| series.starts_with(&name)),
            "{name} is not in src/lab/rules/series.txt"
        );
    }
}
