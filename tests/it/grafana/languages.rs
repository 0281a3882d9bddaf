//! Questions in LogQL and TraceQL: Grafana's own parsers read them, and what they name is what the lab speaks of.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};

use super::{asked, node};
use crate::{
    browser::get,
    otlp::{receiver::Receiver, signals::Log},
    servers::lab::{Customer, Lab, Plan},
    waiting::until,
};

/// What Loki adds to each line by itself. A line that is no JSON, as by OTLP, would make a measurement fail but for `drop`.
const BY_LOKI: [&str; 3] = ["detected_level", "__error__", "__error_details__"];
/// Labels of a line's stream; `tests/it/loki` holds the pushes to them.
const OF_STREAMS: [&str; 3] = ["service_name", "namespace", "level"];

/// Each question of `language`, with variables' values in.
fn questions(language: &str) -> Vec<(String, String)> {
    let values = [
        ("service", "checkout|cart"),
        ("country", "BR"),
        ("route", ".*"),
        ("slower", "250ms"),
        ("trace", "c2133fb4e076d780c3406387f217da65"),
        ("__auto", "5s"),
        ("__range", "15m"),
    ];
    let values: BTreeMap<String, String> =
        values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let text = |asked: &asked::Asked| match language {
        "logql" => asked.source.logql.is_some().then(|| asked.expr().to_owned()),
        _ => asked.target["query"].as_str().map(str::to_owned),
    };
    let all = asked::all();
    // A trace's id alone is a question of Tempo's, but none of its language.
    let spoken = all.iter().filter_map(|asked| Some((asked.place(), text(asked)?)));
    spoken
        .map(|(place, text)| (place, asked::filled(&text, &values)))
        .filter(|(_, text)| text.contains('{'))
        .collect()
}

fn parsed(language: &str, texts: &[&str]) -> Vec<Value> {
    let queries: Vec<Value> =
        texts.iter().map(|text| json!({ "language": language, "text": text })).collect();
    node::run("languages.cjs", &json!(queries)).as_array().expect("answers").clone()
}

/// The names in the questions of a language, by the place of the question.
fn names(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let questions = questions(language);
    let texts: Vec<&str> = questions.iter().map(|(_, text)| text.as_str()).collect();
    let mut found = BTreeMap::new();
    for ((place, text), answer) in questions.iter().zip(parsed(language, &texts)) {
        assert_eq!(answer["wrong"], json!([]), "{place}: {text}");
        assert!(!text.contains('$'), "{place}: {text}");
        let names = answer["names"].as_array().expect("names").iter().filter_map(Value::as_str);
        found.insert(place.clone(), names.map(str::to_owned).collect());
    }
    assert!(found.len() >= 4, "{found:?}");
    found
}

/// A lab in which something was bought and something failed.
fn eventful(plan: Plan) -> Lab {
    let lab = plan.start();
    let customer = Customer::new(&lab, "grafana-1", "BR");
    customer.add(1, 1).ok();
    customer.checkout(Some("grafana-1"), json!({})).ok();
    get(lab.shop("/error")).send();
    lab
}

#[test]
fn a_slip_in_a_question_is_caught() {
    let slips = |language, texts: &[&str]| {
        parsed(language, texts).iter().map(|one| one["wrong"] != json!([])).collect::<Vec<_>>()
    };
    assert_eq!(
        slips("logql", &["{a=\"b\"", "sum by (a) (rate({a=\"b\"}))", "{a=\"b\"} | json"]),
        [true, true, false]
    );
    assert_eq!(
        slips("traceql", &["{ status = }", "{ span.x > }", "{ status = error }"]),
        [true, true, false]
    );
}

