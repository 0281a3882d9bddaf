//! What promtool says of the rules: that they are rules, and that each alert fires when it should and not otherwise.

use std::{collections::BTreeSet, fs};

use super::{files, paces, tool::Tool};
use crate::servers::process::home;

#[test]
fn promtool_takes_every_file() {
    for path in files::rule_files() {
        // Sloth's ratio of the whole period has no id among the rule's labels, it comes with the series: of two in a
        // file the linter thinks that they are one.
        let lint = if path.to_string_lossy().contains("slo/generated") { "none" } else { "all" };
        let said = Tool::promtool(&["check", "rules", "--lint", lint]).on(&path).agrees();
        assert!(said.contains("SUCCESS"), "{said}");
    }
}

#[test]
fn every_case_holds_at_every_pace() {
    let home = home("promtool");
    for pace in paces::ALL {
        for path in files::below("alerts/tests", ".test.yml") {
            let Some(asked) = pace.tests(&path) else { continue };
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            let file = home.path().join(format!("{}.{name}", pace.name));
            fs::write(&file, asked).expect("its folder takes a file");
            let (agrees, said) = Tool::promtool(&["test", "rules"]).on(&file).ask();
            assert!(agrees, "{name} at {}: {said}", pace.name);
        }
    }
}

/// That a case asks for an alert and expects it, and that another expects it not to fire.
#[test]
fn every_alert_is_seen_to_fire_and_to_keep_silent() {
    let (mut fires, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for path in files::below("alerts/tests", ".test.yml") {
        let text = files::read(&path);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            let Some(name) = pair[0].strip_prefix("alertname: ") else { continue };
            let seen = if pair[1] == "exp_alerts: []" { &mut silent } else { &mut fires };
            seen.insert(name.to_owned());
        }
    }
    for path in files::below("alerts", ".rules.yml") {
        for rule in files::rules(&path).iter().filter(|rule| rule.alert.is_some()) {
            let name = rule.name();
            assert!(fires.contains(name), "{name} is never seen to fire");
            assert!(name == "Watchdog" || silent.contains(name), "{name} is never seen to keep silent");
        }
    }
}

#[test]
fn a_wrong_expectation_is_caught() {
    let home = home("promtool");
    let [production, ..] = paces::ALL;
    let asked = production.tests(&files::at("alerts/tests/watchdog.test.yml")).expect("it is there");
    let file = home.path().join("wrong.test.yml");
    fs::write(&file, asked.replace("severity: info", "severity: critical")).expect("its folder takes a file");
    assert!(!Tool::promtool(&["test", "rules"]).on(&file).ask().0);
}
