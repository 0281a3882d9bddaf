//! What leaves when not everything shall: the standard's sampler, the tail rule, histograms by powers of two.

use std::time::Duration;

use crate::{
    browser::get,
    otlp::{
        receiver::Receiver,
        signals::{Received, Span},
    },
    servers::lab::{Lab, Plan},
    waiting::until,
};

const SOON: Duration = Duration::from_secs(15);

fn lab(receiver: &Receiver, variable: (&str, &str)) -> Lab {
    Plan::up()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .env("OTEL_METRIC_EXPORT_INTERVAL", "500")
        .env("SLOW_ENDPOINT_DELAY", "1200ms")
        .env(variable.0, variable.1)
        .start()
}

fn roots(received: &Received) -> Vec<&Span> {
    received.spans.iter().filter(|span| span.parent_span_id.is_empty()).collect()
}

#[test]
fn a_tail_rule_keeps_failures_and_slow_ones_whole_and_counts_what_it_leaves_out() {
    let receiver = Receiver::start();
    let lab = lab(&receiver, ("DOORBUSTER_TAIL_SAMPLING", "errors,slow=1s"));
    for _ in 0..20 {
        get(lab.shop("/products/1")).send().ok();
    }
    get(lab.shop("/slow")).send().ok();
    let mut failed = 0;
    until(SOON, "an error that is the server's", || {
        let status = get(lab.shop("/error")).send().status;
        failed += usize::from(status >= 500);
        failed > 0
    });
    // Four spans a page of twenty: storefront in and out, catalog in, its query.
    until(SOON, "the rest has been left out", || {
        lab.metric("lab_telemetry_not_sampled_total", &["signal=\"traces\""]) >= 80.0
    });
    receiver.wait_until(SOON, "both that matter", |received| roots(received).len() == 1 + failed);
    let received = receiver.received();
    for root in roots(&received) {
        let took = Duration::from_nanos(root.end - root.start);
        assert!(root.status == "error" || took >= Duration::from_secs(1), "{root:?}");
    }
    assert_eq!(lab.metric("lab_telemetry_dropped_total", &["signal=\"traces\""]), 0.0);
}

#[test]
fn the_standards_sampler_takes_its_share() {
    let receiver = Receiver::start();
    let mut lab = Plan::up()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .env("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
        .env("OTEL_TRACES_SAMPLER_ARG", "0.5")
        .start();
    for _ in 0..200 {
        get(lab.shop("/products/1")).send().ok();
    }
    // Exemplars point at what was sampled, and at nothing else.
    let metrics = lab.metrics();
    assert!(lab.terminate().success());
    let received = receiver.received();
    let kept = roots(&received).len();
    assert!((60..=140).contains(&kept), "{kept} of 200");
    for root in roots(&received) {
        assert_eq!(received.trace(&root.trace_id).len(), 4, "a trace is whole or not there");
    }
    let exemplars: Vec<&str> =
        metrics.split("# {trace_id=\"").skip(1).filter_map(|rest| rest.get(..32)).collect();
    assert!(!exemplars.is_empty());
    for trace_id in exemplars {
        assert!(!received.trace(trace_id).is_empty(), "{trace_id} was never sent");
    }
}

#[test]
fn histograms_are_exponential_by_otlp_when_asked_and_stay_explicit_in_the_exposition() {
    let receiver = Receiver::start();
    let lab = lab(
        &receiver,
        ("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "base2_exponential_bucket_histogram"),
    );
    get(lab.shop("/products/1")).send().ok();
    receiver.wait_until(SOON, "an exponential histogram with an exemplar", |received| {
        received.points.iter().any(|point| {
            point.name == "http.server.request.duration"
                && point.kind == "exponential histogram"
                && point.count == 1
                && point.exemplars == 1
        })
    });
    let received = receiver.received();
    assert!(received.points.iter().all(|point| point.kind != "histogram"));
    assert!(lab.metrics().contains("http_server_request_duration_seconds_bucket{"));
}
