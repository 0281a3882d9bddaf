//! `doorbuster rules render`, as a person or a pipeline runs it.

use std::{
    fs,
    process::{Command, Output},
};

use doorbuster::rules::{bundle, pace::Pace};

use super::{files, tool::Tool};
use crate::servers::process::home;

fn render(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(["rules", "render"]).args(arguments).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn the_bundled_files_are_rendered_as_they_are_committed_and_promtool_takes_them() {
    let home = home("render");
    let folder = home.path().join("talk");
    let output = render(&["--pace", "talk", "--out", &folder.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty() && text(&output.stderr).contains("11 files at pace talk"));
    for file in bundle::rule_files(Pace::Talk) {
        let written = folder.join(file.name);
        assert_eq!(fs::read_to_string(&written).expect(file.name), file.text);
        Tool::promtool(&["check", "rules"]).on(&written).agrees();
    }
    assert_eq!(
        fs::read_to_string(folder.join("alertmanager.yml")).expect("routes"),
        bundle::alertmanager(Pace::Talk)
    );
}

#[test]
fn a_file_of_ones_own_is_known_by_what_it_says_and_printed() {
    let home = home("render");
    let rules = home.path().join("mine.yaml");
    fs::write(&rules, "groups: [{name: g, rules: [{alert: A, expr: 'rate(x[5m]) > 0.1', for: 10m}]}]")
        .expect("written");
    let output = render(&["--pace", "stage", &rules.display().to_string()]);
    let said = text(&output.stdout);
    assert!(said.contains("expr: rate(x[30s]) > 0.1\n") && said.contains("for: 8s\n"), "{said}");
    let routes = home.path().join("routes.yml");
    fs::write(
        &routes,
        "route: {receiver: a, routes: [{repeat_interval: 1h}]}\nreceivers: [{name: a, x_configs: [1]}]\n",
    )
    .expect("written");
    let said = text(&render(&[&routes.display().to_string()]).stdout);
    assert!(said.contains("group_wait: 2s") && said.contains("repeat_interval: 2m30s"), "{said}");
    assert!(said.contains("x_configs:\n      - 1\n"), "{said}");
}

#[test]
fn a_window_catalogue_of_ones_own_is_used_for_objectives() {
    let home = home("render");
    let windows = home.path().join("windows.yaml");
    let ours = files::read(&files::at("slo/windows/talk-1h.yaml"));
    fs::write(&windows, ours.replace("shortWindow: 15s", "shortWindow: 17s")).expect("written");
    let folder = home.path().join("out");
    let arguments = [
        "--out",
        &folder.display().to_string(),
        &windows.display().to_string(),
        &files::at("slo/sloth/checkout.yaml").display().to_string(),
    ];
    assert_eq!(render(&arguments).status.code(), Some(0));
    let made = fs::read_to_string(folder.join("checkout.rules.yml")).expect("made");
    assert!(made.contains("ratio_rate17s") && !made.contains("ratio_rate15s"));
}

#[test]
fn what_is_wrong_is_said_and_then_nothing_is_made() {
    let home = home("render");
    let wrong = home.path().join("wrong.yml");
    fs::write(&wrong, "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: sum(rate(x[5m])\n")
        .expect("written");
    let folder = home.path().join("out");
    let good = files::at("alerts/shop.rules.yml").display().to_string();
    let output = render(&["--out", &folder.display().to_string(), &good, &wrong.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("wrong.yml:5:30: error: unclosed left parenthesis"), "{said}");
    assert!(!folder.exists());
    let openslo = files::at("slo/openslo/checkout.yaml").display().to_string();
    let output = render(&[&openslo]);
    assert!(output.status.code() == Some(1) && text(&output.stderr).contains("OpenSLO"));
    assert_eq!(render(&["/does/not/exist.yml"]).status.code(), Some(2));
    let output = render(&["--pace", "tlak"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `talk`?"), "{}", text(&output.stderr));
}
