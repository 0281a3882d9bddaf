//! Questions that make no sense, questions to a store that is off, and profiles in each of their forms.

use std::sync::Arc;

use doorbuster::store::profiles::shelf::{Batch, Sample};
use serde_json::json;

use super::sent::{now_ns, spans};
use crate::{
    browser::{get, post},
    control::engine::{Engine, Plan},
};

#[test]
fn a_question_that_makes_no_sense_is_refused_and_the_field_named() {
    let engine = Plan::here().start();
    for (question, field, hint) in [
        ("/api/traces?limit=501", "limit", "from 1 to 500"),
        ("/api/traces?limit=0", "limit", "from 1 to 500"),
        ("/api/traces?limit=many", "limit", "from 1 to 500"),
        ("/api/traces?status=fine", "status", "`ok` or `error`"),
        ("/api/traces?attribute=country", "attribute", "`key=value`"),
        ("/api/traces?min_duration_ms=-1", "min_duration_ms", "from 1 to"),
        ("/api/traces?servise=cart", "servise", "unknown field `servise`"),
        ("/api/traces?service=cart&service=ads", "service", "once"),
        ("/api/traces/xyz", "id", "32 hexadecimal digits"),
        ("/api/logs?trace_id=12", "trace_id", "32 hexadecimal digits"),
        ("/api/logs?span_id=0123456789abcdeg", "span_id", "16 hexadecimal digits"),
        ("/api/logs?level=loud", "level", "expected trace, debug"),
        ("/api/logs?limit=1001", "limit", "from 1 to 1000"),
        ("/api/logs?seconds=86401", "seconds", "from 1 to 86400"),
        ("/api/series", "", "missing field `metric`"),
        ("/api/series?metric=a&label=b", "label", "`key=value`"),
        ("/api/graph?seconds=901", "seconds", "from 1 to 900"),
        ("/api/graph?minutes=1", "minutes", "unknown field"),
        ("/api/profiles/cart?format=pdf", "format", "`svg`"),
    ] {
        let refused = get(engine.url(question)).send();
        assert_eq!(refused.problem(422), "invalid", "{question}");
        assert_eq!(refused.json()["field"].as_str().unwrap_or_default(), field, "{question}: {refused:?}");
        assert!(refused.body.contains(hint), "{question}: {refused:?}");
    }
    let unknown = get(engine.url(&format!("/api/traces/{}", "a".repeat(32)))).send();
    assert_eq!(unknown.problem(404), "not_found");
}

#[test]
fn an_empty_store_has_empty_answers() {
    let engine = Plan::here().start();
    for question in ["/api/traces", "/api/logs", "/api/metrics", "/api/profiles"] {
        assert_eq!(get(engine.url(question)).send().ok().json(), json!([]), "{question}");
    }
    assert_eq!(get(engine.url("/api/graph")).send().ok().json(), json!({"nodes": [], "edges": []}));
    let fill = get(engine.url("/api/store")).send().ok().json();
    assert_eq!((&fill["traces"]["items"], &fill["traces"]["oldest"]), (&json!(0), &json!(null)), "{fill:#}");
}

#[test]
fn a_store_that_is_off_says_so_wherever_it_is_asked() {
    let engine = Plan::here().without_store().start();
    for question in
        ["/api/traces", "/api/logs", "/api/metrics", "/api/graph", "/api/profiles/cart", "/api/store"]
    {
        let refused = get(engine.url(question)).send();
        assert_eq!(refused.problem(404), "not_found");
        assert!(refused.body.contains("--store-mb"), "{refused:?}");
    }
    let sent =
        get(engine.url("/v1/traces")).method("POST").header("content-type", "application/x-protobuf").send();
    assert_eq!(sent.problem(404), "not_found");
}

fn sampled(engine: &Engine) {
    let frames = |names: &str| names.split(' ').map(Arc::from).collect::<Vec<Arc<str>>>().into();
    let sample = |route: Option<&str>, names: &str, count| Sample {
        service: "payments".into(),
        route: route.map(Into::into),
        frames: frames(names),
        count,
    };
    let samples =
        vec![sample(Some("POST /charge"), "main serve simulate_cpu_work", 90), sample(None, "main wait", 10)];
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    engine.store.take_samples(&Batch { ended_ms: now.as_millis() as i64, hertz: 100, samples });
}

