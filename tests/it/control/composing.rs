//! A fault that is being composed: what it may be aimed at, and what the lab says of it before it is set.

use serde_json::{Value, json};

use super::engine::Plan;
use crate::browser::{get, post};

#[test]
fn a_fault_is_looked_at_and_nothing_breaks() {
    let engine = Plan::here().start();
    let body = json!({
        "id": "br-cards", "on": {"service": "payment-provider", "route": "POST /charge", "country": ["BR"]},
        "share": "35%", "effect": {"fail": {"status": {"500": 2, "503": 1}}}, "ramp": {"over": "30s", "from": "0%"},
    });
    let looked = post(engine.url("/api/check/fault"), body.clone()).send().ok().json();
    assert_eq!((&looked["wrong"], &looked["fault"]["id"]), (&json!([]), &json!("br-cards")), "{looked:#}");
    assert_eq!(get(engine.url("/api/faults")).send().ok().json(), json!([]));
    let text = |field: &str| looked[field].as_str().unwrap_or_default().to_owned();
    let again: Value = serde_saphyr::from_str(&text("yaml")).expect("YAML");
    assert_eq!(again["on"]["country"], json!(["BR"]), "{}", text("yaml"));
    let scenario: Value = serde_saphyr::from_str(&text("scenario")).expect("YAML");
    assert_eq!(
        (&scenario["name"], &scenario["phases"][1]["faults"][0]["id"]),
        (&json!("br-cards"), &json!("br-cards"))
    );
}

#[test]
fn all_that_is_wrong_with_a_composed_fault_is_said_at_once_and_where() {
    let engine = Plan::here().start();
    let body = json!({
        "id": "Cards!", "on": {"service": "payments", "route": "POST /paymants"}, "share": "135%", "effect": "dwn",
    });
    let looked = post(engine.url("/api/check/fault"), body).send().ok().json();
    let wrong = looked["wrong"].as_array().expect("a list");
    let fields: Vec<&str> = wrong.iter().filter_map(|one| one["field"].as_str()).collect();
    for field in ["share", "effect"] {
        assert!(fields.contains(&field), "{looked:#}");
    }
    assert!(looked.to_string().contains("did you mean `down`?"), "{looked:#}");
    assert_eq!(
        (&looked["yaml"], &looked["scenario"], &looked["fault"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

#[test]
fn every_place_that_is_offered_can_be_aimed_at() {
    let engine = Plan::here().start();
    let places = get(engine.url("/api/places")).send().ok().json();
    let places = places.as_array().expect("a list");
    assert_eq!(places.len(), 13, "every service but the lab");
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    for place in places {
        let routes = texts(&place["routes"]).into_iter().map(|route| ("route", route));
        let queries = texts(&place["queries"]).into_iter().map(|query| ("query", query));
        for (field, word) in routes.chain(queries) {
            let on = json!({"service": place["service"], field: word});
            let body = json!({"id": "a", "on": on, "effect": {"delay": {"fixed": "1ms"}}});
            let looked = post(engine.url("/api/check/fault"), body).send().ok().json();
            assert_eq!(looked["wrong"], json!([]), "{on}");
        }
    }
}
