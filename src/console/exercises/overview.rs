//! All runs at a glance, for the instructor. Which incident somebody is at, and whether an answer is right, is left out as long
//! as anybody still looks for it, unless it is asked for.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    catalogue::Difficulty,
    run::{Run, RunState},
};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Row {
    pub alias: String,
    pub state: RunState,
    /// Nothing as long as anybody still looks for it, unless it was asked for.
    pub difficulty: Option<Difficulty>,
    /// Nothing as long as anybody still looks for it: with the difficulty it is the answer in code.
    pub seed: Option<u64>,
    pub started_ms: i64,
    pub ended_ms: Option<i64>,
    pub hints: usize,
    pub false_alarms: u32,
    pub noticed: bool,
    pub detect_ms: Option<i64>,
    pub diagnose_ms: Option<i64>,
    pub points: Option<u32>,
    /// Nothing as long as anybody still looks for it.
    pub scenario: Option<String>,
}

/// The rows of `runs`, in their order.
pub fn rows(runs: &[Run], with_answers: bool) -> Vec<Row> {
    let is_open = |incident: &str| runs.iter().any(|one| one.incident == incident && one.is_under_way());
    let row = |run: &Run| {
        let is_told = with_answers || !is_open(&run.incident);
        // A right answer notes by itself that the incident was noticed.
        let noticed_by_answer = !is_told && run.noticed_ms.is_some() && run.noticed_ms == run.ended_ms;
        Row {
            alias: run.alias.clone(),
            state: run.state,
            difficulty: (is_told || run.sees_difficulty).then_some(run.difficulty),
            seed: is_told.then_some(run.seed),
            started_ms: run.started_ms,
            ended_ms: run.ended_ms,
            hints: run.hints,
            false_alarms: run.false_alarms,
            noticed: run.noticed_ms.is_some() && !noticed_by_answer,
            detect_ms: run.detect_ms().filter(|_| !noticed_by_answer),
            diagnose_ms: run.diagnose_ms().filter(|_| is_told),
            points: run.verdict.as_ref().map(|verdict| verdict.points).filter(|_| is_told),
            scenario: is_told.then(|| run.scenario.clone()),
        }
    };
    runs.iter().map(row).collect()
}
