//! A request has the same lines on standard output, whatever becomes of them at Loki.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser::{Ask, get, post},
    servers::lab::{Customer, Lab, Plan, USER},
    sink::Sink,
    waiting::until,
};

const SOON: Duration = Duration::from_secs(20);
const ROUNDS: u64 = 8;
const BAGGAGE: &str = "session.id=volume,shop.country=US";

/// The lines of each request, by its trace.
type Volume = BTreeMap<String, Vec<String>>;

/// One round of what customers do, some of it in vain.
fn requests(lab: &Lab, round: u64) -> Vec<Ask> {
    let add = |product: i64| post(lab.shop("/cart/add"), json!({ "product_id": product, "quantity": 1 }));
    let customer = Customer::new(lab, "volume", "US");
    let key = format!("volume-{round}");
    vec![
        get(lab.shop("/products")),
        get(lab.shop("/products/3")),
        get(lab.shop("/products/99999")),
        add(2).token(USER).header("baggage", BAGGAGE),
        add(99999).token(USER).header("baggage", BAGGAGE),
        get(lab.shop("/cart")).token(USER).header("baggage", BAGGAGE),
        customer.ask_checkout(Some("wrong"), json!({ "country": "nowhere" })),
        customer.ask_checkout(Some(&key), json!({})),
    ]
}

/// What is said of the same requests where lines go to `loki`; `is_so` when that is as it is meant to be.
fn volume(loki: Option<&str>, is_so: impl Fn(&Lab) -> bool) -> Volume {
    let plan = loki.into_iter().fold(Plan::up(), |plan, loki| plan.env("LOKI_URL", loki));
    let mut lab = plan.start();
    // Loki is in trouble before it matters.
    get(lab.shop("/products")).send().ok();
    until(SOON, "Loki is as it should be", || is_so(&lab));
    let mut asked = Volume::new();
    for round in 1..=ROUNDS {
        for (step, request) in requests(&lab, round).into_iter().enumerate() {
            let trace_id = format!("{round:016x}{step:016x}");
            request.header("traceparent", &format!("00-{trace_id}-b7ad6b7169203331-01")).send();
            asked.insert(trace_id, Vec::new());
        }
    }
    assert!(is_so(&lab), "Loki has changed its mind");
    assert!(lab.terminate().success());
    for line in lab.lines() {
        let of_request = line["trace_id"].as_str().and_then(|trace_id| asked.get_mut(trace_id));
        if let Some(lines) = of_request {
            let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            lines.push([word("service"), word("level"), word("message")].join(" "));
        }
    }
    // Services that are asked side by side speak in any order.
    asked.values_mut().for_each(|lines| lines.sort());
    asked
}

fn exit(lab: &Lab) -> Value {
    let state = get(lab.at(10, "/api/state")).send().ok().json();
    let exits = state["telemetry"].as_array().expect("exits");
    exits.iter().find(|exit| exit["destination"] == "loki").cloned().unwrap_or_default()
}

#[test]
fn a_request_has_the_same_lines_whatever_becomes_of_them_at_loki() {
    let without = volume(None, |lab| exit(lab).is_null());
    let silent_ones = without.iter().filter(|(_, lines)| lines.is_empty()).count();
    assert_eq!(silent_ones, 0, "a request of which nothing is said: {without:?}");
    assert!(without.values().any(|lines| lines.iter().any(|line| line == "checkout INFO order placed")));

    let sink = Sink::start();
    let healthy = volume(Some(&sink.base()), |lab| exit(lab)["standing"] == "taking");
    assert_eq!(healthy, without, "while Loki is well");
    let busy = Sink::answering(StatusCode::SERVICE_UNAVAILABLE);
    let unavailable = volume(Some(&busy.base()), |lab| exit(lab)["standing"] == "busy");
    assert!(!busy.posts().is_empty());
    assert_eq!(unavailable, without, "while Loki answers 503");
    // Accepts by the kernel's grace alone.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = format!("http://{}", silent.local_addr().expect("bound"));
    let waits = |lab: &Lab| exit(lab)["queue_bytes"].as_u64().is_some_and(|bytes| bytes > 0);
    let hanging = volume(Some(&address), waits);
    assert_eq!(hanging, without, "while Loki never answers");
}
