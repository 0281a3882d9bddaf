//! The findings as JUnit XML, which every build server knows how to show: a suite a scenario, a case a promise.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::{
    finding::{Finding, Verdict, seconds},
    report::Report,
};

/// The document, or why it could not be written.
pub fn document(reports: &[Report]) -> Result<String, String> {
    let mut junit = Junit::new("doorbuster verify");
    junit.add_test_suites(reports.iter().map(suite));
    junit.to_string().map_err(|error| error.to_string())
}

fn suite(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new(&report.scenario);
    suite.set_time(span(report.took_ms));
    let about = &report.about;
    let seed = about.seed.map(|seed| seed.to_string()).unwrap_or_default();
    for (name, value) in [
        ("doorbuster", &about.doorbuster),
        ("prometheus", &about.prometheus),
        ("alertmanager", &about.alertmanager),
        ("pace", &about.pace),
        ("seed", &seed),
    ] {
        suite.add_property((name, value.as_str()));
    }
    let also = report.fired_as_well().join(", ");
    if !also.is_empty() {
        suite.add_property(("fired as well", also.as_str()));
    }
    suite.add_test_cases(report.findings.iter().map(|finding| case(report, finding)));
    if let Ok(timeline) = serde_json::to_string(&report.timeline) {
        suite.set_system_out(timeline);
    }
    suite
}

fn case(report: &Report, finding: &Finding) -> TestCase {
    let status = match &finding.verdict {
        Verdict::Kept => TestCaseStatus::success(),
        Verdict::Broken { why, words } => failed(NonSuccessKind::Failure, why.name(), words),
        // A build that could not tell has not passed.
        Verdict::CouldNotTell { words } => failed(NonSuccessKind::Error, "could-not-tell", words),
    };
    let mut case = TestCase::new(name(finding), status);
    case.set_classname(&report.scenario);
    if let Some(observed) = finding.observed_ms {
        case.set_time(span(observed));
    }
    let times = [("bound", finding.bound_ms), ("at most", finding.theory_ms)];
    for (name, ms) in times.into_iter().filter_map(|(name, ms)| Some((name, ms?))) {
        case.add_property((name, seconds(ms).as_str()));
    }
    case
}

/// Two promises of one alert that count from different phases are two cases.
fn name(finding: &Finding) -> String {
    let Finding { about, claim, after, .. } = finding;
    if after.is_empty() { format!("{about} {claim}") } else { format!("{about} {claim} (after {after})") }
}

fn failed(kind: NonSuccessKind, type_: &str, words: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(type_);
    status.set_message(words);
    status
}

fn span(ms: i64) -> Duration {
    Duration::from_millis(ms.max(0).unsigned_abs())
}
