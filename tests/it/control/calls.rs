//! Calls that change something, and what is there to read afterwards.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use serde_json::{Value, json};

use super::engine::{Engine, Plan, SOON};
use crate::browser::{Answer, get, post};

fn put(engine: &Engine, id: &str, body: Value) -> Answer {
    post(engine.url(&format!("/api/faults/{id}")), body).method("PUT").send()
}

fn delete(engine: &Engine, id: &str) -> Answer {
    get(engine.url(&format!("/api/faults/{id}"))).method("DELETE").send()
}

fn state(engine: &Engine) -> Value {
    get(engine.url("/api/state")).send().ok().json()
}

#[test]
fn a_fault_is_made_replaced_listed_and_ended() {
    let engine = Plan::here().start();
    let body =
        json!({"on": {"service": "payment-provider", "country": ["BR"]}, "share": "35%", "effect": "hang"});
    let made = put(&engine, "br-cards", body.clone());
    assert_eq!((made.status, &made.json()["id"]), (201, &json!("br-cards")), "{made:?}");
    assert_eq!(put(&engine, "br-cards", body).status, 200);
    let all = get(engine.url("/api/faults")).send().ok().json();
    let [one] = &all.as_array().expect("a list")[..] else { panic!("{all}") };
    assert_eq!(
        (&one["source"], &one["share"], &one["effect"]),
        (&json!("manual"), &json!("35%"), &json!("hang"))
    );
    assert_eq!((&one["on"]["country"], &one["count"]["hit"]), (&json!(["BR"]), &json!(0)));
    assert_eq!(state(&engine)["faults"], all);
    assert_eq!(engine.switchboard.board().revision().number, 1, "setting the same again changes nothing");
    assert_eq!((delete(&engine, "br-cards").status, delete(&engine, "br-cards").status), (204, 404));
    assert_eq!(get(engine.url("/api/faults")).send().ok().json(), json!([]));
}

#[test]
fn a_fault_that_cannot_be_is_refused_with_the_field_and_the_nearest_word() {
    let engine = Plan::here().start();
    let long = json!({"delay": {"fixed": "2h"}});
    for (body, field, hint) in [
        (json!({"effect": "dwn"}), "effect", "did you mean `down`?"),
        (json!({"effect": "hang", "on": {"service": "payment"}}), "on.service", "did you mean `payments`?"),
        (json!({"effect": "hang", "on": {"contry": ["BR"]}}), "on.contry", "did you mean `country`?"),
        (json!({"effect": "hang", "on": {"country": ["BZ"]}}), "on.country[0]", "`BR`"),
        (json!({"effect": "hang", "share": "135%"}), "share", "from 0% to 100%"),
        (json!({"effect": long}), "effect.delay.fixed", "at most"),
        (
            json!({"effect": "hang", "on": {"service": "payments", "route": "POST /paymants"}}),
            "on.route",
            "did you mean `POST /payments`?",
        ),
        (json!({"effect": "hang", "on": {"service": "lab"}}), "on.service", "the lab itself"),
        (json!({"effect": "hang", "id": "b"}), "id", "`b` is not `a`"),
        (json!({"on": {}}), "effect", "`effect` is missing"),
    ] {
        let refused = put(&engine, "a", body.clone());
        assert_eq!(refused.problem(422), "invalid", "{body}");
        let problem = refused.json();
        assert_eq!(problem["field"].as_str().unwrap_or_default(), field, "{refused:?}");
        assert!(refused.body.contains(hint), "{hint}: {refused:?}");
    }
    assert_eq!(put(&engine, "Not-An-Id", json!({"effect": "hang"})).problem(422), "invalid");
    assert_eq!(engine.switchboard.current().revision.number, 0);
}

#[test]
fn a_scenario_is_found_started_steered_and_stopped() {
    let engine = Plan::here().start();
    let tell = |path: &str, body: Value| post(engine.url(&format!("/api/scenarios/{path}")), body).send();
    let bare = |path: &str| get(engine.url(&format!("/api/scenarios/{path}"))).method("POST").send();
    let all = get(engine.url("/api/scenarios")).send().ok().json();
    assert!(all.as_array().expect("a list").iter().any(|one| one["name"] == "payment-outage"), "{all}");
    let one = get(engine.url("/api/scenarios/payment-outage"));
    assert_eq!(one.send().ok().json()["phases"][0]["name"], "calm");
    let file =
        get(engine.url("/api/scenarios/payment-outage")).header("accept", "application/yaml").send().ok();
    assert_eq!(file.content_type, "application/yaml");
    assert!(file.body.contains("# as it stands in the file"));
    let unknown = get(engine.url("/api/scenarios/payment-outag")).send();
    assert_eq!(unknown.problem(404), "not_found");
    assert!(unknown.body.contains("did you mean `payment-outage`?"));

    assert_eq!(tell("jump", json!({"phase": "outage"})).problem(409), "conflict");
    assert_eq!(bare("payment-outage/start").ok().json()["scenario"], "payment-outage");
    assert_eq!(tell("payment-outage/start", json!({"seed": 7})).ok().json()["phase"], "calm");
    assert_eq!(state(&engine)["seed"], 7);
    assert_eq!(tell("jump", json!({"phase": "outage"})).ok().json()["phase"], "outage");
    assert_eq!(tell("speed", json!({"factor": -1})).json()["field"], "factor");
    tell("speed", json!({"factor": 2})).ok();
    bare("pause").ok();
    let scenario = &state(&engine)["scenario"];
    assert_eq!(
        (&scenario["speed"], &scenario["paused"], &scenario["loop"]),
        (&json!(2.0), &json!(true), &json!(false))
    );
    bare("resume").ok();
    assert_eq!(tell("nowhere/start", json!({})).problem(404), "not_found");
    assert_eq!(bare("stop").ok().json()["mode"], "normal");
}