#[test]
fn a_profile_is_a_tree_a_picture_or_pprof_as_it_is_asked_for() {
    let engine = Plan::here().start();
    let none = get(engine.url("/api/profiles/payments")).send();
    assert!(none.problem(404) == "not_found" && none.body.contains("--profile"), "{none:?}");
    sampled(&engine);
    let list = get(engine.url("/api/profiles")).send().ok().json();
    let first = json!({"service": "payments", "route": "POST /charge", "samples": 90, "cpu_seconds": 0.9});
    assert_eq!(list[0], first);
    let profile =
        get(engine.url("/api/profiles/payments?route=POST%20/charge&seconds=60")).send().ok().json();
    assert_eq!((&profile["samples"], &profile["hertz"]), (&json!(90), &json!(100)));
    let hottest = &profile["root"]["children"][0]["children"][0]["children"][0];
    assert_eq!(hottest, &json!({"name": "simulate_cpu_work", "self": 90, "total": 90, "children": []}));
    for picture in [
        get(engine.url("/api/profiles/payments?format=svg")),
        get(engine.url("/api/profiles/payments")).header("accept", "image/svg+xml,image/*;q=0.8"),
    ] {
        let picture = picture.send().ok();
        assert_eq!(picture.content_type, "image/svg+xml");
        assert!(
            picture.body.contains("<title>simulate_cpu_work (0.90 s, 90.0 %, 90 samples)"),
            "{picture:?}"
        );
    }
    assert_eq!(get(engine.url("/api/profiles/cart")).send().problem(404), "not_found");
}

#[test]
fn a_pinned_trace_says_so_in_every_answer_until_it_is_unpinned() {
    let engine = Plan::here().start();
    let id = "8".repeat(32);
    let pin = engine.url(&format!("/api/traces/{id}/pin"));
    let ask = |method: &'static str| get(pin.clone()).method(method).send();
    assert_eq!(ask("PUT").problem(404), "not_found");
    post(engine.url("/v1/traces"), spans(&id, now_ns())).send().ok();
    assert_eq!((ask("PUT").status, ask("PUT").status), (201, 204));
    let is_pinned = || {
        let one = get(engine.url(&format!("/api/traces/{id}"))).send().ok().json();
        let list = get(engine.url("/api/traces")).send().ok().json();
        let fill = get(engine.url("/api/store")).send().ok().json();
        let priorities = fill["priorities"].as_array().cloned().unwrap_or_default();
        let pinned = priorities.iter().find(|one| one["priority"] == "pinned").expect("the last of them");
        json!([one["pinned"], list[0]["pinned"], pinned["traces"]])
    };
    assert_eq!(is_pinned(), json!([true, true, 1]));
    assert_eq!((ask("DELETE").status, ask("DELETE").problem(404).as_str()), (204, "not_found"));
    assert_eq!(is_pinned(), json!([false, false, 0]));
}

#[test]
fn a_trace_of_too_many_spans_says_how_many_are_missing() {
    let engine = Plan::here().start();
    let id = "9".repeat(32);
    let mut request = spans(&id, now_ns());
    let list = request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array_mut().expect("a list");
    let root = list.remove(0);
    let inner = list.remove(0);
    for number in 0..5_100 {
        let mut span = inner.clone();
        span["spanId"] = format!("{:016x}", 0x1000 + number).into();
        list.push(span);
    }
    list.push(root);
    let answer = post(engine.url("/v1/traces"), request).send().ok().json();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], json!("100"), "{answer}");
    let trace = get(engine.url(&format!("/api/traces/{id}"))).send().ok().json();
    assert_eq!((&trace["spans"], &trace["turned_away"]), (&json!(5_001), &json!(100)));
    assert_eq!(trace["roots"][0]["name"], "GET /old");
    let list = get(engine.url("/api/traces")).send().ok().json();
    assert_eq!((&list[0]["name"], &list[0]["turned_away"]), (&json!("GET /old"), &json!(100)), "{list:#}");
}
