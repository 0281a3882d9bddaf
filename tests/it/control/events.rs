//! Events: the whole first, then each change; whoever does not read is dropped.

use serde_json::json;

use super::{
    engine::{Engine, Plan, SOON},
    stream::Stream,
};
use crate::{
    browser::{get, post},
    waiting::until,
};

fn listen(engine: &Engine) -> Stream {
    Stream::open(engine.address, "/api/events", "")
}

#[test]
fn a_listener_gets_the_whole_first_and_then_each_change() {
    let engine = Plan::here().start();
    let mut events = listen(&engine);
    let first = events.next();
    assert_eq!((first.name.as_str(), &first.data["faults"]), ("state", &json!([])));
    post(engine.url("/api/faults/a"), json!({"effect": "hang"})).method("PUT").send().ok();
    let faults = events.next_called("faults").data;
    assert_eq!((&faults["faults"][0]["id"], &faults["revision"]), (&json!("a"), &json!("1-1")));
    post(engine.url("/api/scenarios/payment-outage/start"), json!({})).send().ok();
    assert_eq!(events.next_called("mode").data["mode"], "payment-outage");
    assert_eq!(events.next_called("scenario").data["phase"], "calm");
    get(engine.url("/api/scenarios/pause")).method("POST").send().ok();
    assert_eq!(events.next_called("scenario").data["paused"], true);
    let _follower = Stream::open(engine.address, "/api/switchboard?process=cart-7", "");
    assert_eq!(events.next_called("followers").data[0]["process"], "cart-7");
    let vitals = events.next_called("vitals").data;
    for name in ["visits", "visits_per_minute", "error_share", "orders", "p95_ms", "requests_per_second"] {
        assert!(vitals[name].is_number(), "{name}: {vitals}");
    }
}

#[test]
fn streams_beyond_the_bound_are_refused_and_places_are_free_again() {
    let engine = Plan::here().start();
    let mut open: Vec<_> = (0..64).map(|_| listen(&engine)).collect();
    assert!(open.iter().all(|stream| stream.status == 200));
    assert_eq!(listen(&engine).status, 503);
    open.clear();
    until(SOON, "a place is free", || listen(&engine).status == 200);
}

#[test]
fn a_slow_reader_is_dropped_and_nobody_waits_for_it() {
    let engine = Plan::here().start();
    let slow = listen(&engine);
    let mut quick = listen(&engine);
    quick.next_called("state");
    // Much more than the sockets between us can hold, and than may wait.
    let story = "a".repeat(40_000);
    for number in 0..400 {
        let on = json!({"category": [story], "product": [number]});
        let body = json!({"effect": "hang", "on": on});
        post(engine.url("/api/faults/a"), body).method("PUT").send().ok();
        quick.next_called("faults");
    }
    // It gets what was under way, and then the end: no event is left out in between.
    let read = slow.drain();
    assert!(read < 400 * 40_000, "{read} bytes: it was waited for");
    assert_eq!(quick.next_called("vitals").name, "vitals", "the quick one goes on");
}
