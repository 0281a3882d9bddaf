//! Judges an answer, part by part. Pure: what was true is given to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    catalogue::{Exercise, Right},
    vocabulary,
};

/// How far off a moment may be to be right, and to be half right, in milliseconds.
const RIGHT_WITHIN_MS: i64 = 60_000;
const NEAR_WITHIN_MS: i64 = 180_000;

/// What a hint costs: the first, the second, the third.
pub const HINT_COSTS: [u32; 3] = [5, 10, 15];
/// What it costs to cry wolf.
pub const FALSE_ALARM_COST: u32 = 5;

/// What a trainee says it was. A part that is left out is wrong; at least one is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(min_properties = 1)]
pub struct Answer {
    /// The service that is at fault.
    #[schema(schema_with = vocabulary::service_schema, required = false)]
    pub service: Option<String>,
    /// A country, a route, a query, a payment method, or `everywhere`.
    #[schema(schema_with = vocabulary::place_schema, required = false)]
    pub place: Option<String>,
    /// What kind of fault.
    #[schema(schema_with = vocabulary::kind_schema, required = false)]
    pub kind: Option<String>,
    /// Since when, in milliseconds since 1970.
    #[schema(nullable = false)]
    pub since_ms: Option<i64>,
    /// A trace that shows it.
    #[schema(pattern = r"^\s*[0-9a-fA-F]{32}\s*$", nullable = false)]
    pub trace_id: Option<String>,
}

/// What was true.
pub struct Truth<'a> {
    pub exercise: &'a Exercise,
    /// When something began to be wrong, in milliseconds since 1970.
    pub onsets_ms: &'a [i64],
    /// Whether the ledger knows that the trace of the answer was struck.
    pub is_struck: bool,
}

/// Whether a part is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Right,
    /// Half of its points.
    Near,
    Wrong,
    /// Nothing was said.
    Missing,
}

/// A part of an answer, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AnswerPart)]
pub struct Part {
    /// `service`, `place`, `kind`, `since` or `trace`.
    pub part: String,
    pub outcome: Outcome,
    pub points: u32,
    /// The most there was to have.
    pub of: u32,
    /// What was said, and what would have been right, each for a person.
    pub said: String,
    pub truth: String,
}

/// All parts, and what they come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    pub parts: Vec<Part>,
    /// What hints and false alarms have cost.
    pub cost: u32,
    /// From 0 to 100.
    pub points: u32,
}

impl Verdict {
    /// Whether the answer names the service that is at fault.
    pub fn names_the_service(&self) -> bool {
        self.parts.iter().any(|part| part.part == "service" && part.outcome == Outcome::Right)
    }
}

/// Parts and the most each is worth; together a hundred.
pub const PARTS: [(&str, u32); 5] =
    [("service", 25), ("place", 20), ("kind", 20), ("since", 15), ("trace", 20)];

/// Judges `answer`; `cost` is taken off in the end.
pub fn judge(answer: &Answer, truth: &Truth<'_>, cost: u32) -> Verdict {
    let exercise = truth.exercise;
    let trace = match (&answer.trace_id, truth.is_struck) {
        (None, _) => Outcome::Missing,
        (Some(_), true) => Outcome::Right,
        (Some(_), false) => Outcome::Wrong,
    };
    let trace_truth = match trace {
        Outcome::Right => "the ledger has it",
        Outcome::Missing => "any that the fault struck",
        Outcome::Near | Outcome::Wrong => "the ledger knows nothing of it",
    };
    let first = |right: &Right| right.right.first().copied().unwrap_or_default();
    let kind = vocabulary::title;
    let judged = [
        (
            word(answer.service.as_deref(), &exercise.service),
            answer.service.clone(),
            first(&exercise.service).to_owned(),
        ),
        (
            word(answer.place.as_deref(), &exercise.places),
            answer.place.clone(),
            first(&exercise.places).to_owned(),
        ),
        (
            word(answer.kind.as_deref(), &exercise.kinds),
            answer.kind.as_deref().map(|word| kind(word).to_owned()),
            exercise.kinds.right.iter().map(|word| kind(word)).collect::<Vec<_>>().join(", "),
        ),
        (
            moment(answer.since_ms, truth.onsets_ms),
            answer.since_ms.map(crate::kernel::clock::rfc3339),
            truth
                .onsets_ms
                .iter()
                .map(|at| crate::kernel::clock::rfc3339(*at))
                .collect::<Vec<_>>()
                .join(", "),
        ),
        (trace, answer.trace_id.clone(), trace_truth.to_owned()),
    ];
    let part =
        |((part, of), (outcome, said, truth)): ((&str, u32), (Outcome, Option<String>, String))| Part {
            part: part.to_owned(),
            outcome,
            points: worth(outcome, of),
            of,
            said: said.unwrap_or_default(),
            truth,
        };
    let parts: Vec<Part> = PARTS.into_iter().zip(judged).map(part).collect();
    let points = parts.iter().map(|part| part.points).sum::<u32>().saturating_sub(cost);
    Verdict { parts, cost, points }
}

