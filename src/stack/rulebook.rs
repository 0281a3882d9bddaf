//! The alert rules that Prometheus evaluates, each with its state, and with its value against its threshold. `read` is
//! pure.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    ask::Asker,
    fields::{list, text, texts},
};
use crate::rules::threshold::{self, Threshold};

/// Questions to Prometheus at a time.
const AT_ONCE: usize = 8;

/// A rule as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleNow {
    pub group: String,
    pub name: String,
    /// Of Prometheus: `inactive`, `pending` or `firing`.
    pub state: String,
    /// `ok`, `err` or `unknown`.
    pub health: String,
    pub last_error: Option<String>,
    pub query: String,
    /// How long it has to be true before it fires, in seconds.
    pub for_seconds: f64,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    /// How many alerts of it are pending, and how many fire.
    pub pending: usize,
    pub firing: usize,
    /// What is compared: an expression; nothing where there is no number to compare with.
    pub subject: Option<String>,
    /// `>`, `<`, …
    pub sign: Option<String>,
    pub threshold: Option<f64>,
    /// What is nearest to the threshold now, or furthest beyond it; nothing where there is nothing to measure.
    pub value: Option<f64>,
    /// Whose value that is.
    pub value_labels: BTreeMap<String, String>,
}

/// All rules of Prometheus at `base`, with their values.
pub async fn now(asker: &Asker, base: &str) -> Result<Vec<RuleNow>, String> {
    let answer = asker.json(base, "/api/v1/rules?type=alert").await?;
    let measured = read(&answer).into_iter().map(|rule| async move {
        let Some(subject) = &rule.subject else { return rule };
        let query = serde_urlencoded::to_string([("query", subject)]).unwrap_or_default();
        match asker.json(base, &format!("/api/v1/query?{query}")).await {
            Ok(answer) => with_value(rule, &answer),
            Err(_) => rule,
        }
    });
    Ok(stream::iter(measured).buffered(AT_ONCE).collect().await)
}

fn read(answer: &Value) -> Vec<RuleNow> {
    let groups = list(&answer["data"]["groups"]).iter();
    let rules = groups.flat_map(|group| list(&group["rules"]).iter().map(move |rule| (&group["name"], rule)));
    rules.filter(|(_, rule)| rule["type"] == "alerting").map(|(group, rule)| one(text(group), rule)).collect()
}

fn one(group: String, rule: &Value) -> RuleNow {
    let query = text(&rule["query"]);
    let Threshold { subject, sign, limit } = match threshold::of(&query) {
        Some(threshold) => threshold,
        None => Threshold { subject: String::new(), sign: String::new(), limit: f64::NAN },
    };
    let is_there = limit.is_finite();
    let alerts = list(&rule["alerts"]);
    let count = |state: &str| alerts.iter().filter(|alert| alert["state"] == state).count();
    RuleNow {
        group,
        name: text(&rule["name"]),
        state: text(&rule["state"]),
        health: text(&rule["health"]),
        last_error: rule["lastError"].as_str().filter(|why| !why.is_empty()).map(str::to_owned),
        for_seconds: rule["duration"].as_f64().unwrap_or_default(),
        labels: texts(&rule["labels"]),
        annotations: texts(&rule["annotations"]),
        pending: count("pending"),
        firing: count("firing"),
        subject: is_there.then_some(subject),
        sign: is_there.then_some(sign),
        threshold: is_there.then_some(limit),
        value: None,
        value_labels: BTreeMap::new(),
        query,
    }
}

fn with_value(rule: RuleNow, answer: &Value) -> RuleNow {
    let wants_little = rule.sign.as_deref().is_some_and(|sign| sign.starts_with('<'));
    let values = list(&answer["data"]["result"]).iter().filter_map(|series| {
        let value: f64 = series["value"][1].as_str()?.parse().ok()?;
        value.is_finite().then(|| (value, texts(&series["metric"])))
    });
    let worst = values.reduce(|worst, one| if (one.0 < worst.0) == wants_little { one } else { worst });
    match worst {
        Some((value, value_labels)) => RuleNow { value: Some(value), value_labels, ..rule },
        None => rule,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(query: &str) -> Vec<RuleNow> {
        read(&json!({"data": {"groups": [{"name": "g", "rules": [
            {"type": "recording", "name": "r", "query": "a"},
            {"type": "alerting", "name": "A", "query": query, "duration": 5, "state": "firing", "health": "ok",
                "labels": {"severity": "critical"}, "lastError": "",
                "alerts": [{"state": "firing"}, {"state": "pending"}, {"state": "firing"}]},
        ]}]}}))
    }

    #[test]
    fn a_rule_has_its_threshold_and_how_many_alerts_it_has() {
        let rules = rules("a / b > 0.05");
        let [rule] = &rules[..] else { panic!("{rules:?}") };
        assert_eq!(
            (rule.firing, rule.pending, rule.threshold, rule.sign.as_deref()),
            (2, 1, Some(0.05), Some(">"))
        );
        assert_eq!((rule.subject.as_deref(), &rule.last_error), (Some("a / b"), &None));
    }

    #[test]
    fn the_worst_value_is_the_one_that_is_nearest_to_firing() {
        let answer = json!({"data": {"result": [
            {"metric": {"country": "US"}, "value": [0, "0.01"]},
            {"metric": {"country": "BR"}, "value": [0, "0.4"]},
            {"metric": {"country": "IN"}, "value": [0, "NaN"]},
        ]}});
        let worst = |query: &str| {
            let rule = with_value(rules(query).remove(0), &answer);
            (rule.value, rule.value_labels.get("country").cloned())
        };
        assert_eq!(worst("a > 0.05"), (Some(0.4), Some("BR".to_owned())));
        assert_eq!(worst("a < 0.05"), (Some(0.01), Some("US".to_owned())));
    }
}
