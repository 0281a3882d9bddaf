//! Others' tools read the document: types that one of them generates read every answer, and another finds nothing
//! wrong by trying what the document allows and what it does not.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::json;

use super::schemas::busy;
use crate::{
    browser::{get, post},
    servers::{lab::Lab, process::home},
};

/// A program of the environment that `scripts/setup-tests.sh` makes.
fn program(name: &str) -> PathBuf {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-openapi/bin").join(name);
    assert!(place.exists(), "{} is missing: run scripts/setup-tests.sh", place.display());
    place
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The description of `lab` in a file.
fn document(lab: &Lab, folder: &std::path::Path) -> PathBuf {
    let file = folder.join("openapi.json");
    fs::write(&file, get(lab.at(10, "/openapi.json")).send().ok().body).expect("written");
    file
}

#[test]
fn types_that_are_generated_from_the_document_read_every_answer() {
    let (lab, trace) = busy();
    let home = home("openapi-types");
    let made = Command::new(program("datamodel-codegen"))
        .args(["--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel"])
        // A field that the document does not have is an error.
        .args(["--extra-fields", "forbid", "--formatters", "builtin", "--input"])
        .arg(document(&lab, home.path()))
        .arg("--output")
        .arg(home.path().join("models.py"))
        .output();
    let made = made.expect("it runs");
    assert!(made.status.success(), "{}", said(&made));
    let run = post(lab.at(10, "/api/exercises/start"), json!({"alias": "heron"})).send().ok().json();
    let read = Command::new(program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/control/read.py"))
        .arg(lab.at(10, ""))
        .arg(home.path())
        .args([&trace, run["id"].as_str().expect("a number")])
        .output();
    let read = read.expect("python runs");
    assert!(read.status.success(), "{}", said(&read));
    let count: usize = String::from_utf8_lossy(&read.stdout).trim().parse().expect("a number");
    assert!(count >= 20, "{count} answers were read");
}

#[test]
fn schemathesis_finds_nothing() {
    let (lab, _) = busy();
    let home = home("schemathesis");
    let found = Command::new(program("schemathesis"))
        .current_dir(home.path())
        .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/control/schemathesis.toml")])
        .args(["run", "--url", &lab.at(10, ""), "--no-color", "--warnings", "off"])
        .arg(document(&lab, home.path()))
        .output();
    let found = found.expect("it runs");
    assert!(found.status.success(), "{}", said(&found));
}
