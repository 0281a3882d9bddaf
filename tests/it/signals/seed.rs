//! The same seed gives the same visits, trace for trace.

use std::{collections::BTreeSet, time::Duration};

use crate::{otlp::receiver::Receiver, servers::lab::Plan};

/// The traces of the first visits: what the shoppers began, whichever order it came in.
fn traces(seed: &str) -> BTreeSet<String> {
    let receiver = Receiver::start();
    let lab = Plan::up()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .env("OTEL_LOGS_EXPORTER", "none")
        .env("DOORBUSTER_VISITS_PER_MINUTE", "1200")
        .env("DOORBUSTER_SEED", seed)
        .start();
    let steps = |received: &crate::otlp::signals::Received| {
        received
            .spans
            .iter()
            .filter(|span| span.service == "lab")
            .map(|span| span.trace_id.clone())
            .collect::<BTreeSet<_>>()
    };
    receiver
        .wait_until(Duration::from_secs(20), "two hundred steps", |received| steps(received).len() >= 200);
    drop(lab);
    let received = receiver.received();
    steps(&received)
}

#[test]
fn the_same_seed_begins_the_same_traces_and_another_seed_others() {
    let (one, again, other) = (traces("7"), traces("7"), traces("8"));
    // How far each run got when it was stopped differs by a few visits.
    let (few, many) = if one.len() < again.len() { (&one, &again) } else { (&again, &one) };
    let shared = few.intersection(many).count();
    assert!(shared * 10 > few.len() * 8, "{shared} of {} and {}", few.len(), many.len());
    assert_eq!(one.intersection(&other).count(), 0);
}
