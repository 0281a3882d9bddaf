//! What was found as a page of Markdown: each scenario's promises with what was seen of them, and each alert with the
//! scenarios that raised it. Generated, so that it is what happened and not what somebody remembers.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    finding::{Finding, Verdict, seconds},
    report::{Report, words},
    timeline::WATCHDOG,
};

/// The page.
pub fn page(reports: &[Report]) -> String {
    let mut text = String::from("# What was verified\n\n");
    let _ = writeln!(text, "Made by `make verify-all`; not written by hand.\n");
    if let Some(first) = reports.first() {
        let about = &first.about;
        let _ = writeln!(
            text,
            "doorbuster {}, Prometheus {}, Alertmanager {}, pace `{}`. *Observed* counts from the beginning of the phase; \
             *bound* is what the scenario promises; *at most* is what the servers' timing allows from the moment on when \
             the rule was true.\n",
            about.doorbuster, about.prometheus, about.alertmanager, about.pace
        );
    }
    for report in reports {
        scenario(&mut text, report);
    }
    alerts(&mut text, reports);
    text
}

fn scenario(text: &mut String, report: &Report) {
    let _ = writeln!(text, "## {}\n", report.scenario);
    let _ = writeln!(text, "{}: {} in {}.\n", report.title, report.outcome.words(), seconds(report.took_ms));
    let _ =
        writeln!(text, "| alert or metric | promise | after | bound | observed | at most | receivers | |");
    let _ = writeln!(text, "|---|---|---|---|---|---|---|---|");
    for finding in &report.findings {
        let _ = writeln!(text, "{}", row(finding));
    }
    let others = report.fired_as_well();
    if !others.is_empty() {
        let _ = writeln!(
            text,
            "\nFired as well, as it may: {}.",
            others.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        );
    }
    text.push('\n');
}

fn row(finding: &Finding) -> String {
    let time = |ms: Option<i64>| ms.map(seconds).unwrap_or_default();
    let verdict = match &finding.verdict {
        Verdict::Kept => "kept".to_owned(),
        other @ (Verdict::Broken { .. } | Verdict::CouldNotTell { .. }) => format!("**{}**", words(other)),
    };
    let about = finding.about.replace('|', "\\|");
    format!(
        "| `{about}` | {} | {} | {} | {} | {} | {} | {verdict} |",
        finding.claim,
        finding.after,
        time(finding.bound_ms),
        time(finding.observed_ms),
        time(finding.theory_ms),
        finding.receivers.join(", ")
    )
}

fn alerts(text: &mut String, reports: &[Report]) {
    let mut raised: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let known = reports.iter().flat_map(|report| report.timing.holds_ms.keys());
    for name in known.filter(|name| *name != WATCHDOG) {
        raised.entry(name.clone()).or_default();
    }
    for report in reports {
        for name in report.timeline.fired() {
            raised.entry(name).or_default().push(&report.scenario);
        }
    }
    let _ = writeln!(text, "## Which scenario raises which alert\n\n| alert | raised by |\n|---|---|");
    for (name, by) in raised {
        let by = if by.is_empty() { "none of these".to_owned() } else { by.join(", ") };
        let _ = writeln!(text, "| `{name}` | {by} |");
    }
}
