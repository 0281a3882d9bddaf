//! From each signal to the others, while shoppers come: by the lab's own addresses, and to the row in its database.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    browser::get,
    servers::{
        lab::{Customer, Lab, Plan},
        prometheus::Prometheus,
    },
    waiting::{until, until_some},
};

const SOON: Duration = Duration::from_secs(30);

fn busy() -> Lab {
    Plan::up()
        .args(&["--profile", "--profile-every", "1s"])
        .env("DOORBUSTER_VISITS_PER_MINUTE", "600")
        .start()
}

fn ask(lab: &Lab, path: &str) -> Value {
    let answer = get(lab.at(10, path)).send();
    if answer.status == 200 { answer.json() } else { Value::Null }
}

fn list(value: Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// All spans of a trace, flat.
fn spans(trace: &Value) -> Vec<Value> {
    let mut open = list(trace["roots"].clone());
    let mut all = Vec::new();
    while let Some(span) = open.pop() {
        open.extend(list(span["children"].clone()));
        all.push(span);
    }
    all
}

#[test]
fn an_exemplar_leads_to_its_trace() {
    let lab = busy();
    let exemplars = until_some(SOON, "exemplars of the storefront", || {
        let metrics = lab.metrics();
        let lines = metrics.lines().filter(|line| line.starts_with("http_server_request_duration"));
        let found: Vec<(String, String)> = lines
            .filter_map(|line| {
                let (_, ids) = line.split_once("# {trace_id=\"")?;
                let (trace_id, rest) = ids.split_once("\",span_id=\"")?;
                Some((trace_id.to_owned(), rest.split('"').next()?.to_owned()))
            })
            .collect();
        (found.len() > 10).then_some(found)
    });
    for (trace_id, span_id) in exemplars {
        until(SOON, "the exemplar's span is in its trace", || {
            let trace = ask(&lab, &format!("/api/traces/{trace_id}"));
            spans(&trace).iter().any(|span| span["span_id"] == span_id.as_str())
        });
    }
}

#[test]
fn an_exemplar_that_a_prometheus_scraped_leads_to_its_trace() {
    let lab = busy();
    let prometheus = Prometheus::scraping(&[lab.at(10, "").trim_start_matches("http://").to_owned()]);
    // Product pages, and not the bucket of what is waited for in vain.
    let series = "http_server_request_duration_seconds_bucket{service_name=\"storefront\",http_route=\"/products/{id}\"}";
    let exemplars = until_some(SOON, "Prometheus has exemplars of the storefront", || {
        let found = prometheus.exemplars(series);
        let exemplars = found.into_iter().flat_map(|one| list(one["exemplars"].clone()));
        Some(exemplars.collect::<Vec<_>>()).filter(|exemplars| !exemplars.is_empty())
    });
    for exemplar in exemplars {
        let labels = &exemplar["labels"];
        let trace_id = labels["trace_id"].as_str().expect("an id");
        let seconds: f64 = exemplar["value"].as_str().expect("a value").parse().expect("a number");
        until(SOON, "the exemplar's span is in its trace and took as long", || {
            let trace = ask(&lab, &format!("/api/traces/{trace_id}"));
            spans(&trace).iter().any(|span| {
                span["span_id"] == labels["span_id"]
                    && span["service"] == "storefront"
                    && span["duration_ms"].as_f64().is_some_and(|took| took >= seconds * 900.0)
            })
        });
    }
}

#[test]
fn a_checkout_leads_to_its_order_its_spans_to_their_lines_and_its_lines_to_their_spans() {
    let lab = busy();
    let customer = Customer::new(&lab, "correlated", "US");
    customer.add(1, 2).ok();
    let order = customer.checkout(Some("correlated"), json!({})).ok().json();
    let order_id = order["order_id"].as_str().expect("a number");

    let search = format!("/api/traces?attribute=shop.order.id={order_id}");
    let found = until_some(SOON, "the order's trace", || list(ask(&lab, &search)).pop());
    let trace_id = found["trace_id"].as_str().expect("an id");
    let served = |span: &Value| span["kind"] == "server";
    let lines = |query: String| list(ask(&lab, &format!("/api/logs?{query}&limit=1000")));
    until(SOON, "each server span has its lines", || {
        let all = spans(&ask(&lab, &format!("/api/traces/{trace_id}")));
        let mut servers = all.iter().filter(|span| served(span)).peekable();
        servers.peek().is_some()
            && servers.all(|span| {
                let span_id = span["span_id"].as_str().expect("an id");
                lines(format!("span_id={span_id}")).iter().any(|line| line["service"] == span["service"])
            })
    });
    let all = spans(&ask(&lab, &format!("/api/traces/{trace_id}")));
    for line in lines(format!("trace_id={trace_id}")) {
        assert!(all.iter().any(|span| span["span_id"] == line["span_id"]), "{line}");
    }
    let kept = customer.get(&format!("/orders/{order_id}")).ok().json();
    assert_eq!(kept["order_id"], order_id);
    let said =
        all.iter().find_map(|span| span["attributes"]["shop.order.id"].as_str()).expect("the order's number");
    assert_eq!(row(&lab, said), (said.to_owned(), "US".to_owned()));
}

/// The order as it stands in the lab's own database: its number and country.
fn row(lab: &Lab, order_id: &str) -> (String, String) {
    let options = SqliteConnectOptions::new().filename(lab.data_dir().join("doorbuster.db")).read_only(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut database = SqliteConnection::connect_with(&options).await.expect("the database");
        let query = sqlx::query_as("SELECT order_id, country FROM orders WHERE order_id = $1");
        query.bind(order_id).fetch_one(&mut database).await.expect("the order")
    })
}

#[test]
fn a_span_leads_to_the_profile_of_its_route() {
    let lab = busy();
    until(SOON, "a route that has both a profile and a trace", || {
        let mut profiles = list(ask(&lab, "/api/profiles")).into_iter();
        profiles.any(|profile| {
            let (Some(service), Some(route)) = (profile["service"].as_str(), profile["route"].as_str())
            else {
                return false;
            };
            let traces = list(ask(&lab, &format!("/api/traces?service={service}&limit=50")));
            let trace_ids = traces.iter().filter_map(|trace| trace["trace_id"].as_str());
            trace_ids.take(5).any(|trace_id| {
                let trace = ask(&lab, &format!("/api/traces/{trace_id}"));
                spans(&trace).iter().any(|span| span["service"] == service && span["name"] == route)
            })
        })
    });
}
