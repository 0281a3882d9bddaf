//! A directory of the user's own scenarios: what is changed is noticed, what is wrong is said, what was right stays.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use super::desk::{CONTROL, command, state};
use crate::{
    browser::{get, post},
    servers::lab::{Lab, Plan},
    waiting::until,
};

const MINE: &str = "name: mine\ntitle: Mine\nstory: s\naudience: a\nphases:\n  - { at: 0s, name: only }\n";

fn listing(lab: &Lab, name: &str) -> Option<Value> {
    let list = get(lab.at(CONTROL, "/api/scenarios")).send().ok().json();
    list.as_array().expect("a list").iter().find(|one| one["name"] == name).cloned()
}

#[test]
fn own_scenarios_join_the_bundled_ones_and_a_broken_change_is_shown_and_not_played() {
    let shelf = tempfile::tempdir().expect("a directory");
    let file = shelf.path().join("mine.yaml");
    let lab = Plan::up().args(&["--scenarios", shelf.path().to_str().expect("text")]).start();
    let deadline = Duration::from_secs(10);
    assert_eq!(listing(&lab, "mine"), None);
    assert!(listing(&lab, "blackfriday").is_some());

    fs::write(&file, MINE).expect("written");
    until(deadline, "it is offered", || listing(&lab, "mine").is_some_and(|one| one["error"].is_null()));
    command(&lab, "/api/scenarios/mine/start", json!({}));
    assert_eq!(state(&lab)["scenario"]["title"], "Mine");

    fs::write(&file, MINE.replace("title: Mine", "titel: Yours")).expect("written");
    until(deadline, "its error is shown", || {
        listing(&lab, "mine").is_some_and(|one| !one["error"].is_null())
    });
    let shown = listing(&lab, "mine").expect("still there")["error"].to_string();
    assert!(shown.contains("titel") && shown.contains("title"), "{shown}");
    command(&lab, "/api/scenarios/mine/start", json!({}));
    assert_eq!(state(&lab)["scenario"]["title"], "Mine", "the old one is played");

    fs::write(&file, MINE.replace("Mine", "Ours, and longer")).expect("written");
    until(deadline, "the new one is offered", || {
        listing(&lab, "mine").is_some_and(|one| one["title"] == "Ours, and longer" && one["error"].is_null())
    });
    fs::remove_file(&file).expect("removed");
    until(deadline, "it is gone", || listing(&lab, "mine").is_none());
    post(lab.at(CONTROL, "/api/scenarios/mine/start"), json!({})).send().problem(404);
}
