//! What was seen of one scenario: facts with their instants, as plain data. Who saw them, and what they mean, is not
//! known here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Who is asked: the names of sources.
pub const PROMETHEUS: &str = "prometheus";
pub const ALERTMANAGER: &str = "alertmanager";
pub const LAB: &str = "lab";
/// Alertmanager's own record.
pub const RECORDER: &str = "event recorder";

/// The alert that always fires, so that its silence can be heard.
pub const WATCHDOG: &str = "Watchdog";

pub type Labels = BTreeMap<String, String>;

/// Instants are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeline {
    pub scenario: String,
    pub seed: Option<u64>,
    pub begun_ms: i64,
    /// When the last look was taken.
    pub ended_ms: i64,
    /// When each phase really began.
    pub phases: BTreeMap<String, i64>,
    pub firings: Vec<Firing>,
    pub held: Vec<Held>,
    pub told: Vec<Told>,
    /// What Alertmanager says it delivered, where it keeps a record of that.
    pub sent: Option<Vec<Sent>>,
    /// What queries gave, in order of time.
    pub samples: BTreeMap<String, Vec<Sample>>,
    pub gaps: Vec<Gap>,
    /// What somebody else did meanwhile: then the run proves nothing.
    pub disturbed: Vec<String>,
}

/// An alert as Prometheus has it, from pending to gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Firing {
    pub labels: Labels,
    /// When its expression was first true.
    pub active_ms: i64,
    pub fired_ms: Option<i64>,
    /// When it was first seen not to fire any more.
    pub gone_ms: Option<i64>,
}

/// An alert as Alertmanager has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Held {
    pub fingerprint: String,
    pub labels: Labels,
    pub starts_ms: i64,
    pub receivers: Vec<String>,
    /// The alerts that held it back, by their labels.
    pub inhibited_by: Vec<Labels>,
    /// When it was first seen held back.
    pub inhibited_ms: Option<i64>,
    /// Somebody had silenced or muted it.
    pub silenced: bool,
}

/// A notification that arrived at a receiver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    pub id: u64,
    pub receiver: String,
    pub group_key: String,
    pub at_ms: i64,
    /// Why Alertmanager sent it, where it says so.
    pub reason: Option<String>,
    pub alerts: Vec<ToldAlert>,
}

/// A notification that a receiver took, as Alertmanager recorded it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sent {
    pub at_ms: i64,
    pub receiver: String,
    pub group_key: String,
    /// Alertmanager's word for why: `NOTIFY_REASON_…`.
    pub reason: String,
    /// Fingerprints of alerts.
    pub firing: Vec<String>,
    pub resolved: Vec<String>,
}

/// One alert of a notification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToldAlert {
    pub fingerprint: String,
    pub labels: Labels,
    pub firing: bool,
    pub starts_ms: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub at_ms: i64,
    pub value: f64,
}

/// Somebody could not be asked for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub source: String,
    pub from_ms: i64,
    /// The last look that failed.
    pub to_ms: i64,
    pub why: String,
}

/// Whether `labels` have all that is `wanted`.
pub fn has(labels: &Labels, wanted: &Labels) -> bool {
    wanted.iter().all(|(name, value)| labels.get(name) == Some(value))
}

/// An alert's name; empty when it has none.
pub fn name(labels: &Labels) -> &str {
    labels.get("alertname").map_or("", String::as_str)
}

/// Labels that say for whom an alert is, or how it was made; without them it is still told apart.
const DULL: [&str; 7] = ["severity", "team", "slo", "sloth_id", "sloth_service", "sloth_slo", "sloth_window"];

/// An alert's name, and those of its other labels that tell it apart.
pub fn brief(labels: &Labels) -> String {
    let telling = labels.iter().filter(|(name, _)| !DULL.contains(&name.as_str()));
    title(&telling.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// An alert's name, and its other labels.
pub fn title(labels: &Labels) -> String {
    let name = name(labels);
    let others: Vec<String> = labels
        .iter()
        .filter(|(key, _)| *key != "alertname")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if others.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", others.join(",")) }
}

impl Timeline {
    /// Names of the alerts that fired, but for the one that always does.
    pub fn fired(&self) -> BTreeSet<String> {
        let fired = self.firings.iter().filter(|one| one.fired_ms.is_some());
        fired.map(|one| name(&one.labels).to_owned()).filter(|name| name != WATCHDOG).collect()
    }

    /// A gap of `source` (or of anybody) of more than `patience_ms` between `from_ms` and `to_ms`.
    pub fn gap(&self, sources: &[&str], from_ms: i64, to_ms: i64, patience_ms: i64) -> Option<&Gap> {
        self.gaps.iter().find(|gap| {
            let (from, to) = (gap.from_ms.max(from_ms), gap.to_ms.min(to_ms));
            sources.contains(&gap.source.as_str()) && to - from > patience_ms
        })
    }

    /// Notes that `source` could not be asked just now.
    pub fn missed(&mut self, source: &str, now_ms: i64, why: &str) {
        let last = self.gaps.iter_mut().rev().find(|gap| gap.source == source);
        match last {
            Some(gap) if gap.to_ms >= self.ended_ms => gap.to_ms = now_ms,
            _ => self.gaps.push(Gap {
                source: source.to_owned(),
                from_ms: self.ended_ms.max(self.begun_ms),
                to_ms: now_ms,
                why: why.to_owned(),
            }),
        }
    }
}
