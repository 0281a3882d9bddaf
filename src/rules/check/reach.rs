//! Whether an alert can match: yes, no, or perhaps, for a label that only the evaluation knows.

use super::labels::{Horizon, Labels};
use crate::rules::{
    file::{Kind, Rule, RuleFile},
    matcher::Matcher,
};

/// An alert with what can be said of its labels before it fires.
pub struct Candidate<'a> {
    pub name: &'a str,
    rule: &'a Rule,
    labels: Labels,
}

impl<'a> Candidate<'a> {
    /// The alerts of all files.
    pub fn all(files: &'a [RuleFile], horizon: &Horizon<'_>) -> Vec<Candidate<'a>> {
        let candidate = |rule: &'a Rule| match &rule.kind {
            Kind::Alert(name) => Some(Candidate { name, rule, labels: horizon.of_rule(rule) }),
            Kind::Record(_) => None,
        };
        files.iter().flat_map(RuleFile::rules).filter_map(candidate).collect()
    }

    /// Whether all of `matchers` can hold for it.
    pub fn can_match(&self, matchers: &[Matcher]) -> bool {
        matchers.iter().all(|matcher| match self.value(&matcher.label) {
            Some(value) => matcher.holds(value),
            None => true,
        })
    }

    /// Whether all of `matchers` must hold for it.
    pub fn must_match(&self, matchers: &[Matcher]) -> bool {
        matchers.iter().all(|matcher| self.value(&matcher.label).is_some_and(|value| matcher.holds(value)))
    }

    pub fn may_have(&self, label: &str) -> bool {
        label == "alertname" || self.labels.as_ref().is_none_or(|labels| labels.contains(label))
    }

    /// What a label will say, when that is known now. One that it cannot have is the empty word.
    fn value(&self, label: &str) -> Option<&str> {
        if label == "alertname" {
            return Some(self.name);
        }
        match self.rule.label(label) {
            Some(value) if value.contains("{{") => None,
            Some(value) => Some(value),
            None if self.may_have(label) => None,
            None => Some(""),
        }
    }
}
