//! What an alert says to whoever is woken up by it: labels, words, and a page that helps.

use std::collections::BTreeSet;

use super::files;

const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];
const TEAMS: [&str; 4] = ["payments", "platform", "business", "observability"];
const BOARDS: [&str; 4] = ["overview", "services", "slo", "platform"];
const RUNBOOKS: &str = "http://127.0.0.1:8010/runbooks/";
const DASHBOARDS: &str = "http://127.0.0.1:3000/d/doorbuster-";
/// The sections of a page, in order.
const SECTIONS: [&str; 4] = ["## Look first", "## Causes", "## Do", "## Raised by"];

/// The alerts that the shop promises to have, besides those of burn rates.
const PROMISED: [&str; 19] = [
    "HighErrorRate",
    "HighPaymentFailureRate",
    "CriticalPaymentFailureRateByCountry",
    "HighLatencyP95",
    "HighLatencyP99",
    "SlowPaymentProcessing",
    "ServiceDown",
    "HighExternalServiceFailureRate",
    "HighDatabaseConnectionUsage",
    "HighRedisMemoryUsage",
    "OTELCollectorHighDropRate",
    "OTELCollectorHighMemory",
    "LowCheckoutConversionRate",
    "NoTrafficDetected",
    "AbandonedCartsIncreasing",
    "AvailabilitySLOBreach",
    "LatencySLOBreach",
    "PaymentSLOBreach",
    "Watchdog",
];

/// The names of burn-rate alerts, as the objectives give them.
fn of_objectives() -> BTreeSet<String> {
    let files = files::below("slo/sloth", ".yaml");
    let texts = files.iter().map(|path| files::read(path));
    let name = |line: &str| {
        line.trim().strip_prefix("name: ").filter(|name| name.ends_with("BurnRate")).map(str::to_owned)
    };
    texts.flat_map(|text| text.lines().filter_map(name).collect::<Vec<_>>()).collect()
}

#[test]
fn the_alerts_are_those_that_were_promised() {
    let rules = files::below("alerts", ".rules.yml");
    let written = rules.iter().filter(|path| !path.to_string_lossy().contains("generated"));
    let ours: Vec<String> =
        written.flat_map(|path| files::rules(path)).filter_map(|rule| rule.alert).collect();
    let set: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
    assert_eq!(set, PROMISED.into(), "and no other");
    assert_eq!(ours.len(), PROMISED.len(), "each once");
    assert_eq!(of_objectives().len(), 5);
}

#[test]
fn every_alert_says_whose_it_is_how_bad_and_where_to_look() {
    for (file, rule) in files::alerts() {
        let name = rule.name();
        let at = format!("{name} in {file}");
        let label = |key: &str| rule.labels.get(key).map(String::as_str).unwrap_or_default();
        let says = |key: &str| rule.annotations.get(key).map(String::as_str).unwrap_or_default();
        assert!(SEVERITIES.contains(&label("severity")), "{at}: severity");
        assert!(TEAMS.contains(&label("team")), "{at}: team");
        assert!(!says("summary").is_empty(), "{at}: summary");
        let has_value =
            says("description").contains("$value") || ["ServiceDown", "NoTrafficDetected"].contains(&name);
        assert!(has_value, "{at}: a description with the value");
        assert_eq!(says("runbook_url"), format!("{RUNBOOKS}{name}"), "{at}");
        let board = says("dashboard_url").strip_prefix(DASHBOARDS).and_then(|rest| rest.split('?').next());
        assert!(board.is_some_and(|board| BOARDS.contains(&board)), "{at}: dashboard_url");
        if name.ends_with("BurnRate") {
            for key in ["slo", "service_name", "sloth_severity"] {
                assert!(!label(key).is_empty(), "{at}: {key}");
            }
            // Comes with the series: what a page and its ticket have in common.
            assert!(rule.expr.contains("sloth_id="), "{at}");
        }
    }
}

#[test]
fn every_alert_has_a_page_and_every_page_an_alert() {
    let pages = files::below("docs/runbooks", ".md");
    let stem = |path: &std::path::PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    let pages: BTreeSet<String> = pages.iter().map(stem).collect();
    let wanted: BTreeSet<String> =
        PROMISED.iter().map(|name| (*name).to_owned()).chain(of_objectives()).collect();
    assert_eq!(pages, wanted);
}

#[test]
fn every_page_is_short_and_says_what_to_do() {
    let scenarios = files::below("scenarios", ".yaml");
    for path in files::below("docs/runbooks", ".md") {
        let (text, at) = (files::read(&path), path.display());
        assert!((15..=32).contains(&text.lines().count()), "{at}: {} lines", text.lines().count());
        let name = path.file_stem().expect("a name").to_string_lossy();
        assert!(text.starts_with(&format!("# {name}\n")), "{at}");
        let places: Vec<_> = SECTIONS.iter().map(|section| text.find(section)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{at}: {SECTIONS:?}");
        let (_, raised) = text.split_once("## Raised by").expect("it is there");
        let is_name = |word: &&str| word.chars().all(|one| one.is_ascii_lowercase() || one == '-');
        for named in raised.split('`').skip(1).step_by(2).filter(is_name) {
            let known = scenarios.iter().any(|path| path.file_stem().is_some_and(|stem| stem == named));
            assert!(known, "{at}: there is no scenario {named}");
        }
    }
}

#[test]
fn the_readme_names_every_alert() {
    let text = files::read(&files::at("alerts/README.md"));
    for name in PROMISED.iter().map(|name| (*name).to_owned()) {
        assert!(text.contains(&format!("[{name}](../docs/runbooks/{name}.md)")), "{name}");
    }
    for name in of_objectives() {
        assert!(
            files::read(&files::at("slo/README.md")).contains(&format!("(../docs/runbooks/{name}.md)")),
            "{name}"
        );
    }
}