#[test]
fn modes_are_switched_by_either_address_and_calm_ends_all() {
    let engine = Plan::here().start();
    let body = json!({"mode": "blackfriday"});
    let known = post(engine.url("/admin/demo-mode"), body.clone()).send().ok();
    assert_eq!(known.json(), json!({"status": "ok", "mode": "blackfriday"}));
    let ours = post(engine.url("/api/mode"), json!({"mode": "normal"})).send().ok();
    assert_eq!((&ours.json()["status"], &ours.json()["mode"]), (&json!("ok"), &json!("normal")));
    put(&engine, "a", json!({"effect": "hang"})).ok();
    let calm = get(engine.url("/api/calm")).method("POST").send().ok();
    assert_eq!(calm.json()["mode"], "calm");
    assert_eq!(state(&engine)["faults"], json!([]));
}

#[test]
fn the_ledger_is_lines_of_json() {
    let engine = Plan::here().start();
    let read = |query: &str| get(engine.url(&format!("/api/ledger{query}"))).send();
    for id in ["br-cards", "slow"] {
        put(&engine, id, json!({"effect": "hang"})).ok();
        assert_eq!(delete(&engine, id).status, 204);
    }
    let all = read("").ok();
    assert_eq!(all.content_type, "application/x-ndjson");
    let what = |lines: &Answer| -> Vec<String> {
        let lines = lines.body.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.map(|line| format!("{} {}", line["what"], line["fault"]).replace('"', "")).collect()
    };
    let all = what(&all);
    for line in ["set br-cards", "cleared br-cards", "set slow", "cleared slow"] {
        assert!(all.iter().any(|one| one == line), "{line}: {all:?}");
    }
    assert_eq!(what(&read("?fault=br-cards&limit=1").ok()), ["cleared br-cards"]);
    assert_eq!(read("?limt=1").problem(422), "invalid");
}

#[test]
fn counts_of_other_processes_are_added_up() {
    let engine = Plan::here().start();
    put(&engine, "a", json!({"effect": "hang"})).ok();
    let report = |process: &str, hit: u64| {
        let trace = process.chars().last().expect("a letter").to_string().repeat(32);
        let count = json!({"matched": 10, "hit": hit, "trace_ids": [trace]});
        let body = json!({"process": process, "revision": "1-1", "faults": {"a": count}});
        post(engine.url("/api/switchboard/counts"), body).send()
    };
    assert_eq!(report("cart-1", 1).status, 204);
    assert_eq!(report("cart-1", 3).status, 204);
    assert_eq!(report("cart-2", 4).status, 204);
    let count = &get(engine.url("/api/faults")).send().ok().json()[0]["count"];
    assert_eq!((&count["matched"], &count["hit"]), (&json!(20), &json!(7)));
    assert_eq!(count["trace_ids"].as_array().map(Vec::len), Some(2));
    assert_eq!(report("<script>", 1).problem(422), "invalid");
}

fn send(
    ask: ureq::RequestBuilder<ureq::typestate::WithBody>,
    body: Value,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    ask.header("content-type", "application/json").send(body.to_string())
}

/// Sends `count` calls from `clients` connections; the statuses that came back.
fn storm(engine: &Engine, clients: usize, count: usize) -> Vec<u16> {
    let next = AtomicUsize::new(0);
    let one = || {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut statuses = Vec::new();
        while next.fetch_add(1, Ordering::Relaxed) < count {
            let number = next.load(Ordering::Relaxed);
            let mut answer = match number % 4 {
                0 => agent.post(engine.url("/api/calm")).send_empty(),
                1 => send(agent.post(engine.url("/api/mode")), json!({"mode": "blackfriday"})),
                2 => send(agent.put(engine.url("/api/faults/a")), json!({"effect": "hang"})),
                _ => agent.delete(engine.url("/api/faults/a")).call(),
            }
            .expect("an answer");
            answer.body_mut().read_to_string().expect("a body");
            statuses.push(answer.status().as_u16());
        }
        statuses
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(one)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("it went well")).collect()
    })
}

#[test]
fn a_thousand_calls_are_served_or_refused_and_all_is_well_afterwards() {
    let engine = Plan::here().start();
    let begun = Instant::now();
    let statuses = storm(&engine, 16, 1_000);
    let took = begun.elapsed();
    assert!(took < SOON, "{took:?}");
    assert_eq!(statuses.len(), 1_000);
    let odd: Vec<_> = statuses.iter().filter(|status| ![200, 201, 204, 404, 503].contains(*status)).collect();
    assert!(odd.is_empty(), "{odd:?}");
    assert!(statuses.iter().any(|status| *status < 300));
    assert_eq!(get(engine.url("/api/calm")).method("POST").send().ok().json()["mode"], "calm");
    assert_eq!(engine.switchboard.current().faults, []);
}

#[test]
fn an_engine_that_does_not_keep_up_turns_callers_away() {
    let engine = Plan::here().asleep().start();
    let statuses = storm(&engine, 96, 200);
    assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let refused = agent.post(engine.url("/api/calm")).send_empty().expect("an answer");
    assert_eq!(refused.headers().get("retry-after").expect("the header"), "1");
    get(engine.url("/api/state")).send().ok();
}