fn worth(outcome: Outcome, of: u32) -> u32 {
    match outcome {
        Outcome::Right => of,
        Outcome::Near => of / 2,
        Outcome::Wrong | Outcome::Missing => 0,
    }
}

fn word(said: Option<&str>, right: &Right) -> Outcome {
    match said {
        None => Outcome::Missing,
        Some(said) if right.right.contains(&said) => Outcome::Right,
        Some(said) if right.near.contains(&said) => Outcome::Near,
        Some(_) => Outcome::Wrong,
    }
}

fn moment(said_ms: Option<i64>, onsets_ms: &[i64]) -> Outcome {
    let Some(said_ms) = said_ms else { return Outcome::Missing };
    let off = onsets_ms.iter().map(|at| said_ms.saturating_sub(*at).saturating_abs()).min();
    match off {
        Some(off) if off <= RIGHT_WITHIN_MS => Outcome::Right,
        Some(off) if off <= NEAR_WITHIN_MS => Outcome::Near,
        Some(_) | None => Outcome::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::exercises::catalogue;

    const ONSET: i64 = 1_800_000_000_000;

    fn said(service: &str, place: &str, kind: &str, since_ms: i64) -> Answer {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Answer {
            service: text(service),
            place: text(place),
            kind: text(kind),
            since_ms: Some(since_ms),
            trace_id: Some("a".repeat(32)),
        }
    }

    fn points(answer: &Answer, is_struck: bool, cost: u32) -> (u32, Vec<u32>) {
        let exercise = catalogue::of("payment-outage-brazil").expect("there");
        let verdict = judge(answer, &Truth { exercise, onsets_ms: &[ONSET], is_struck }, cost);
        (verdict.points, verdict.parts.iter().map(|part| part.points).collect())
    }

    #[test]
    fn each_part_is_judged_by_itself() {
        for (answer, struck, expected) in [
            (said("payment-provider", "BR", "fail", ONSET), true, [25, 20, 20, 15, 20]),
            (said("payments", "POST /charge", "delay", ONSET + 120_000), false, [12, 10, 0, 7, 0]),
            (said("cart", "US", "", ONSET - 600_000), true, [0, 0, 0, 0, 20]),
            (said("payment-provider", "BR", "fail", ONSET - 60_000), true, [25, 20, 20, 15, 20]),
            (Answer::default(), false, [0; 5]),
        ] {
            let (total, parts) = points(&answer, struck, 0);
            assert_eq!((parts, total), (expected.to_vec(), expected.iter().sum()), "{answer:?}");
        }
    }

    #[test]
    fn hints_cost_and_nobody_owes_anything() {
        let right = said("payment-provider", "BR", "fail", ONSET);
        assert_eq!(points(&right, true, 15).0, 85);
        assert_eq!(points(&Answer::default(), false, 30).0, 0);
    }

    #[test]
    fn everything_right_is_a_hundred() {
        assert_eq!(PARTS.iter().map(|(_, of)| of).sum::<u32>(), 100);
    }
}
