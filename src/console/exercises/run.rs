//! One trainee's way through an exercise. Pure: what time it is is told.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    catalogue::{self, Difficulty, Exercise},
    incident::Incident,
    judge::{Answer, FALSE_ALARM_COST, HINT_COSTS, Truth, Verdict, judge},
};
use crate::kernel::id;

/// How far a trainee is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    UnderWay,
    Answered,
    GivenUp,
    /// Somebody took the stage, or the lab ended.
    Interrupted,
}

/// A trainee at an exercise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: String,
    pub alias: String,
    /// The incident that is shared with others who joined.
    pub incident: String,
    pub scenario: String,
    pub difficulty: Difficulty,
    pub seed: u64,
    /// Whether the trainee may see the difficulty, and the seed, before it is over: together they are the answer in code.
    #[serde(default)]
    pub sees_difficulty: bool,
    #[serde(default)]
    pub sees_seed: bool,
    pub started_ms: i64,
    /// When something begins to be wrong.
    pub onsets_ms: Vec<i64>,
    pub state: RunState,
    pub hints: usize,
    /// When it was first said, rightly, that something is wrong.
    pub noticed_ms: Option<i64>,
    pub false_alarms: u32,
    pub ended_ms: Option<i64>,
    pub verdict: Option<Verdict>,
    /// Some traces that show it, for the debrief.
    pub trace_ids: Vec<String>,
}

impl Run {
    /// Somebody called `alias` begins to look at `incident`.
    pub fn begin(incident: Incident, alias: &str, now_ms: i64) -> Run {
        Run {
            id: id::fresh(),
            alias: alias.to_owned(),
            incident: incident.id,
            scenario: incident.scenario,
            difficulty: incident.difficulty,
            seed: incident.seed,
            sees_difficulty: incident.difficulty_is_chosen,
            sees_seed: false,
            started_ms: now_ms,
            onsets_ms: incident.onsets_ms,
            state: RunState::UnderWay,
            hints: 0,
            noticed_ms: None,
            false_alarms: 0,
            ended_ms: None,
            verdict: None,
            trace_ids: Vec::new(),
        }
    }

    pub fn exercise(&self) -> Option<&'static Exercise> {
        catalogue::of(&self.scenario)
    }

    pub fn is_under_way(&self) -> bool {
        self.state == RunState::UnderWay
    }

    /// It is said that something is wrong. That is noted once; before anything is, it is a false alarm.
    pub fn notice(&mut self, now_ms: i64) {
        match self.first_onset() {
            Some(onset) if onset <= now_ms => self.noticed_ms = self.noticed_ms.or(Some(now_ms)),
            Some(_) | None => self.false_alarms = self.false_alarms.saturating_add(1),
        }
    }

    /// One hint more, if there is one.
    pub fn take_hint(&mut self) -> bool {
        let is_left = self.hints < HINT_COSTS.len();
        self.hints += usize::from(is_left);
        is_left
    }

    /// The hints that were taken, each with what it cost.
    pub fn taken(&self) -> Vec<(&'static str, u32)> {
        let hints = self.exercise().map(|one| one.hints).into_iter().flatten();
        hints.zip(HINT_COSTS).take(self.hints).collect()
    }

    /// What the next hint costs.
    pub fn next_hint_cost(&self) -> Option<u32> {
        HINT_COSTS.get(self.hints).copied().filter(|_| self.is_under_way())
    }

    /// What hints and false alarms have cost so far.
    pub fn cost(&self) -> u32 {
        let hints: u32 = HINT_COSTS.iter().take(self.hints).sum();
        hints.saturating_add(FALSE_ALARM_COST.saturating_mul(self.false_alarms))
    }

    /// Judges the answer, which ends it.
    pub fn answer(&mut self, answer: &Answer, is_struck: bool, now_ms: i64) {
        let Some(exercise) = self.exercise() else { return };
        let truth = Truth { exercise, onsets_ms: &self.onsets_ms, is_struck };
        let verdict = judge(answer, &truth, self.cost());
        // Whoever knows what it is has noticed it.
        if verdict.names_the_service() && self.first_onset().is_some_and(|onset| onset <= now_ms) {
            self.noticed_ms = self.noticed_ms.or(Some(now_ms));
        }
        self.verdict = Some(verdict);
        self.end(RunState::Answered, now_ms);
    }

    /// It is over.
    pub fn end(&mut self, state: RunState, now_ms: i64) {
        (self.state, self.ended_ms) = (state, Some(now_ms));
    }

    /// How long it took to notice, from the moment on when there was something, and somebody to see it.
    pub fn detect_ms(&self) -> Option<i64> {
        self.noticed_ms.map(|at| self.since_there_was_something(at))
    }

    /// How long it took to say what it was; nothing when what was said is not it: another service.
    pub fn diagnose_ms(&self) -> Option<i64> {
        let is_it = self.verdict.as_ref().is_some_and(Verdict::names_the_service);
        let ended = self.ended_ms.filter(|_| self.state == RunState::Answered && is_it);
        ended.map(|at| self.since_there_was_something(at))
    }

    fn since_there_was_something(&self, at_ms: i64) -> i64 {
        let from = self.first_onset().unwrap_or(self.started_ms).max(self.started_ms);
        at_ms.saturating_sub(from).max(0)
    }

    fn first_onset(&self) -> Option<i64> {
        self.onsets_ms.iter().copied().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        let incident = Incident {
            id: "i".to_owned(),
            scenario: "retry-storm".to_owned(),
            difficulty: Difficulty::Hard,
            seed: 7,
            difficulty_is_chosen: true,
            started_ms: 1_000,
            onsets_ms: vec![46_000, 91_000],
            faults: Vec::new(),
        };
        Run::begin(incident, "Blue Heron", 1_000)
    }

    #[test]
    fn what_is_noticed_too_early_is_a_false_alarm_and_what_is_noticed_twice_counts_once() {
        let mut run = run();
        run.notice(45_999);
        assert_eq!((run.false_alarms, run.noticed_ms, run.cost()), (1, None, 5));
        run.notice(50_000);
        run.notice(60_000);
        assert_eq!((run.false_alarms, run.detect_ms()), (1, Some(4_000)));
    }

    #[test]
    fn hints_become_dearer_and_run_out() {
        let mut run = run();
        assert_eq!(run.next_hint_cost(), Some(5));
        assert!(run.take_hint() && run.take_hint() && run.take_hint() && !run.take_hint());
        assert_eq!((run.cost(), run.next_hint_cost(), run.taken().len()), (30, None, 3));
    }

    #[test]
    fn an_answer_ends_it_and_stops_both_clocks() {
        let mut run = run();
        let answer = Answer { service: Some("payments".to_owned()), ..Answer::default() };
        run.answer(&answer, false, 106_000);
        assert_eq!(
            (run.state, run.detect_ms(), run.diagnose_ms()),
            (RunState::Answered, Some(60_000), Some(60_000))
        );
        assert_eq!(run.verdict.map(|verdict| verdict.points), Some(25));
    }

    #[test]
    fn whoever_comes_late_is_not_blamed_for_it() {
        let mut late = Run { started_ms: 200_000, ..run() };
        late.notice(203_000);
        assert_eq!(late.detect_ms(), Some(3_000));
    }
}
