//! What a trainee reads of a run: how it stands, and when everybody at the incident is done, what it was, what shows it,
//! and what to have looked at. Until then no part of the truth is in it, for one trainee may have several aliases.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    judge::Verdict,
    run::{Run, RunState},
    vocabulary,
};
use crate::{kernel::clock, scenario::library::Library};

/// A run as its trainee sees it. What it was is in `debrief`, once everybody at the same incident is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RunNow {
    pub id: String,
    pub alias: String,
    pub state: RunState,
    /// Nothing before it is over, unless it was asked for.
    pub difficulty: Option<super::catalogue::Difficulty>,
    /// What the exercise was drawn by; nothing before it is over, unless this trainee asked for it.
    pub seed: Option<u64>,
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
    /// Whether others are still at the same incident: verdict and debrief come when the last of them is done.
    pub is_awaiting_others: bool,
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

/// The run as its trainee may see it now; `is_open` while anybody is still at its incident.
pub fn shown(run: &Run, is_open: bool, library: &Library) -> RunNow {
    let hints = run.taken().into_iter().map(|(text, cost)| Hint { text: text.to_owned(), cost });
    // A right answer notes by itself that the incident was noticed, and so would tell that it is right.
    let noticed_by_answer = is_open && run.noticed_ms.is_some() && run.noticed_ms == run.ended_ms;
    RunNow {
        id: run.id.clone(),
        alias: run.alias.clone(),
        state: run.state,
        difficulty: (run.sees_difficulty || !is_open).then_some(run.difficulty),
        seed: (run.sees_seed || !is_open).then_some(run.seed),
        started_ms: run.started_ms,
        now_ms: clock::now_millis(),
        ended_ms: run.ended_ms,
        noticed_ms: run.noticed_ms.filter(|_| !noticed_by_answer),
        false_alarms: run.false_alarms,
        hints: hints.collect(),
        next_hint_cost: run.next_hint_cost(),
        cost: run.cost(),
        detect_ms: run.detect_ms().filter(|_| !noticed_by_answer),
        diagnose_ms: run.diagnose_ms().filter(|_| !is_open),
        is_awaiting_others: is_open && !run.is_under_way(),
        verdict: run.verdict.clone().filter(|_| !is_open),
        debrief: (!is_open).then(|| debrief(run, library)).flatten(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::exercises::{catalogue, incident::Incident, judge::Answer};

    fn run(scenario: &str) -> Run {
        let exercise = catalogue::of(scenario).expect("it is one");
        let incident = Incident {
            id: "i".to_owned(),
            scenario: scenario.to_owned(),
            difficulty: exercise.difficulty,
            seed: 7,
            difficulty_is_chosen: false,
            started_ms: 0,
            onsets_ms: vec![1_000],
            faults: Vec::new(),
        };
        Run::begin(incident, "heron", 0)
    }

    #[test]
    fn while_others_look_an_answer_is_shown_neither_right_nor_wrong() {
        let (library, exercise) = (Library::new(None), catalogue::of("slow-pages").expect("it is one"));
        let answered = |service: &str| {
            let mut run = run("slow-pages");
            let answer = Answer { service: Some(service.to_owned()), ..Answer::default() };
            run.answer(&answer, false, 5_000);
            run
        };
        let right = answered(exercise.service.right[0]);
        let json = |run: &Run, is_open: bool| {
            let shown = RunNow { id: String::new(), now_ms: 0, ..shown(run, is_open, &library) };
            serde_json::to_string(&shown).expect("it serialises")
        };
        assert_eq!(json(&right, true), json(&answered("nobody"), true));
        assert!(json(&right, true).contains("\"is_awaiting_others\":true"));
        assert_ne!(json(&right, false), json(&answered("nobody"), false));
        let over = shown(&right, false, &library);
        assert!(over.debrief.is_some() && over.verdict.is_some() && over.diagnose_ms.is_some());
        assert_eq!((over.seed, over.difficulty), (Some(7), Some(exercise.difficulty)));
    }
}