#[test]
fn what_is_asked_of_lines_stands_in_the_lab_s_lines() {
    let lab = eventful(Plan::up());
    let wanted: BTreeSet<String> = names("logql").into_values().flatten().collect();
    let known = |lab: &Lab| {
        let lines = lab.lines();
        // Loki writes a dot in a field's name as an underscore.
        let fields = lines.iter().filter_map(Value::as_object).flat_map(|line| line.keys());
        let mut known: BTreeSet<String> = fields.map(|name| name.replace('.', "_")).collect();
        known.extend(BY_LOKI.iter().chain(&OF_STREAMS).map(|name| (*name).to_owned()));
        known
    };
    let what = format!("{wanted:?} are in its lines");
    until(Duration::from_secs(20), &what, || wanted.is_subset(&known(&lab)));
    let spoken: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    assert!(spoken.is_superset(&["service_name", "trace_id", "error_type"].into()), "{spoken:?}");
}

/// By OTLP a line is its message, and its fields are what Loki keeps beside it.
#[test]
fn what_is_asked_of_lines_comes_by_otlp_as_well() {
    let receiver = Receiver::start();
    let _lab = eventful(Plan::up().env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint()));
    let wanted: BTreeSet<String> = names("logql").into_values().flatten().collect();
    let what = format!("{wanted:?} come by OTLP");
    receiver.wait_until(Duration::from_secs(20), &what, |received| {
        let fields = received.logs.iter().flat_map(|log| log.attributes.keys());
        let mut known: BTreeSet<String> = fields.map(|name| name.replace('.', "_")).collect();
        known.extend(BY_LOKI.map(str::to_owned));
        let is_told = |test: &dyn Fn(&Log) -> bool| received.logs.iter().any(test);
        if is_told(&|log| !log.trace_id.is_empty()) {
            known.insert("trace_id".to_owned());
        }
        if is_told(&|log| !log.service.is_empty()) {
            known.insert("service_name".to_owned());
        }
        wanted.is_subset(&known)
    });
    let severities: BTreeSet<String> = receiver.received().logs.into_iter().map(|log| log.severity).collect();
    assert!(severities.contains("ERROR") && severities.contains("INFO"), "{severities:?}");
}

/// `tests/it/profile` decodes what is pushed and finds these.
#[test]
fn profiles_are_chosen_by_labels_that_are_pushed() {
    let label = regex::Regex::new(r#"(\w+)\s*=~?""#).expect("a pattern");
    let all = asked::all();
    let selectors: Vec<&str> = all.iter().filter_map(|asked| asked.source.profile.as_deref()).collect();
    assert!(!selectors.is_empty());
    for selector in selectors {
        let labels: BTreeSet<&str> =
            label.captures_iter(selector).map(|found| found.get(1).expect("a name").as_str()).collect();
        assert_eq!(labels, ["route", "service_name"].into(), "{selector}");
    }
}

#[test]
fn what_is_asked_of_traces_stands_on_the_lab_s_spans() {
    let lab = eventful(Plan::up());
    let scoped =
        |name: &String| name.split_once('.').is_some_and(|(scope, _)| ["span", "resource"].contains(&scope));
    let wanted: BTreeSet<String> = names("traceql").into_values().flatten().filter(scoped).collect();
    assert!(wanted.len() >= 4, "{wanted:?}");
    let known = |lab: &Lab| {
        let mut known = BTreeSet::new();
        let traces = get(lab.at(10, "/api/traces?limit=100")).send().ok().json();
        for trace in traces.as_array().expect("traces") {
            let id = trace["trace_id"].as_str().expect("an id");
            let tree = get(lab.at(10, &format!("/api/traces/{id}"))).send().ok().json();
            attributes(&tree, &mut known);
        }
        known
    };
    let what = format!("{wanted:?} are on its spans");
    until(Duration::from_secs(20), &what, || wanted.is_subset(&known(&lab)));
}

fn attributes(tree: &Value, found: &mut BTreeSet<String>) {
    match tree {
        Value::Object(map) => map.iter().for_each(|(name, inner)| match (name.as_str(), inner) {
            ("attributes", Value::Object(all)) => found.extend(all.keys().map(|name| format!("span.{name}"))),
            // The store keeps of a resource what it shows: whose a span is.
            ("service", Value::String(_)) => {
                found.insert("resource.service.name".to_owned());
            }
            _ => attributes(inner, found),
        }),
        Value::Array(list) => list.iter().for_each(|inner| attributes(inner, found)),
        _ => {}
    }
}
