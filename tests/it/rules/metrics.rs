//! Whether the lab really has what rules and objectives ask for: a name that nobody emits is an alert that never fires.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::files;
use crate::{servers::lab::Plan, waiting::until};

/// What comes from Redis' exporters, the collector and Prometheus itself; `:` is in the names of recordings.
const FOREIGN: [&str; 2] = ["redis_", "otelcol_"];
/// Words of the language that stand where a metric could.
const WORDS: [&str; 18] = [
    "and",
    "or",
    "unless",
    "on",
    "ignoring",
    "by",
    "without",
    "offset",
    "bool",
    "group_left",
    "group_right",
    "sum",
    "max",
    "min",
    "avg",
    "count",
    "group",
    "topk",
];

/// The names of metrics in an expression.
fn metrics(expr: &str) -> BTreeSet<String> {
    let bare = without_lists(&without_texts(expr));
    let is_part = |one: char| one.is_ascii_alphanumeric() || one == '_' || one == ':';
    let (mut found, mut rest) = (BTreeSet::new(), bare.as_str());
    while let Some(start) = rest.find(is_part) {
        let (word, after) =
            rest[start..].split_at(rest[start..].find(|one| !is_part(one)).unwrap_or(rest.len() - start));
        let is_name = word.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_' || one == ':');
        let is_called = after.trim_start().starts_with('(');
        if is_name && !is_called && !WORDS.contains(&word) {
            found.insert(word.to_owned());
        }
        rest = after;
    }
    found
}

/// Without texts in quotation marks.
fn without_texts(expr: &str) -> String {
    expr.split('"').step_by(2).collect::<Vec<_>>().join(" ")
}

/// Without what stands in braces and brackets, and without lists of labels: `by (service_name)`.
fn without_lists(expr: &str) -> String {
    let (mut kept, mut depth) = (String::new(), 0);
    let mut in_list = false;
    for one in expr.chars() {
        match one {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '(' if ends_with_list_word(&kept) => in_list = true,
            ')' if in_list => {
                in_list = false;
                kept.push(',');
            }
            _ if depth == 0 && !in_list => kept.push(one),
            _ => {}
        }
    }
    kept
}

fn ends_with_list_word(text: &str) -> bool {
    let word = text.trim_end().rsplit(|one: char| !one.is_ascii_alphabetic() && one != '_').next();
    word.is_some_and(|word| ["by", "without", "on", "ignoring", "group_left", "group_right"].contains(&word))
}

/// Every name that is asked for, and by whom.
fn wanted() -> BTreeMap<String, String> {
    let mut wanted = BTreeMap::new();
    let mut ask = |expr: &str, whom: &str| {
        for name in metrics(expr) {
            wanted.entry(name).or_insert_with(|| whom.to_owned());
        }
    };
    for path in files::rule_files() {
        for rule in files::rules(&path) {
            ask(&rule.expr, &path.display().to_string());
        }
    }
    for path in files::below("slo/sloth", ".yaml") {
        for query in super::objectives::queries(&path) {
            ask(&query, &path.display().to_string());
        }
    }
    wanted
}

#[test]
fn every_metric_that_is_asked_for_is_one_that_the_lab_emits() {
    let wanted = wanted();
    assert!(wanted.len() > 20, "{wanted:?}");
    let records: BTreeSet<String> = files::rule_files()
        .iter()
        .flat_map(|path| files::rules(path))
        .filter_map(|rule| rule.record)
        .collect();
    let foreign =
        |name: &str| FOREIGN.iter().any(|prefix| name.starts_with(prefix)) || records.contains(name);
    let lab = Plan::up().env("DOORBUSTER_VISITS_PER_MINUTE", "1200").start();
    for (name, whom) in wanted.iter().filter(|(name, _)| !foreign(name)) {
        let what = format!("the lab emits {name}, which {whom} asks for");
        let sample =
            |line: &str| line.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(['{', ' ']));
        until(Duration::from_secs(60), &what, || lab.metrics().lines().any(sample));
    }
}

#[test]
fn names_are_found_in_expressions() {
    let found = |expr: &str| metrics(expr).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(found(r#"sum by (a, b) (rate(x_total{c="y_total"}[5m])) or 0 * vector(1)"#), "x_total");
    assert_eq!(found(r#"a:b:c > 0.05 and on (d) e offset 10m >= 5"#), "a:b:c e");
    assert_eq!(
        found(r#"label_replace(max(up) == 1, "service_name", "$1", "service", "(.+)") unless z"#),
        "up z"
    );
    assert_eq!(found(r#"max by (i) ({__name__=~"otelcol_x(_bytes)?"}) > 500 * 1000"#), "");
}
