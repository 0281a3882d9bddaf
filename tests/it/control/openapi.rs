//! The description says what there is: no more and no less.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::engine::Plan;
use crate::browser::get;

/// Every address of the control API, by hand: whoever adds one says so here.
const CALLS: [(&str, &str); 58] = [
    ("get", "/"),
    ("get", "/api/alerts"),
    ("get", "/api/alerts/notifications"),
    ("get", "/api/alerts/routes"),
    ("get", "/api/alerts/rules"),
    ("get", "/api/events"),
    ("get", "/api/exercises"),
    ("get", "/api/exercises/runs"),
    ("get", "/api/exercises/{id}"),
    ("get", "/api/faults"),
    ("get", "/api/graph"),
    ("get", "/api/ledger"),
    ("get", "/api/logs"),
    ("get", "/api/metrics"),
    ("get", "/api/objectives"),
    ("get", "/api/places"),
    ("get", "/api/profiles"),
    ("get", "/api/profiles/{service}"),
    ("get", "/api/scenarios"),
    ("get", "/api/scenarios/{name}"),
    ("get", "/api/series"),
    ("get", "/api/state"),
    ("get", "/api/store"),
    ("get", "/api/switchboard"),
    ("get", "/api/traces"),
    ("get", "/api/traces/{id}"),
    ("get", "/api/verify"),
    ("get", "/api/vitals"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("get", "/runbooks/{alert}"),
    ("delete", "/api/faults/{id}"),
    ("delete", "/api/traces/{id}/pin"),
    ("delete", "/api/verify"),
    ("put", "/api/faults/{id}"),
    ("put", "/api/traces/{id}/pin"),
    ("post", "/admin/demo-mode"),
    ("post", "/admin/generate-traffic"),
    ("post", "/api/calm"),
    ("post", "/api/check/fault"),
    ("post", "/api/exercises/start"),
    ("post", "/api/exercises/{id}/answer"),
    ("post", "/api/exercises/{id}/give-up"),
    ("post", "/api/exercises/{id}/hint"),
    ("post", "/api/exercises/{id}/notice"),
    ("post", "/api/mode"),
    ("post", "/api/scenarios/jump"),
    ("post", "/api/scenarios/pause"),
    ("post", "/api/scenarios/resume"),
    ("post", "/api/scenarios/speed"),
    ("post", "/api/scenarios/stop"),
    ("post", "/api/scenarios/{name}/start"),
    ("post", "/api/switchboard/counts"),
    ("post", "/api/verify"),
    ("post", "/receivers/{name}"),
    ("post", "/v1/logs"),
    ("post", "/v1/metrics"),
    ("post", "/v1/traces"),
];

fn document() -> Value {
    let engine = Plan::here().start();
    get(engine.url("/openapi.json")).send().ok().json()
}

fn described(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    let calls = paths.flat_map(|(path, item)| {
        let methods = item.as_object().expect("an item").keys();
        methods.map(|method| (method.clone(), path.clone()))
    });
    calls.collect()
}

#[test]
fn every_address_is_described_and_every_description_has_an_address() {
    let engine = Plan::here().start();
    let document = document();
    let described = described(&document);
    let known: BTreeSet<_> =
        CALLS.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(described, known);
    for (method, path) in &described {
        if ["/api/events", "/api/switchboard"].contains(&path.as_str()) {
            continue; // They answer, but never end; other tests read them.
        }
        let url = engine.url(&path.replace("{name}", "payment-outage").replace("{id}", "nothing"));
        let url = url.replace("{service}", "nothing").replace("{alert}", "nothing");
        let method = method.to_uppercase();
        let answer = get(url).method(Box::leak(method.into_boxed_str())).send();
        assert!(
            !answer.body.contains("nothing at this address") && answer.status != 405,
            "{path}: {answer:?}"
        );
        // What it answers to a call without a body is described.
        let status = answer.status.to_string();
        let (verb, item) = (document["paths"][path].as_object().expect("an item"), path);
        let responses = verb.values().find(|one| one["responses"][&status].is_object());
        assert!(responses.is_some(), "{item} answers {status}, which is not described");
    }
}

#[test]
fn the_document_is_whole() {
    let document = document();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{document:#}");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, call) in item.as_object().expect("an item") {
            let what = format!("{method} {path}");
            assert!(call["summary"].as_str().is_some_and(|text| !text.is_empty()), "{what} has no summary");
            assert!(call["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{what} has not one tag");
            assert!(names.insert(call["operationId"].as_str().expect("a name")), "{what} shares its name");
            let responses = call["responses"].as_object().expect("responses");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{what} never goes well");
            let parameters = call["parameters"].as_array().cloned().unwrap_or_default();
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(
                    parameters.iter().any(|one| one["name"] == part && one["in"] == "path"),
                    "{what}: {part}"
                );
            }
            let changes = ["post", "put", "delete"].contains(&method.as_str());
            let wants = ["401", "403", "503"].iter().all(|status| responses.contains_key(*status));
            assert!(!changes || wants, "{what} says nothing of its guard");
        }
    }
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in references {
        let there = document.pointer(reference.trim_start_matches('#'));
        assert!(there.is_some(), "{reference} leads nowhere");
    }
    for schema in [
        "StateNow",
        "ModeNow",
        "ScenarioNow",
        "FaultsNow",
        "Follower",
        "Vitals",
        "Setting",
        "Beat",
        "StackNow",
        "Note",
        "VerifyStep",
    ] {
        assert!(
            document["components"]["schemas"][schema].is_object(),
            "an event's data, {schema}, is missing"
        );
    }
    let body =
        &document["paths"]["/api/faults/{id}"]["put"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body, &json!({"$ref": "#/components/schemas/FaultBody"}));
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                references.insert(reference.clone());
            }
            fields.values().for_each(|value| collect(value, references));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
