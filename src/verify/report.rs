//! How the findings are told: a table for a person, JSON for a program, and a row a scenario at the end.

use std::fmt::Write;

use serde::Serialize;

use super::{
    bound::Timing,
    finding::{Finding, Judged, Outcome, Verdict, seconds},
    timeline::Timeline,
};
use crate::kernel::nearest::short;

/// Everything there is to say of one scenario.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub scenario: String,
    pub title: String,
    pub outcome: Outcome,
    pub took_ms: i64,
    pub findings: Vec<Finding>,
    pub about: About,
    pub timing: Timing,
    pub timeline: Timeline,
}

/// With what it was found out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct About {
    pub doorbuster: String,
    pub prometheus: String,
    pub alertmanager: String,
    /// Whether Alertmanager's own record was read along.
    pub event_recorder: bool,
    pub pace: String,
    pub seed: Option<u64>,
}

impl Report {
    pub fn new(
        title: &str,
        findings: Vec<Finding>,
        about: About,
        timing: Timing,
        timeline: Timeline,
    ) -> Report {
        Report {
            scenario: timeline.scenario.clone(),
            title: title.to_owned(),
            outcome: Outcome::of(&findings),
            took_ms: timeline.ended_ms - timeline.begun_ms,
            findings,
            about,
            timing,
            timeline,
        }
    }

    /// Of a scenario that was never played.
    pub fn unplayed(scenario: &str, title: &str, why: &str) -> Report {
        let finding = Finding {
            of: Judged::TheScenarioIsPlayed,
            about: "the scenario".to_owned(),
            claim: "is played".to_owned(),
            after: String::new(),
            verdict: Verdict::CouldNotTell { words: format!("it was not: {why}") },
            observed_ms: None,
            bound_ms: None,
            theory_ms: None,
            receivers: Vec::new(),
        };
        let timeline = Timeline { scenario: scenario.to_owned(), ..Timeline::default() };
        Report::new(title, vec![finding], About::default(), Timing::default(), timeline)
    }

    /// Names of alerts that fired, and that the scenario allows without a promise.
    pub fn fired_as_well(&self) -> Vec<String> {
        let is_promised = |name: &str| {
            self.findings.iter().any(|one| one.about == name || one.about.starts_with(&format!("{name}{{")))
        };
        self.timeline.fired().into_iter().filter(|name| !is_promised(name)).collect()
    }

    /// The findings, a line each, with what was seen beside what may be.
    pub fn table(&self) -> String {
        let rows: Vec<[String; 7]> = self.findings.iter().map(row).collect();
        let head = ["alert or metric", "promise", "after", "observed", "bound", "at most", ""];
        let headline = format!("{}: {} ({})", self.scenario, self.title, self.outcome.words());
        let also = match &self.fired_as_well()[..] {
            [] => String::new(),
            names => format!("\n  fired as well, as it may: {}\n", names.join(", ")),
        };
        format!("\n{headline}\n\n{}{also}", columns(&head.map(str::to_owned), &rows))
    }
}

/// One row a scenario, and one word for all.
pub fn summary(reports: &[Report]) -> String {
    let row = |report: &Report| {
        let kept = report.findings.iter().filter(|finding| finding.verdict == Verdict::Kept).count();
        [
            report.scenario.clone(),
            report.outcome.words().to_owned(),
            format!("{kept} of {}", report.findings.len()),
            seconds(report.took_ms),
        ]
    };
    let rows: Vec<[String; 4]> = reports.iter().map(row).collect();
    let head = ["scenario", "promises", "kept", "took"].map(str::to_owned);
    format!("\n{}", columns(&head, &rows))
}

fn row(finding: &Finding) -> [String; 7] {
    let time = |ms: Option<i64>| ms.map_or_else(|| "-".to_owned(), seconds);
    [
        short(&finding.about),
        finding.claim.clone(),
        if finding.after.is_empty() { "-".to_owned() } else { finding.after.clone() },
        time(finding.observed_ms),
        time(finding.bound_ms),
        time(finding.theory_ms),
        words(&finding.verdict),
    ]
}

/// The verdict as a person reads it.
pub fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Kept => "kept".to_owned(),
        Verdict::Broken { why, words } => format!("BROKEN, {}: {words}", why.name()),
        Verdict::CouldNotTell { words } => format!("could not tell: {words}"),
    }
}

fn columns<const N: usize>(head: &[String; N], rows: &[[String; N]]) -> String {
    let lines = || std::iter::once(head).chain(rows);
    let width = |at: usize| lines().map(|line| line[at].chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for line in lines() {
        let cells = line.iter().enumerate().map(|(at, cell)| format!("{cell:<width$}", width = width(at)));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "  {}", line.trim_end());
    }
    text
}
