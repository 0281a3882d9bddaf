//! One checkout in a real lab, found again by everything the store knows of it.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use crate::{
    browser::get,
    servers::lab::{Customer, Lab, Plan},
    waiting::until_some,
};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SOON: Duration = Duration::from_secs(20);

fn read(lab: &Lab, path: &str) -> Value {
    get(lab.at(10, path)).send().ok().json()
}

fn list(lab: &Lab, path: &str) -> Vec<Value> {
    read(lab, path).as_array().expect("a list").clone()
}

/// Waits until what `path` answers is as it should be.
fn until(lab: &Lab, path: &str, is_there: impl Fn(&Value) -> bool) -> Value {
    until_some(SOON, path, || {
        let answer = get(lab.at(10, path)).send();
        (answer.status == 200).then(|| answer.json()).filter(|answer| is_there(answer))
    })
}

fn services(branch: &Value, found: &mut BTreeSet<String>) {
    found.insert(branch["service"].as_str().expect("a name").to_owned());
    branch["children"].as_array().expect("a list").iter().for_each(|child| services(child, found));
}

fn flat<'a>(branch: &'a Value, spans: &mut Vec<&'a Value>) {
    spans.push(branch);
    branch["children"].as_array().expect("a list").iter().for_each(|child| flat(child, spans));
}

#[test]
fn a_checkout_is_found_as_a_tree_as_lines_as_edges_and_as_series() {
    let lab = Plan::up().env("OTEL_METRIC_EXPORT_INTERVAL", "250").start();
    let customer = Customer::new(&lab, "store", "BR");
    customer.add(3, 1).ok();
    let traceparent = format!("00-{TRACE_ID}-b7ad6b7169203331-01");
    let order =
        customer.ask_checkout(Some("one"), json!({"country": "BR"})).header("traceparent", &traceparent);
    let order = order.send().ok().json();

    // The tree: its root is the storefront's span, which ends last.
    let trace = until(&lab, &format!("/api/traces/{TRACE_ID}"), |trace| {
        trace["roots"].as_array().is_some_and(|roots| roots.len() == 1)
    });
    let root = &trace["roots"][0];
    assert_eq!(
        (&root["name"], &root["parent_span_id"]),
        (&json!("POST /checkout"), &json!("b7ad6b7169203331"))
    );
    let mut found = BTreeSet::new();
    services(root, &mut found);
    assert!(found.len() >= 8 && found.contains("payments"), "{found:?}");
    assert_eq!(trace["services"].as_array().map(Vec::len), Some(found.len()));
    let mut spans = Vec::new();
    flat(root, &mut spans);
    assert_eq!(trace["spans"], spans.len(), "each span stands in the tree once");
    let order_id = order["order_id"].as_str().expect("an order has a number");
    assert!(spans.iter().any(|span| span["attributes"]["shop.order.id"] == order_id));

    // What finds it, and what does not.
    let seek = |question: &str| {
        let listed = list(&lab, &format!("/api/traces?{question}"));
        listed.iter().any(|one| one["trace_id"] == TRACE_ID)
    };
    for question in [
        "limit=500",
        "service=payments&status=ok&seconds=600",
        "service=checkout&route=/checkouts",
        "attribute=shop.country=BR&attribute=http.request.method=POST",
        &format!("attribute=shop.order.id={order_id}"),
    ] {
        assert!(seek(question), "{question}");
    }
    for question in
        ["service=ads&limit=500", "status=error", "min_duration_ms=60000", "attribute=shop.country=US"]
    {
        assert!(!seek(question), "{question}");
    }

    // Its lines, each of which leads to one of its spans.
    let lines = until(&lab, &format!("/api/logs?trace_id={TRACE_ID}&limit=1000"), |lines| {
        let spoken = lines.as_array().expect("a list").iter().map(|line| line["service"].clone());
        spoken.filter(|service| service == "storefront").count() > 0
    });
    let ids: BTreeSet<&str> = spans.iter().filter_map(|span| span["span_id"].as_str()).collect();
    for line in lines.as_array().expect("a list") {
        assert!(ids.contains(line["span_id"].as_str().unwrap_or_default()), "{line:#}");
    }
    let placed =
        list(&lab, &format!("/api/logs?trace_id={TRACE_ID}&text=order%20placed&service=checkout&level=info"));
    assert_eq!(placed.len(), 1, "{placed:#?}");

    // Who asked whom: services, third parties that say nothing themselves, the database, the cache.
    let graph = read(&lab, "/api/graph?seconds=600");
    let edges: BTreeSet<String> = graph["edges"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|edge| format!("{} {} {}", edge["from"], edge["kind"], edge["to"]).replace('"', ""))
        .collect();
    for edge in [
        "storefront http checkout",
        "checkout http payments",
        "payments http payment-provider",
        "checkout database sqlite",
        "cart cache memory",
    ] {
        assert!(edges.contains(edge), "{edge} is missing: {edges:?}");
    }
    let nodes = graph["nodes"].as_array().expect("a list");
    let node = |name: &str| nodes.iter().find(|node| node["service"] == name).expect("a node");
    assert_eq!(
        (&node("payments")["speaks"], &node("payment-provider")["speaks"]),
        (&json!(true), &json!(false))
    );
    assert!(node("checkout")["p95_ms"].as_f64().is_some_and(|millis| millis > 0.0), "{graph:#}");

    // What was measured of it.
    let question = "/api/series?metric=webstore.checkouts&label=country=BR&label=status=success\
                    &label=payment_method=credit_card";
    let series = until(&lab, question, |series| {
        series[0]["points"].as_array().and_then(|points| points.last()).is_some_and(|last| last[1] == 1.0)
    });
    assert_eq!(
        (&series[0]["service"], &series[0]["kind"]),
        (&json!("checkout"), &json!("counter")),
        "{series:#}"
    );
    let durations = list(&lab, "/api/series?metric=http.server.request.duration&service=storefront");
    // Beside it stands the series of its failures, at zero.
    let is_ours =
        |one: &&Value| one["labels"]["http.route"] == "/checkout" && one["labels"]["error.type"].is_null();
    let route = durations.iter().find(is_ours).expect("a series");
    let buckets: u64 = route["buckets"].as_array().expect("counts").iter().filter_map(Value::as_u64).sum();
    assert_eq!((buckets, route["buckets"].as_array().map(Vec::len)), (1, Some(17)), "{route:#}");

    let fill = read(&lab, "/api/store");
    assert!(fill["traces"]["items"].as_u64() >= Some(spans.len() as u64), "{fill:#}");
    assert_eq!(fill["traces"]["turned_away"], 0, "{fill:#}");
    assert!(lab.said().contains("store"), "{}", lab.said());
}
