//! File descriptors: with as few as some systems give, the shop drowns and the control address does not.

use std::time::{Duration, Instant};

use serde_json::json;

use super::bound::table;
use crate::{
    browser::{get, post},
    cues::desk::{CONTROL, state},
    servers::lab::Plan,
    turn,
    waiting::until,
};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn with_256_descriptors_calm_takes_less_than_a_second_while_black_friday_drowns_the_shop() {
    let _turn = turn::take();
    let lab = Plan::up()
        .env("DOORBUSTER_SCENARIO", "blackfriday")
        .env("DOORBUSTER_VISITS_PER_MINUTE", "240")
        .with_descriptors(256)
        .start();
    let said = table(&lab);
    let row = said.lines().find(|line| line.trim_start().starts_with("descriptors")).unwrap_or_default();
    assert!(row.contains("256") && row.contains("visits a minute"), "{said}");
    // Until the shop has no socket left, or for as long as it took to lose the control address.
    let begun = Instant::now();
    let drowns = || state(&lab)["capacity"]["shop_sockets_refused"].as_u64() > Some(0);
    while begun.elapsed() < SECOND * 15 && !drowns() {
        std::thread::sleep(SECOND / 10);
    }
    // What a busy machine takes for itself is not the lab's: one of three has to be quick, and all have to be there.
    let timed = |ask: &dyn Fn()| {
        let asked = Instant::now();
        ask();
        asked.elapsed()
    };
    let looks = [(); 3].map(|()| timed(&|| drop(state(&lab))));
    assert!(looks.iter().any(|took| *took < SECOND), "{looks:?}");
    let calms = [(); 3].map(|()| timed(&|| drop(post(lab.at(CONTROL, "/api/calm"), json!({})).send().ok())));
    assert!(calms.iter().any(|took| *took < SECOND), "{calms:?}");
    assert_eq!(state(&lab)["faults"], json!([]));
    until(SECOND * 20, "the shop answers again", || {
        get(lab.shop("/products/1")).try_send().is_ok_and(|answer| answer.status == 200)
    });
}

#[test]
fn a_limit_with_which_nothing_can_work_is_refused_by_number() {
    let _turn = turn::take();
    let mut lab = Plan::up().with_descriptors(100).start_unready();
    assert_eq!(lab.wait(SECOND * 30).code(), Some(2));
    let said = lab.said();
    assert!(said.contains("the limit of file descriptors is 100, and at least "), "{said}");
}
