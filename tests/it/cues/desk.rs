//! The presenter's desk: the control address of a lab, by HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    browser::{Answer, get, post},
    servers::lab::Lab,
    waiting::until,
};

/// How far above the port base the control address is.
pub const CONTROL: u16 = 10;

/// What the lab says of itself.
pub fn state(lab: &Lab) -> Value {
    get(lab.at(CONTROL, "/api/state")).send().ok().json()
}

/// The ids of the active faults.
pub fn faults(lab: &Lab) -> Vec<String> {
    let faults = get(lab.at(CONTROL, "/api/faults")).send().ok().json();
    let list = faults.as_array().expect("a list");
    list.iter().map(id).collect()
}

fn id(fault: &Value) -> String {
    fault["id"].as_str().expect("an id").to_owned()
}

/// What a fault has done: crossings matched, and hit.
pub fn count(lab: &Lab, fault: &str) -> (u64, u64) {
    let faults = get(lab.at(CONTROL, "/api/faults")).send().ok().json();
    let found = faults.as_array().expect("a list").iter().find(|one| id(one) == fault).cloned();
    let number = |name: &str| found.as_ref().and_then(|fault| fault["count"][name].as_u64()).unwrap_or(0);
    (number("matched"), number("hit"))
}

pub fn set_fault(lab: &Lab, id: &str, fault: Value) -> Answer {
    post(lab.at(CONTROL, &format!("/api/faults/{id}")), fault).method("PUT").send().ok()
}

pub fn command(lab: &Lab, path: &str, body: Value) -> Answer {
    post(lab.at(CONTROL, path), body).send().ok()
}

pub fn calm(lab: &Lab) {
    command(lab, "/api/calm", json!({}));
}

/// The lines of the ledger.
pub fn ledger(lab: &Lab) -> Vec<Value> {
    let lines = get(lab.at(CONTROL, "/api/ledger")).send().ok().body;
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Waits until `lab` says so.
#[track_caller]
pub fn until_state(lab: &Lab, what: &str, condition: impl Fn(&Value) -> bool) {
    until(Duration::from_secs(10), what, || condition(&state(lab)));
}
