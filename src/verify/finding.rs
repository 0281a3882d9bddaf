//! What was found out about one promise.

use serde::Serialize;

use super::plan::PromiseId;

/// A promise, and whether it was kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What was judged: a finding is found by this, not by its position.
    #[serde(skip)]
    pub of: Judged,
    /// The alert or the query.
    pub about: String,
    /// What was promised of it.
    pub claim: String,
    /// The phase it counts from; empty when it is about the whole run.
    pub after: String,
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How long it took.
    pub observed_ms: Option<i64>,
    /// How long it may take, by the scenario.
    pub bound_ms: Option<i64>,
    /// How long it may take at most by the servers' timing, from the moment on when the rule was true.
    pub theory_ms: Option<i64>,
    /// Who was told, where that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub receivers: Vec<String>,
}

/// What a finding is about: one promise of the scenario, or what holds for every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    Promise(PromiseId),
    EveryNotificationArrives,
    NoOtherAlertFires,
    AllIsResolvedAtTheEnd,
    TheScenarioIsPlayed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Kept,
    Broken {
        why: Why,
        words: String,
    },
    /// What was seen is not enough to say.
    CouldNotTell {
        words: String,
    },
}

/// In what way a promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    Late,
    Missing,
    WrongReceiver,
    Count,
    Unexpected,
    NotInhibited,
    StillFiring,
}

impl Why {
    pub fn name(self) -> &'static str {
        match self {
            Why::Late => "late",
            Why::Missing => "missing",
            Why::WrongReceiver => "wrong-receiver",
            Why::Count => "count",
            Why::Unexpected => "unexpected",
            Why::NotInhibited => "not-inhibited",
            Why::StillFiring => "still-firing",
        }
    }
}

/// Of many findings, what they come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Kept,
    CouldNotTell,
    Broken,
}

impl Outcome {
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Outcome {
        let each = findings.into_iter().map(|finding| match finding.verdict {
            Verdict::Kept => Outcome::Kept,
            Verdict::CouldNotTell { .. } => Outcome::CouldNotTell,
            Verdict::Broken { .. } => Outcome::Broken,
        });
        each.max().unwrap_or(Outcome::CouldNotTell)
    }

    /// In words for a line of its own.
    pub fn words(self) -> &'static str {
        match self {
            Outcome::Kept => "kept",
            Outcome::CouldNotTell => "could not tell",
            Outcome::Broken => "broken",
        }
    }
}

/// As a person reads it: `3.2 s`.
pub fn seconds(millis: i64) -> String {
    // What is nearly nothing is not less than nothing.
    let millis = if millis.abs() < 50 { 0 } else { millis };
    format!("{:.1} s", millis as f64 / 1_000.0)
}
