//! What a trainee is told when it is over: what it was, what shows it, and what to have looked at.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    judge::Verdict,
    run::{Run, RunState},
    vocabulary,
};
use crate::{kernel::clock, scenario::library::Library};

/// A run as its trainee sees it. What it was is in `debrief`, once it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RunNow {
    pub id: String,
    pub alias: String,
    pub state: RunState,
    pub difficulty: super::catalogue::Difficulty,
    /// What the exercise was drawn by.
    pub seed: u64,
    pub started_ms: i64,
    /// The lab's clock.
    pub now_ms: i64,
    pub ended_ms: Option<i64>,
    pub noticed_ms: Option<i64>,
    pub false_alarms: u32,
    pub hints: Vec<Hint>,
    /// What the next one costs; nothing when there is none left.
    pub next_hint_cost: Option<u32>,
    /// What hints and false alarms have cost.
    pub cost: u32,
    /// From the moment on when something was wrong.
    pub detect_ms: Option<i64>,
    pub diagnose_ms: Option<i64>,
    pub verdict: Option<Verdict>,
    pub debrief: Option<Debrief>,
}

/// A hint that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hint {
    pub text: String,
    pub cost: u32,
}

/// What it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Debrief {
    pub scenario: String,
    pub title: String,
    pub story: String,
    pub lesson: String,
    pub service: String,
    pub place: String,
    /// In words.
    pub kind: String,
    pub onsets_ms: Vec<i64>,
    /// Some traces that show it; as long as the store has them.
    pub trace_ids: Vec<String>,
    pub look: Vec<Look>,
}

/// What to have looked at, and where on the page that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Look {
    pub text: String,
    pub href: String,
}

/// The run as its trainee may see it now.
pub fn shown(run: &Run, library: &Library) -> RunNow {
    let hints = run.taken().into_iter().map(|(text, cost)| Hint { text: text.to_owned(), cost });
    RunNow {
        id: run.id.clone(),
        alias: run.alias.clone(),
        state: run.state,
        difficulty: run.difficulty,
        seed: run.seed,
        started_ms: run.started_ms,
        now_ms: clock::now_millis(),
        ended_ms: run.ended_ms,
        noticed_ms: run.noticed_ms,
        false_alarms: run.false_alarms,
        hints: hints.collect(),
        next_hint_cost: run.next_hint_cost(),
        cost: run.cost(),
        detect_ms: run.detect_ms(),
        diagnose_ms: run.diagnose_ms(),
        verdict: run.verdict.clone(),
        debrief: (!run.is_under_way()).then(|| debrief(run, library)).flatten(),
    }
}

fn debrief(run: &Run, library: &Library) -> Option<Debrief> {
    let exercise = run.exercise()?;
    let spec = library.get(exercise.scenario);
    let first = |words: &[&'static str]| words.first().copied().unwrap_or_default().to_owned();
    let look = |(text, href): &(&str, &str)| Look { text: (*text).to_owned(), href: (*href).to_owned() };
    Some(Debrief {
        scenario: exercise.scenario.to_owned(),
        title: spec.as_ref().map(|spec| spec.title.clone()).unwrap_or_default(),
        story: spec.as_ref().map(|spec| spec.story.clone()).unwrap_or_default(),
        lesson: exercise.lesson.to_owned(),
        service: first(exercise.service.right),
        place: first(exercise.places.right),
        kind: exercise.kinds.right.iter().map(|kind| vocabulary::title(kind)).collect::<Vec<_>>().join(", "),
        onsets_ms: run.onsets_ms.clone(),
        trace_ids: run.trace_ids.clone(),
        look: exercise.look.iter().map(look).collect(),
    })
}
