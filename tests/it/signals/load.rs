//! Under load: as many spans arrive as were made, also those of the last moment.

use std::{collections::BTreeMap, thread};

use crate::{otlp::receiver::Receiver, servers::lab::Plan};

const REQUESTS: usize = 5_000;
const CLIENTS: usize = 8;

#[test]
fn no_span_is_lost_under_load_or_at_shutdown() {
    let receiver = Receiver::start();
    let mut lab =
        Plan::up().env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint()).env("RUST_LOG", "warn").start();
    let url = lab.shop("/products/1");
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let agent: ureq::Agent = ureq::Agent::new_with_defaults();
                for _ in 0..REQUESTS / CLIENTS {
                    let mut answer = agent.get(&url).call().expect("the shop answers");
                    answer.body_mut().read_to_string().expect("a body");
                }
            });
        }
    });
    let made = lab.metric(
        "http_server_request_duration_seconds_count",
        &["service_name=\"storefront\"", "status_code=\"200\""],
    );
    assert_eq!(made, REQUESTS as f64);
    assert_eq!(lab.metric("lab_telemetry_dropped_total", &["signal=\"traces\""]), 0.0);
    // Nothing is waited for: what is still inside has to come out on the way down.
    assert!(lab.terminate().success());

    let received = receiver.received();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for span in &received.spans {
        *counts.entry((&span.service, span.kind)).or_default() += 1;
    }
    // Storefront asks catalog, catalog asks its database.
    assert_eq!(counts[&("storefront", "server")], REQUESTS);
    assert_eq!(counts[&("storefront", "client")], REQUESTS);
    assert_eq!(counts[&("catalog", "server")], REQUESTS);
    assert_eq!(counts[&("catalog", "client")], REQUESTS);
}
