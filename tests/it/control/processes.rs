//! The binary itself: its token where it listens beyond this machine, and services that follow from processes of their
//! own.

use std::time::Duration;

use serde_json::{Value, json};

use super::engine::{Engine, Plan, SOON, fault};
use crate::{
    browser::{get, post},
    servers::{lab, ports},
    waiting::{until, until_some},
};

#[test]
fn a_lab_beyond_this_machine_shows_a_new_token_once_and_takes_it() {
    let lab = lab::Plan::up().env("DOORBUSTER_BIND", "0.0.0.0").start();
    let token = until_some(SOON, "the table is shown", || {
        let said = lab.said();
        let line = said.lines().find(|line| line.trim_start().starts_with("token"))?.to_owned();
        Some(line.split_whitespace().nth(1).expect("a word").to_owned())
    });
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    let body = json!({"duration_seconds": 1, "requests_per_minute": 1});
    let surge = || post(lab.at(10, "/admin/generate-traffic"), body.clone());
    assert_eq!(surge().send().problem(401), "unauthenticated");
    assert_eq!(surge().token(&token).send().status, 202);
    assert_eq!(lab.said().matches(&token).count(), 1);
    assert!(!lab.lines().iter().any(|line| line.to_string().contains(&token)), "a token is no signal");
}

#[test]
fn a_token_that_was_given_is_never_shown_and_loopback_needs_none() {
    let lab =
        lab::Plan::up().env("DOORBUSTER_BIND", "0.0.0.0").env("DOORBUSTER_TOKEN", "very-secret").start();
    until(SOON, "the table is shown", || lab.said().contains("as DOORBUSTER_TOKEN says"));
    assert!(lab.said().contains("WARNING: with fewer than 16 characters"), "{}", lab.said());
    let body = json!({"duration_seconds": 1, "requests_per_minute": 1});
    let surge = post(lab.at(10, "/admin/generate-traffic"), body.clone()).token("very-secret");
    assert_eq!(surge.send().status, 202);
    let lines: Vec<_> = lab.lines().iter().map(Value::to_string).collect();
    assert!(!lab.said().contains("very-secret") && !lines.concat().contains("very-secret"));
    assert!(!get(lab.at(10, "/api/state")).token("very-secret").send().ok().body.contains("very-secret"));

    let here = lab::Plan::up().start();
    assert_eq!(post(here.at(10, "/admin/generate-traffic"), body).send().status, 202);
    until(SOON, "the table is shown", || here.said().contains("the shop is open"));
    assert!(!here.said().contains("token"));
}

fn followers(engine: &Engine) -> Vec<String> {
    let state = get(engine.url("/api/state")).send().ok().json();
    let followers = state["followers"].as_array().expect("a list").iter();
    followers.map(|one| one["process"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_service_in_a_process_of_its_own_follows_and_says_when_it_gives_up() {
    let engine = Plan::here().start();
    engine.set(vec![fault("a", "ads")]);
    let base = ports::block();
    let mut currency = lab::Plan::serve("currency", base, base + 18)
        .env("LAB_URL", &engine.url(""))
        .env("DOORBUSTER_LEASE", "6s")
        .start();
    until(SOON, "it follows", || followers(&engine).iter().any(|name| name.starts_with("currency-")));
    engine.kill();
    until(SOON, "it says so", || currency.said().contains("every fault is dropped"));
    assert_eq!(currency.said().matches("every fault is dropped").count(), 1);
    assert_eq!(currency.lines().iter().filter(|line| line.to_string().contains("fault")).count(), 0);
    assert!(currency.terminate().success());
}

#[test]
fn a_service_without_a_lab_serves_all_the_same() {
    let base = ports::block();
    let mut currency = lab::Plan::serve("currency", base, base + 18).start();
    let url = format!("http://127.0.0.1:{}/convert?minor=100&from=USD&to=EUR", base + 18);
    get(url).send().ok();
    assert!(currency.terminate().success());
    assert!(currency.wait(Duration::from_secs(1)).success());
}
