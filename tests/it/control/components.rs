//! A part of the lab that stands still is named by whatever vouches for the lab, and nothing else is.

use std::time::Duration;

use serde_json::Value;

use super::engine::Plan;
use crate::{
    browser::get,
    doctor::asking::at,
    waiting::{until, until_some},
};

/// A part may stand still for five seconds before it is named.
const NAMED: Duration = Duration::from_secs(60);

fn part<'a>(of: &'a Value, name: &str) -> &'a Value {
    let all = of["components"].as_array().unwrap_or_else(|| panic!("no components: {of}"));
    all.iter().find(|one| one["component"] == name).unwrap_or(&Value::Null)
}

#[test]
fn an_engine_that_never_wakes_is_named_by_ready_state_and_doctor_while_the_vitals_go_on() {
    let lab = Plan::here().asleep().start();
    let body = until_some(NAMED, "it is not ready", || {
        let answer = get(lab.url("/ready")).send();
        (answer.status == 503).then(|| answer.json())
    });
    assert_eq!(
        (&body["status"], &part(&body, "engine")["stalled"]),
        (&"stalled".into(), &true.into()),
        "{body}"
    );
    assert!(part(&body, "engine")["still_seconds"].as_u64() >= Some(4), "{body}");
    assert_eq!(part(&body, "vitals")["stalled"], false, "{body}");
    assert_eq!(get(lab.url("/health")).send().status, 200, "it serves all the same");
    let state = get(lab.url("/api/state")).send().ok().json();
    assert_eq!(part(&state, "engine")["stalled"], true, "{state}");
    let said = at(&lab.url(""), &[]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.line(&["engine", "stalled"]).contains("s ago"), "{said:?}");
    said.line(&["vitals", "ok"]);
}

#[test]
fn a_lab_whose_parts_all_move_is_ready_and_stays_so() {
    let lab = Plan::here().start();
    until(NAMED, "all parts were seen", || {
        get(lab.url("/ready")).send().ok().json()["components"].as_array().is_some_and(|all| all.len() == 2)
    });
    std::thread::sleep(Duration::from_secs(6));
    let body = get(lab.url("/ready")).send().ok().json();
    assert_eq!(body["status"], "ok", "{body}");
}
