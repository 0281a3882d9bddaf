//! `verify` by a call, as the page asks for it: on the very lab that is asked, with its real Prometheus and Alertmanager.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    browser::{get, post},
    servers::lab::Lab,
    stack::beside,
    waiting::until_some,
};

const PATIENCE: Duration = Duration::from_secs(600);

fn now(lab: &Lab) -> Value {
    get(lab.at(10, "/api/verify")).send().ok().json()
}

#[test]
#[ignore = "long: make test-long"]
fn a_lab_verifies_itself_and_says_each_promise_and_can_be_ended() {
    let plan = beside::with_stack().env("DOORBUSTER_VISITS_PER_MINUTE", "240");
    let lab = plan.env("DOORBUSTER_SCENARIO", "normal").start();
    beside::ready(&lab);
    let begin =
        || post(lab.at(10, "/api/verify"), json!({"scenarios": ["service-down"], "hurry": true})).send();
    let end = || get(lab.at(10, "/api/verify")).method("DELETE").send().ok().json();
    assert_eq!(begin().status, 202);
    assert_eq!(begin().problem(409), "conflict");
    let trainee = post(lab.at(10, "/api/exercises/start"), json!({"alias": "one"})).send();
    assert_eq!(trainee.problem(409), "conflict", "there is one stage");
    assert_eq!(end()["state"], "ended");
    assert_eq!(begin().status, 202);
    let over =
        until_some(PATIENCE, "it is judged", || Some(now(&lab)).filter(|now| now["state"] != "under_way"));
    assert_eq!(
        (&over["state"], &over["reports"][0]["outcome"]),
        (&json!("done"), &json!("kept")),
        "{over:#}"
    );
    let promises = over["reports"][0]["findings"].as_array().expect("promises");
    assert!(
        promises.iter().any(|one| one["claim"] == "told to platform once" && one["verdict"] == "kept"),
        "{over:#}"
    );
    assert!(over["lines"].as_array().is_some_and(|lines| lines.len() > 5), "{over:#}");
}
