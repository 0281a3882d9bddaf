//! Who may change the lab, and what becomes of a body that makes no sense.

use serde_json::json;

use super::engine::{Engine, Plan, TOKEN};
use crate::browser::{Ask, get, post};

fn calm(engine: &Engine) -> Ask {
    post(engine.url("/api/calm"), json!({}))
}

/// That nothing has changed: nobody was let in.
#[track_caller]
fn untouched(engine: &Engine) {
    assert_eq!(engine.switchboard.current().revision.number, 0);
    let ledger = get(engine.url("/api/ledger")).token(TOKEN).send().ok().body;
    assert!(!ledger.contains("\"what\":\"command\""), "{ledger}");
}

#[test]
fn on_loopback_another_site_s_page_is_turned_away() {
    let engine = Plan::here().start();
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("origin", "https://127.0.0.1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("host", "evil.example"),
        ("host", "127.0.0.1.evil.example"),
    ] {
        let refused = calm(&engine).header(name, value).send();
        assert_eq!(refused.problem(403), "forbidden", "{name}: {value}");
        assert_eq!(refused.allowed_origin, "");
    }
    // What a form on another site could send without asking first.
    let form = post(engine.url("/admin/demo-mode"), json!({"mode": "normal"}))
        .header("origin", "http://evil.example")
        .send();
    assert_eq!(form.problem(403), "forbidden");
    untouched(&engine);
    let own = calm(&engine).header("origin", &engine.url("")).send().ok();
    assert_eq!(own.json()["mode"], "calm");
}

#[test]
fn beyond_loopback_the_token_is_needed_to_change_and_to_read_what_is_broken() {
    let engine = Plan::beyond().start();
    assert_eq!(calm(&engine).send().problem(401), "unauthenticated");
    for wrong in ["", "open", "open-sesame2", "OPEN-SESAME"] {
        assert_eq!(calm(&engine).token(wrong).send().problem(401), "unauthenticated", "{wrong}");
    }
    let foreign = calm(&engine).token(TOKEN).header("origin", "http://evil.example").send();
    assert_eq!(foreign.problem(403), "forbidden");
    let counts = json!({"process": "cart-1", "revision": "1-0", "faults": {}});
    assert_eq!(post(engine.url("/api/switchboard/counts"), counts).send().problem(401), "unauthenticated");
    untouched(&engine);
    for path in ["/api/state", "/api/faults", "/metrics"] {
        assert_eq!(get(engine.url(path)).send().problem(401), "unauthenticated", "{path}");
        get(engine.url(path)).token(TOKEN).send().ok();
    }
    for path in ["/", "/app.js", "/api/vitals", "/openapi.json"] {
        get(engine.url(path)).send().ok();
    }
    let answer = calm(&engine).token(TOKEN).header("host", "lab.example:8010").send().ok();
    assert_eq!(answer.json()["mode"], "calm");
}

#[test]
fn reading_by_a_host_that_is_not_known_is_refused() {
    for engine in [Plan::here().start(), Plan::beyond().start()] {
        for path in ["/api/vitals", "/", "/app.js", "/nowhere"] {
            let refused = get(engine.url(path)).header("host", "evil.example").send();
            assert_eq!(
                (refused.problem(403).as_str(), &*refused.allowed_origin),
                ("forbidden", ""),
                "{path}"
            );
        }
        for path in ["/api/state", "/metrics"] {
            let refused = get(engine.url(path)).header("host", "evil.example").send();
            assert!([401, 403].contains(&refused.status), "{path}: {refused:?}");
        }
        get(engine.url("/api/vitals")).header("host", "localhost").send().ok();
    }
    let engine = Plan::beyond().start();
    get(engine.url("/api/state")).header("host", "evil.example").token(TOKEN).send().ok();
}

#[test]
fn no_answer_may_be_shown_by_another_site_or_taken_for_a_script() {
    let engine = Plan::here().start();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    for path in
        ["/api/state", "/runbooks/HighErrorRate", "/metrics", "/api/traces/none", "/nowhere", "/app.js"]
    {
        let answer = agent.get(engine.url(path)).call().expect("an answer");
        let header = |name: &str| answer.headers().get(name).expect(name).to_str().expect("text").to_owned();
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
    }
}

#[test]
fn wrong_tokens_are_slowed_down_and_then_not_compared() {
    let engine = Plan::beyond().start();
    let guess = |number: usize| calm(&engine).token(&format!("guess-{number}")).send().status;
    let statuses: Vec<u16> = (0..30).map(guess).collect();
    assert!(
        statuses.starts_with(&[401; 20]) && statuses[20..].iter().all(|status| *status == 429),
        "{statuses:?}"
    );
    assert_eq!(calm(&engine).token(TOKEN).send().problem(429), "too_many_requests");
    get(engine.url("/api/vitals")).send().ok();
}

#[test]
fn a_fault_with_a_field_that_stands_twice_is_refused() {
    let engine = Plan::here().start();
    let twice = r#"{"effect": "hang", "effect": "down"}"#;
    for path in ["/api/faults/a", "/api/check/fault"] {
        let method = if path.starts_with("/api/check") { "POST" } else { "PUT" };
        let refused = post(engine.url(path), json!({})).method(method).body(twice).send();
        assert_eq!(refused.problem(422), "invalid", "{path}");
        assert!(refused.body.contains("duplicate field `effect`"), "{refused:?}");
    }
    assert_eq!(get(engine.url("/api/faults")).send().ok().body, "[]");
}

#[test]
fn a_401_says_what_is_asked_for() {
    let engine = Plan::beyond().start();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let answer = agent.post(engine.url("/api/calm")).send_empty().expect("an answer");
    assert_eq!(answer.headers().get("www-authenticate").expect("the header"), "Bearer");
}

#[test]
fn bodies_that_make_no_sense_are_refused_by_name_and_change_nothing() {
    let engine = Plan::here().start();
    let mode = |body: &str| post(engine.url("/api/mode"), json!({})).body(body).send();
    assert_eq!(mode("{\"mode\": ").problem(400), "malformed");
    assert_eq!(mode("").problem(400), "malformed");
    assert_eq!(mode("[\"normal\"]").problem(422), "invalid");
    assert_eq!(mode(&format!("{{\"mode\": \"{}\"}}", "a".repeat(70_000))).problem(413), "too_large");
    let unknown = mode("{\"mode\": \"blackfridy\"}");
    assert_eq!((unknown.problem(422).as_str(), &unknown.json()["field"]), ("invalid", &json!("mode")));
    assert!(unknown.body.contains("did you mean `blackfriday`?"), "{unknown:?}");
    let field = mode("{\"mode\": \"normal\", \"seeed\": 1}");
    assert_eq!((field.problem(422).as_str(), &field.json()["field"]), ("invalid", &json!("seeed")));
    let plain = status_of_plain_text(&engine, "{\"mode\": \"normal\"}");
    assert_eq!(plain, 415);
    let optional = post(engine.url("/api/scenarios/payment-outage/start"), json!({"sed": 1})).send();
    assert_eq!((optional.problem(422).as_str(), &optional.json()["field"]), ("invalid", &json!("sed")));
    assert!(optional.body.contains("did you mean `seed`?"), "{optional:?}");
    let jump = post(engine.url("/api/scenarios/jump"), json!({})).send();
    assert_eq!(jump.problem(422), "invalid");
    untouched(&engine);
}

/// A page on another site can send text without asking first; it is not taken for JSON.
fn status_of_plain_text(engine: &Engine, body: &str) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let ask = agent.post(engine.url("/api/mode")).header("content-type", "text/plain");
    ask.send(body).expect("an answer").status().as_u16()
}
