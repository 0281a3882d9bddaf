//! What comes in at `/receivers/{name}`.

use serde_json::{Value, json};

use crate::{
    browser::{Answer, get, post},
    control::engine::{Engine, Plan},
};

fn webhook() -> Value {
    json!({
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "oncall",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://127.0.0.1:8061",
        "alerts": [{"status": "firing", "labels": {"alertname": "A"}, "annotations": {},
            "startsAt": "2026-11-20T20:15:00Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "",
            "fingerprint": "f0"}],
    })
}

fn tell(engine: &Engine, receiver: &str, body: &str) -> Answer {
    post(engine.url(&format!("/receivers/{receiver}")), json!({})).body(body).send()
}

fn told(engine: &Engine, query: &str) -> Vec<Value> {
    let notes = get(engine.url(&format!("/api/alerts/notifications{query}"))).send().ok().json();
    notes.as_array().expect("a list").clone()
}

#[test]
fn a_notification_is_kept_under_the_name_it_came_to() {
    let engine = Plan::here().start();
    let body = webhook().to_string();
    for receiver in ["oncall", "team%2Fpayments%20%F0%9F%94%A5", "oncall"] {
        assert_eq!(tell(&engine, receiver, &body).status, 204);
    }
    let receivers: Vec<_> = told(&engine, "").iter().map(|note| note["receiver"].clone()).collect();
    assert_eq!(receivers, ["oncall", "team/payments 🔥", "oncall"]);
    let ids = |query: &str| told(&engine, query).iter().map(|note| note["id"].clone()).collect::<Vec<_>>();
    assert_eq!(
        (ids("?after=1"), ids("?receiver=oncall&after=1")),
        (vec![json!(2), json!(3)], vec![json!(3)])
    );
    assert_eq!((ids("?limit=1"), ids("?after=3")), (vec![json!(3)], vec![]));
    assert_eq!(told(&engine, "?limit=1")[0]["alerts"][0]["ends_at"], Value::Null);
    for (query, field) in [("?after=x", "after"), ("?limit=0", "limit"), ("?sender=a", "sender")] {
        let refused = get(engine.url(&format!("/api/alerts/notifications{query}"))).send();
        assert_eq!(refused.problem(422), "invalid");
        assert!(refused.body.contains(field), "{refused:?}");
    }
}

#[test]
fn hundreds_of_alerts_at_once_are_taken_and_more_than_the_bound_are_not() {
    let engine = Plan::here().start();
    let mut body = webhook();
    let mut alert = body["alerts"][0].clone();
    alert["annotations"]["description"] = json!("x".repeat(2_000));
    body["alerts"] = json!(vec![alert.clone(); 500]);
    assert_eq!(tell(&engine, "oncall", &body.to_string()).status, 204);
    assert_eq!(told(&engine, "")[0]["alerts"].as_array().map(Vec::len), Some(500));
    body["alerts"] = json!(vec![alert; 1_500]);
    let refused = tell(&engine, "oncall", &body.to_string());
    assert_eq!(refused.problem(413), "too_large");
    assert!(refused.body.contains("2097152"), "{refused:?}");
}

#[test]
fn what_is_no_webhook_is_refused_by_field_and_kept_nowhere() {
    let engine = Plan::here().start();
    assert_eq!(tell(&engine, "a", "").problem(400), "malformed");
    assert_eq!(tell(&engine, "a", "{\"version\": ").problem(400), "malformed");
    for (change, field) in [
        (json!({"version": "3"}), "version"),
        (json!({"status": "burning"}), "status"),
        (json!({"alerts": 7}), "alerts"),
        (json!({"alerts": [{"status": "firing"}]}), "alerts[0]"),
    ] {
        let mut body = webhook();
        for (name, value) in change.as_object().expect("fields") {
            body[name] = value.clone();
        }
        let refused = tell(&engine, "a", &body.to_string());
        assert_eq!(refused.problem(422), "invalid", "{change}");
        assert!(refused.json()["field"].as_str().is_some_and(|one| one.starts_with(field)), "{refused:?}");
    }
    let long = tell(&engine, &"a".repeat(201), &webhook().to_string());
    assert_eq!((long.problem(422).as_str(), &long.json()["field"]), ("invalid", &json!("name")));
    let foreign = post(engine.url("/receivers/a"), webhook()).header("origin", "http://evil.example").send();
    assert_eq!(foreign.problem(403), "forbidden");
    assert_eq!(told(&engine, ""), Vec::<Value>::new());
}
