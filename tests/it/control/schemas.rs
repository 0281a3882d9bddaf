//! What the document says of answers is true of those that a running lab gives.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use regex::Regex;
use serde_json::{Value, json};

use super::{roles::operations, stream::Stream};
use crate::{
    browser::{Answer, get, post},
    servers::lab::{Lab, Plan},
    waiting::until_some,
};

/// Traces and orders are there within this.
const BUSY: Duration = Duration::from_secs(60);
const DOCUMENT: &str = "openapi.json";

#[test]
fn no_two_types_share_the_name_of_a_schema() {
    let derived = Regex::new(
        r"#\[derive\(([^\]]*)\)\]((?:\s*#\[[^\n]*\]|\s*//[^\n]*)*)\s*pub(?:\(\w+\))? (?:struct|enum) (\w+)",
    );
    let renamed = Regex::new(r"schema\([^\]]*\bas = (\w+)").expect("a pattern");
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in sources(Path::new("src")) {
        let text = fs::read_to_string(&path).expect("text");
        for found in derived.as_ref().expect("a pattern").captures_iter(&text) {
            if found[1].split(',').all(|one| one.trim() != "ToSchema") {
                continue;
            }
            let name = renamed.captures(&found[2]).map_or(found[3].to_owned(), |name| name[1].to_owned());
            named.entry(name).or_default().push(format!("{}: {}", path.display(), &found[3]));
        }
    }
    assert!(named.len() > 60, "the pattern finds them: {named:?}");
    let shared: Vec<_> = named.iter().filter(|(_, types)| types.len() > 1).collect();
    assert!(shared.is_empty(), "one overwrites the other; #[schema(as = …)] names them apart: {shared:#?}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The document, and nothing but what is in it may be in an answer.
struct Schemas(Value);

impl Schemas {
    fn new(mut document: Value) -> Schemas {
        let parts = parts(&document);
        let schemas = document["components"]["schemas"].as_object_mut().expect("schemas");
        for (name, schema) in schemas {
            let is_whole = schema["properties"].is_object() || schema["allOf"].is_array();
            // What is a part of another is looked at with the whole.
            if is_whole && !parts.contains(name) && schema.get("additionalProperties").is_none() {
                schema["unevaluatedProperties"] = json!(false);
            }
        }
        Schemas(document)
    }

    /// What keeps `value` from being valid by what stands at `pointer`.
    fn flaws(&self, pointer: &str, value: &Value) -> Option<String> {
        let mut compiler = boon::Compiler::new();
        let mut schemas = boon::Schemas::new();
        compiler.add_resource(DOCUMENT, self.0.clone()).expect("JSON");
        let place = format!("{DOCUMENT}#{}", pointer.replace('{', "%7B").replace('}', "%7D"));
        let index = compiler.compile(&place, &mut schemas).unwrap_or_else(|error| panic!("{place}: {error}"));
        schemas.validate(value, index).err().map(|error| error.to_string())
    }
}

/// Schemas that others take in by `allOf`.
fn parts(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match value {
        Value::Object(fields) => {
            for one in fields.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                found.extend(one["$ref"].as_str().and_then(|at| at.rsplit('/').next()).map(str::to_owned));
            }
            fields.values().for_each(|one| found.extend(parts(one)));
        }
        Value::Array(list) => list.iter().for_each(|one| found.extend(parts(one))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

/// An address for each operation that reads, with what there is in this lab.
fn filled(template: &str, trace: &str, run: &str) -> String {
    match template {
        "/api/traces/{id}" => format!("/api/traces/{trace}"),
        "/api/exercises/{id}" => format!("/api/exercises/{run}"),
        "/api/scenarios/{name}" => "/api/scenarios/payment-outage-brazil".to_owned(),
        "/api/profiles/{service}" => "/api/profiles/storefront".to_owned(),
        "/runbooks/{alert}" => "/runbooks/HighErrorRate".to_owned(),
        "/api/series" => "/api/series?metric=http.server.request.duration".to_owned(),
        "/api/logs" => "/api/logs?limit=1000".to_owned(),
        "/api/exercises/runs" => "/api/exercises/runs?answers=true".to_owned(),
        other => other.to_owned(),
    }
}

/// A lab in which there is something of everything.
pub fn busy() -> (Lab, String) {
    let plan = Plan::up().env("DOORBUSTER_VISITS_PER_MINUTE", "300").env("DOORBUSTER_SCENARIO", "normal");
    let lab = plan.args(&["--profile", "--profile-every", "1s"]).start();
    let found = || {
        let traces = get(lab.at(10, "/api/traces?service=checkout")).send().ok().json();
        let profiled = get(lab.at(10, "/api/profiles/storefront")).send().status == 200;
        traces[0]["trace_id"].as_str().filter(|_| profiled).map(str::to_owned)
    };
    let trace = until_some(BUSY, "somebody has bought something", found);
    let fault = json!({"on": {"service": "catalog"}, "share": "10%", "effect": {"delay": {"fixed": "20ms"}}});
    post(lab.at(10, "/api/faults/by-hand"), fault).method("PUT").send().ok();
    (lab, trace)
}

#[test]
fn every_answer_of_a_running_lab_fits_its_schema() {
    let (lab, trace) = busy();
    let schemas = Schemas::new(get(lab.at(10, "/openapi.json")).send().ok().json());
    let mut wrong = Vec::new();
    let mut validated = 0;
    let mut check = |method: &str, template: &str, answer: &Answer| {
        let responses = &schemas.0["paths"][template][method]["responses"];
        let response = &responses[answer.status.to_string()];
        if !response.is_object() {
            return wrong.push(format!("{method} {template}: {} is not described", answer.status));
        }
        let Some(media) = response["content"].as_object() else { return };
        let plain = answer.content_type.split(';').next().unwrap_or_default();
        if !media.contains_key(plain) {
            return wrong.push(format!("{method} {template}: {plain} is not described"));
        }
        if plain.ends_with("json") && plain != "application/x-ndjson" {
            let part = |text: &str| text.replace('~', "~0").replace('/', "~1");
            let pointer = format!(
                "/paths/{}/{method}/responses/{}/content/{}/schema",
                part(template),
                answer.status,
                part(plain)
            );
            validated += 1;
            wrong.extend(
                schemas.flaws(&pointer, &answer.json()).map(|why| format!("{method} {template}: {why}")),
            );
        }
    };
    let read = |check: &mut dyn FnMut(&str, &str, &Answer), run: &str| {
        for (method, template) in operations(&schemas.0) {
            if method == "GET" && !["/api/events", "/api/switchboard"].contains(&template.as_str()) {
                check("get", &template, &get(lab.at(10, &filled(&template, &trace, run))).send());
            }
        }
    };
    let call = |path: &str, body: Value| post(lab.at(10, path), body).send();
    read(&mut check, "nothing");
    for (template, path, body) in [
        ("/api/check/fault", "/api/check/fault", json!({"id": "a", "effect": "hang"})),
        ("/api/check/fault", "/api/check/fault", json!({"effect": "hangs"})),
        ("/api/scenarios/{name}/start", "/api/scenarios/retry-storm/start", json!({"seed": 7})),
        ("/api/scenarios/jump", "/api/scenarios/jump", json!({"phase": "storm"})),
        ("/api/scenarios/pause", "/api/scenarios/pause", json!({})),
        ("/api/scenarios/resume", "/api/scenarios/resume", json!({})),
        ("/api/scenarios/speed", "/api/scenarios/speed", json!({"factor": 2})),
        ("/api/scenarios/speed", "/api/scenarios/speed", json!({"factor": 0})),
        (
            "/admin/generate-traffic",
            "/admin/generate-traffic",
            json!({"duration_seconds": 1, "requests_per_minute": 1}),
        ),
        ("/api/mode", "/api/mode", json!({"mode": "mood"})),
    ] {
        check("post", template, &call(path, body));
    }
    let put =
        post(lab.at(10, "/api/faults/other"), json!({"effect": "hang", "share": "1%"})).method("PUT").send();
    check("put", "/api/faults/{id}", &put);
    read(&mut check, "nothing");
    check("post", "/admin/demo-mode", &call("/admin/demo-mode", json!({"mode": "normal"})));
    let begun = call("/api/exercises/start", json!({"alias": "heron"}));
    check("post", "/api/exercises/start", &begun);
    let run = begun.json()["id"].as_str().expect("a number").to_owned();
    for (what, body) in
        [("notice", json!({})), ("hint", json!({})), ("answer", json!({"service": "cart", "kind": "hang"}))]
    {
        let answer = call(&format!("/api/exercises/{run}/{what}"), body);
        check("post", &format!("/api/exercises/{{id}}/{what}"), &answer);
    }
    read(&mut check, &run);
    check("post", "/api/calm", &call("/api/calm", json!({})));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(validated > 60, "{validated}");

    let address = lab.at(10, "").trim_start_matches("http://").parse().expect("an address");
    let mut events = Stream::open(address, "/api/events", "");
    for (name, schema) in [("state", "StateNow"), ("vitals", "Vitals")] {
        let flaws = schemas.flaws(&format!("/components/schemas/{schema}"), &events.next_called(name).data);
        assert_eq!(flaws, None, "{name}");
    }
}
