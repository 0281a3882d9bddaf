//! One checkout, from the first span to the last, as a collector receives it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    otlp::{receiver::Receiver, signals::Span},
    servers::lab::{Customer, Plan, until_lines},
};

const THIRD_PARTIES: [&str; 3] = ["payment-provider", "crm", "inventory"];

#[test]
fn a_checkout_is_one_trace_through_all_services_it_touches() {
    let receiver = Receiver::start();
    let mut lab = Plan::up().env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint()).start();
    let customer = Customer::new(&lab, "trace", "BR");
    customer.add(3, 2).ok();
    let trace_id = "0af7651916cd43dd8448eb211c80319c";
    let order = customer
        .ask_checkout(Some("one"), json!({ "country": "BR", "currency": "BRL", "promo_code": "SAVE10" }))
        .header("traceparent", &format!("00-{trace_id}-b7ad6b7169203331-01"))
        .send()
        .ok()
        .json();
    receiver.wait_until(Duration::from_secs(5), "the storefront's span", |received| {
        received.trace(trace_id).iter().any(|span| span.service == "storefront" && span.kind == "server")
    });
    until_lines(&lab, "the order's line", |lines| lines.iter().any(|line| line["message"] == "order placed"));
    assert!(lab.terminate().success());

    let received = receiver.received();
    let spans = received.trace(trace_id);
    let services: BTreeSet<&str> = spans.iter().map(|span| span.service.as_str()).collect();
    assert!(services.len() >= 8, "{services:?}");
    assert!(THIRD_PARTIES.iter().all(|name| !services.contains(name)), "{services:?}");

    // Every span but the first has its parent in this very trace, began after it, and is where it should be.
    let by_id: BTreeMap<&str, &Span> = spans.iter().map(|span| (span.span_id.as_str(), *span)).collect();
    for span in &spans {
        let Some(parent) = by_id.get(span.parent_span_id.as_str()) else {
            assert_eq!(
                (&*span.service, &*span.parent_span_id),
                ("storefront", "b7ad6b7169203331"),
                "{span:?}"
            );
            continue;
        };
        assert!(parent.start <= span.start, "{span:?} begins before {parent:?}");
        if span.kind == "server" {
            assert_eq!(parent.kind, "client", "{span:?} under {parent:?}");
            assert_ne!(parent.service, span.service);
        } else {
            assert_eq!(parent.service, span.service, "{span:?} under {parent:?}");
        }
    }
    let of_database = spans.iter().filter(|span| span.attributes.contains_key("db.query.text"));
    assert!(of_database.clone().any(|span| span.name == "orders.insert" && span.service == "checkout"));
    assert!(of_database.clone().any(|span| span.service == "catalog"));

    // The order's number ties the trace to the row in the database.
    let order_id = order["order_id"].as_str().expect("an order has a number");
    assert!(spans.iter().any(|span| {
        span.service == "checkout" && span.attributes.get("shop.order.id").is_some_and(|id| id == order_id)
    }));

    // The lines of every service that has something to say bear the trace, on standard output and by OTLP alike.
    let lines = lab.lines();
    let of_trace = lines.iter().filter(|line| line["trace_id"] == trace_id);
    let spoken: BTreeSet<&str> = of_trace.filter_map(|line| line["service"].as_str()).collect();
    let logged: BTreeSet<&str> =
        received.logs.iter().filter(|log| log.trace_id == trace_id).map(|log| log.service.as_str()).collect();
    assert_eq!(spoken, logged);
    assert_eq!(spoken, services, "every service in the trace says something of it");
    let in_trace = |id: &Value| by_id.contains_key(id.as_str().unwrap_or_default());
    let strangers = lines.iter().filter(|line| line["trace_id"] == trace_id && !in_trace(&line["span_id"]));
    assert_eq!(strangers.count(), 0, "a line names a span that was not sent");

    insta::assert_snapshot!(tree(&spans));
}

/// The trace as an indented list, siblings in the order they began; what differs from run to run is left out.
fn tree(spans: &[&Span]) -> String {
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        let parent = if ids.contains(&*span.parent_span_id) { &*span.parent_span_id } else { "" };
        children.entry(parent).or_default().push(span);
    }
    let mut out = String::new();
    write(&children, "", 0, &mut out);
    out
}

fn write(children: &BTreeMap<&str, Vec<&Span>>, parent: &str, depth: usize, out: &mut String) {
    let mut siblings = children.get(parent).cloned().unwrap_or_default();
    // Questions that are asked side by side begin in any order.
    siblings.sort_by(|one, other| (&one.service, &one.name).cmp(&(&other.service, &other.name)));
    for span in siblings {
        let shown =
            ["http.response.status_code", "server.address", "db.system.name", "shop.country", "error.type"];
        let shown =
            shown.iter().filter_map(|key| span.attributes.get(*key).map(|value| format!(" {key}={value}")));
        let shown: String = shown.collect();
        out.push_str(&format!("{}{} {} {}{shown}\n", "  ".repeat(depth), span.service, span.kind, span.name));
        write(children, &span.span_id, depth + 1, out);
    }
}
