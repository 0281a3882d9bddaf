//! Names that Prometheus refuses, and rules that are there twice. One such name and it takes nothing of the whole file.

use crate::rules::{
    file::{Kind, Rule, RuleFile},
    flaw::{Flaw, Severity, Source},
};

pub fn check(source: Source<'_>, file: &RuleFile) -> Vec<Flaw> {
    let mut found: Vec<Flaw> = file.rules().flat_map(|rule| names(source, rule)).collect();
    for group in &file.groups {
        for (at, rule) in group.rules.iter().enumerate() {
            if let Some(before) = group.rules[..at].iter().find(|before| is_same(before, rule)) {
                let name = rule.kind.name();
                let why =
                    format!("`{name}` is there twice: the rule in line {} says the same", before.place.line);
                found.push(source.error(rule.place, "twice", why));
            }
        }
    }
    found
}

fn names(source: Source<'_>, rule: &Rule) -> Vec<Flaw> {
    let mut found = Vec::new();
    let mut refused = |what: String, grammar: &str| {
        let why = format!("{what}: {grammar} (Prometheus 3 may take it, older ones refuse the whole file)");
        found.push(source.flaw(rule.place, Severity::Error, "bad-name", why));
    };
    if let Kind::Record(name) = &rule.kind
        && !is_name(name, ":")
    {
        refused(format!("`{name}` is no name of a series"), "letters, digits, `_` and `:`");
    }
    for (label, _) in rule.labels.iter().filter(|(label, _)| !is_name(label, "")) {
        refused(format!("`{label}` is no name of a label"), "letters, digits and `_`");
    }
    for (key, _) in rule.annotations.iter().filter(|(key, _)| !is_name(key, "")) {
        refused(format!("`{key}` is no name of an annotation"), "letters, digits and `_`");
    }
    found
}

/// Letters, digits, `_` and what is in `others`, and no digit first.
fn is_name(name: &str, others: &str) -> bool {
    let is_part = |one: char| one.is_ascii_alphanumeric() || one == '_' || others.contains(one);
    !name.is_empty() && !name.starts_with(|one: char| one.is_ascii_digit()) && name.chars().all(is_part)
}

fn is_same(one: &Rule, other: &Rule) -> bool {
    let sorted = |rule: &Rule| {
        let mut labels = rule.labels.clone();
        labels.sort();
        labels
    };
    one.kind == other.kind && sorted(one) == sorted(other) && one.expr.to_string() == other.expr.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rules: &str) -> Vec<String> {
        let text = format!("groups:\n- name: g\n  rules:\n{rules}");
        let file = RuleFile::parse("a.yml", &text).expect("rules");
        let found = check(Source { name: "a.yml", text: &text }, &file);
        found.into_iter().map(|flaw| format!("{} {}", flaw.line, flaw.kind)).collect()
    }

    #[test]
    fn names_are_those_that_prometheus_takes() {
        let rules = "  - {record: x-y, expr: up}\n  - {record: 'a:b_c:5m', expr: up, labels: {bad-label: x}}\n  \
                     - {alert: Any name will do, expr: up, labels: {team: x}, annotations: {7up: x}}\n";
        assert_eq!(said(rules), ["4 bad-name", "5 bad-name", "6 bad-name"]);
    }

    #[test]
    fn only_the_same_alert_again_is_twice() {
        let rules = "  - {alert: A, expr: up == 0, for: 1m, labels: {a: '1', b: '2'}}\n  \
                     - {alert: A, expr: up==0, labels: {b: '2', a: '1'}}\n  \
                     - {alert: A, expr: up == 0, labels: {a: '2'}}\n  - {alert: A, expr: up == 1}\n";
        assert_eq!(said(rules), ["5 twice"]);
    }
}
