//! `doorbuster scenario check` and `schema`, as a person or a pipeline runs them.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

const NORMAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/normal.yaml");

fn scenario(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.arg("scenario").args(arguments).output().expect("the binary runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn broken(directory: &TempDir) -> String {
    let good = fs::read_to_string(NORMAL).expect("text");
    let path = directory.path().join("normal.yaml");
    fs::write(&path, good.replacen("share: 5%", "share: 105%", 1)).expect("written");
    path.display().to_string()
}

#[test]
fn files_that_are_right_are_said_to_be_and_what_is_not_meant_is_mentioned() {
    let output = scenario(&["check", NORMAL]);
    assert_eq!(output.status.code(), Some(0));
    let text = text(&output);
    assert!(text.starts_with("ok ") && text.contains("normal: 1 phase, 12 faults, 4 expectations"), "{text}");
    let directory = TempDir::new().expect("directory");
    let silent = directory.path().join("normal.yaml");
    let good = fs::read_to_string(NORMAL).expect("text");
    fs::write(&silent, good.split("expect:").next().expect("a beginning")).expect("written");
    let output = scenario(&["check", &silent.display().to_string()]);
    assert_eq!(output.status.code(), Some(0));
    let text = self::text(&output);
    assert!(text.contains("0 expectations") && text.contains("- no expectation"), "{text}");
}

#[test]
fn one_wrong_file_among_others_is_a_no_and_one_that_cannot_be_read_alone_is_no_answer() {
    let directory = TempDir::new().expect("directory");
    let broken = broken(&directory);
    let output = scenario(&["check", NORMAL, &broken, "/does/not/exist"]);
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output);
    assert!(text.contains(&format!("{broken}:")) && text.contains("a share is from 0% to 100%"), "{text}");
    assert!(text.contains("unreadable"), "{text}");
    assert_eq!(scenario(&["check", NORMAL, "/does/not/exist"]).status.code(), Some(2));
    assert_eq!(scenario(&["check"]).status.code(), Some(2));
}

#[test]
fn a_machine_gets_the_same_as_json() {
    let directory = TempDir::new().expect("directory");
    let output = scenario(&["check", "--json", NORMAL, &broken(&directory)]);
    let found: Value = serde_json::from_str(&text(&output)).expect("JSON");
    assert_eq!((&found[0]["ok"], &found[0]["scenario"]["faults"]), (&Value::from(true), &Value::from(12)));
    assert_eq!(found[1]["wrong"][0]["field"], "phases[0].faults[0].share");
    assert!(found[1]["wrong"][0]["line"].as_u64().is_some_and(|line| line > 20));
}

#[test]
fn the_schema_is_printed_as_it_is_committed() {
    let committed =
        fs::read_to_string(Path::new(NORMAL).with_file_name("scenario.schema.json")).expect("text");
    assert_eq!(text(&scenario(&["schema"])), committed);
}
