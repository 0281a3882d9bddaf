//! Series and labels that nobody has: a word with a slip in it never fires, and no one says so.

use std::collections::BTreeSet;

use promql_parser::parser::{Expr, LabelModifier, VectorSelector};
use regex::Regex;

use super::labels::{Horizon, Labels};
use crate::rules::{
    file::{Rule, RuleFile},
    flaw::{Flaw, Severity, Source, nearest},
    parts,
};

/// What is wrong with the series and labels of a file. `severity` is that of a name nobody has: not everything may be
/// known.
pub fn check(source: Source<'_>, file: &RuleFile, horizon: &Horizon<'_>, severity: Severity) -> Vec<Flaw> {
    let mut found = Vec::new();
    for rule in file.rules() {
        let mut said = BTreeSet::new();
        let mut add = |severity, kind, why: String| {
            if said.insert(why.clone()) {
                found.push(source.flaw(rule.expr_place, severity, kind, why));
            }
        };
        for selector in parts::selectors(&rule.expr) {
            if let Some(why) = unknown_series(selector, horizon) {
                add(severity, "unknown-metric", why);
            } else {
                unknown_labels(selector, horizon)
                    .into_iter()
                    .for_each(|why| add(Severity::Error, "unknown-label", why));
            }
        }
        for why in unknown_grouping(&rule.expr, horizon) {
            add(Severity::Error, "unknown-label", why);
        }
        for why in unknown_in_text(rule, horizon) {
            add(Severity::Error, "unknown-label", why);
        }
    }
    found
}

/// A selector may mean several names; it is right when there is one of them.
fn unknown_series(selector: &VectorSelector, horizon: &Horizon<'_>) -> Option<String> {
    let names = parts::names(selector);
    // A pattern that says more than a list of names is left alone.
    let is_plain =
        |name: &String| name.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '_' | ':'));
    if names.is_empty() || !names.iter().all(is_plain) || names.iter().any(|name| horizon.has(name)) {
        return None;
    }
    let name = &names[0];
    let near = nearest(name, horizon.known.names().chain(horizon.records()));
    Some(format!("nobody has a metric `{name}`{near}"))
}

fn unknown_labels(selector: &VectorSelector, horizon: &Horizon<'_>) -> Vec<String> {
    let names = parts::names(selector);
    let [name] = names.as_slice() else { return Vec::new() };
    let Some(labels) = horizon.of_series(name) else { return Vec::new() };
    let matchers = selector.matchers.matchers.iter().chain(selector.matchers.or_matchers.iter().flatten());
    let asked = matchers.map(|matcher| matcher.name.as_str());
    asked
        .filter(|label| *label != "__name__")
        .filter_map(|label| missing(label, &labels, &format!("`{name}`")))
        .collect()
}

/// Labels that are grouped by, and that nothing below has.
fn unknown_grouping(expr: &Expr, horizon: &Horizon<'_>) -> Vec<String> {
    let mut found = Vec::new();
    parts::walk(expr, &mut |part| {
        if let Expr::Aggregate(aggregate) = part
            && let Some(LabelModifier::Include(by)) = &aggregate.modifier
            && let Some(labels) = horizon.of(&aggregate.expr)
        {
            found.extend(
                by.labels.iter().filter_map(|label| missing(label, &labels, "what is added up here")),
            );
        }
    });
    found
}

/// `{{ $labels.x }}` of a label that the alert does not have is an empty place in the message.
fn unknown_in_text(rule: &Rule, horizon: &Horizon<'_>) -> Vec<String> {
    let labels: Labels = horizon.of_rule(rule);
    let (Some(labels), Ok(spoken)) = (labels, Regex::new(r"\$labels\.([A-Za-z_][A-Za-z0-9_]*)")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (key, text) in rule.annotations.iter().chain(&rule.labels) {
        for spoken in spoken.captures_iter(text) {
            let label = &spoken[1];
            let has_it = labels.contains(label) || label == "alertname";
            if !has_it {
                let near = nearest(label, labels.iter().map(String::as_str));
                found.push(format!(
                    "`{key}` speaks of the label `{label}`, which this alert does not have{near}"
                ));
            }
        }
    }
    found
}

fn missing(label: &str, labels: &BTreeSet<String>, whose: &str) -> Option<String> {
    let near = nearest(label, labels.iter().map(String::as_str));
    (!labels.contains(label)).then(|| format!("{whose} has no label `{label}`{near}"))
}
