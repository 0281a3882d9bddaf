//! What is known of the verification that runs, or ran last.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;
use serde_json::Value;
use tokio::task::AbortHandle;
use utoipa::ToSchema;

use crate::{
    kernel::clock,
    verify::report::{self, Report},
};

/// Lines that are kept of what was said.
const MOST_LINES: usize = 500;

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerifyState {
    /// None has run since the lab began.
    #[default]
    Idle,
    UnderWay,
    /// All that was asked for was played.
    Done,
    /// Somebody ended it.
    Ended,
    /// It could not go on; `why` says why.
    Failed,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct VerifyNow {
    pub state: VerifyState,
    /// Which are played, in this order.
    pub scenarios: Vec<String>,
    /// Which of them is on.
    pub scenario: Option<String>,
    pub hurry: bool,
    pub started_ms: Option<i64>,
    pub ended_ms: Option<i64>,
    pub why: Option<String>,
    /// What has happened, the newest last.
    #[schema(value_type = Vec<String>)]
    pub lines: VecDeque<String>,
    pub reports: Vec<Judged>,
}

/// A scenario that was played.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Judged {
    pub scenario: String,
    pub title: String,
    /// `kept`, `broken` or `could_not_tell`.
    #[schema(value_type = String)]
    pub outcome: Value,
    pub took_ms: i64,
    pub findings: Vec<Promise>,
}

/// One promise, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Promise {
    /// The alert or the query.
    pub about: String,
    pub claim: String,
    /// The phase it counts from.
    pub after: String,
    /// `kept`, `broken` or `could_not_tell`.
    #[schema(value_type = String)]
    pub verdict: Value,
    /// The verdict in words.
    pub words: String,
    pub observed_ms: Option<i64>,
    pub bound_ms: Option<i64>,
    /// By the servers' own timing.
    pub at_most_ms: Option<i64>,
}

/// The event `verify`: what has just happened.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct VerifyStep {
    pub state: VerifyState,
    pub scenario: Option<String>,
    pub line: String,
    /// How many have been judged.
    pub judged: usize,
}

/// Keeps it. Clones are the same one.
#[derive(Clone, Default)]
pub struct Record(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    now: VerifyNow,
    task: Option<AbortHandle>,
}

impl Record {
    pub fn now(&self) -> VerifyNow {
        self.kept().now.clone()
    }

    pub fn is_under_way(&self) -> bool {
        self.kept().now.state == VerifyState::UnderWay
    }

    /// One begins, unless one is under way.
    pub fn begin(&self, scenarios: Vec<String>, hurry: bool) -> bool {
        let mut kept = self.kept();
        if kept.now.state == VerifyState::UnderWay {
            return false;
        }
        let started_ms = Some(clock::now_millis());
        let state = VerifyState::UnderWay;
        kept.now = VerifyNow { state, scenarios, hurry, started_ms, ..VerifyNow::default() };
        true
    }

    /// How it can be ended.
    pub fn is_played_by(&self, task: AbortHandle) {
        self.kept().task = Some(task);
    }

    /// A scenario is on.
    pub fn turn_to(&self, scenario: &str) {
        self.kept().now.scenario = Some(scenario.to_owned());
    }

    /// Keeps a line, and says what is to be told of it.
    pub fn say(&self, line: &str) -> VerifyStep {
        let mut kept = self.kept();
        let now = &mut kept.now;
        if now.lines.len() >= MOST_LINES {
            now.lines.pop_front();
        }
        now.lines.push_back(line.trim_end().to_owned());
        step(now, line)
    }

    /// A scenario was judged.
    pub fn judged(&self, report: &Report) {
        let value = |verdict: &_| serde_json::to_value(verdict).unwrap_or_default();
        let findings = report.findings.iter().map(|one| Promise {
            about: one.about.clone(),
            claim: one.claim.clone(),
            after: one.after.clone(),
            verdict: value(&one.verdict)["verdict"].clone(),
            words: report::words(&one.verdict),
            observed_ms: one.observed_ms,
            bound_ms: one.bound_ms,
            at_most_ms: one.theory_ms,
        });
        let judged = Judged {
            scenario: report.scenario.clone(),
            title: report.title.clone(),
            outcome: serde_json::to_value(report.outcome).unwrap_or_default(),
            took_ms: report.took_ms,
            findings: findings.collect(),
        };
        self.kept().now.reports.push(judged);
    }

    /// It is over, for whatever reason; only the first counts.
    pub fn end(&self, state: VerifyState, why: Option<String>) -> Option<VerifyStep> {
        let mut kept = self.kept();
        if kept.now.state != VerifyState::UnderWay {
            return None;
        }
        if let Some(task) = kept.task.take()
            && state == VerifyState::Ended
        {
            task.abort();
        }
        let now = &mut kept.now;
        (now.state, now.why, now.scenario) = (state, why, None);
        now.ended_ms = Some(clock::now_millis());
        Some(step(now, ""))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn step(now: &VerifyNow, line: &str) -> VerifyStep {
    VerifyStep {
        state: now.state,
        scenario: now.scenario.clone(),
        line: line.trim_end().to_owned(),
        judged: now.reports.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_at_a_time_and_what_was_ended_stays_ended() {
        let record = Record::default();
        assert_eq!(record.now().state, VerifyState::Idle);
        assert!(record.begin(vec!["a".to_owned()], true) && !record.begin(vec!["b".to_owned()], true));
        record.turn_to("a");
        assert_eq!(record.say("something happens\n").line, "something happens");
        assert!(record.end(VerifyState::Ended, None).is_some());
        assert_eq!(record.end(VerifyState::Done, None), None);
        assert_eq!((record.now().state, record.now().scenario), (VerifyState::Ended, None));
        assert!(record.begin(vec!["b".to_owned()], false) && record.now().lines.is_empty());
    }

    #[test]
    fn lines_without_end_do_not_fill_the_memory() {
        let record = Record::default();
        (0..2 * MOST_LINES).for_each(|number| drop(record.say(&number.to_string())));
        let lines = record.now().lines;
        assert_eq!(
            (lines.len(), lines.back().cloned()),
            (MOST_LINES, Some((2 * MOST_LINES - 1).to_string()))
        );
    }
}
