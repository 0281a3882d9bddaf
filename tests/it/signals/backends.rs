//! Backends that are not there, hang or were never named: the shop does not care, and ends in time.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::{
    browser::get,
    otlp::receiver::{Mode, Receiver},
    servers::{lab::Plan, ports},
    waiting::until,
};

const FIVE_SECONDS: Duration = Duration::from_secs(5);

#[test]
fn a_hanging_backend_does_not_keep_the_lab_from_ending() {
    let receiver = Receiver::start();
    receiver.set_mode(Mode::Hang);
    let mut lab = Plan::up()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .env("DOORBUSTER_VISITS_PER_MINUTE", "600")
        .start();
    get(lab.shop("/products")).send().ok();
    until(FIVE_SECONDS, "a request that hangs", || lab.metric("lab_telemetry_queue_bytes", &[]) > 0.0);
    let begun = Instant::now();
    assert!(lab.terminate().success());
    assert!(begun.elapsed() < FIVE_SECONDS, "{:?}", begun.elapsed());
}

#[test]
fn a_second_signal_ends_the_lab_at_once() {
    let receiver = Receiver::start();
    receiver.set_mode(Mode::Hang);
    let mut lab = Plan::up().env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint()).start();
    get(lab.shop("/products")).send().ok();
    until(FIVE_SECONDS, "a request that hangs", || lab.metric("lab_telemetry_queue_bytes", &[]) > 0.0);
    lab.signal(Signal::INT);
    until(FIVE_SECONDS, "the word that it closes", || lab.said().contains("closing"));
    let begun = Instant::now();
    lab.signal(Signal::INT);
    assert_eq!(lab.wait(FIVE_SECONDS).code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn what_waits_for_a_backend_arrives_when_it_is_there() {
    let port = ports::one();
    let endpoint = format!("http://127.0.0.1:{port}");
    let lab = Plan::up().env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint).start();
    get(lab.shop("/products")).send().ok();
    until(FIVE_SECONDS, "a delivery that failed", || {
        lab.metric("lab_telemetry_failed_total", &["traces"]) > 0.0
    });
    let receiver = Receiver::start_on(port);
    receiver.wait_until(2 * FIVE_SECONDS, "the span from before", |received| {
        received.spans.iter().any(|span| span.service == "catalog" && span.name == "GET /products")
    });
    assert_eq!(lab.metric("lab_telemetry_dropped_total", &[]), 0.0);
}

#[test]
fn without_an_endpoint_nothing_is_sent_and_nothing_complains() {
    let mut lab = Plan::up().start();
    get(lab.shop("/products")).send().ok();
    assert!(!lab.metrics().contains("destination=\"otlp\""));
    assert!(lab.terminate().success());
    let complaints: Vec<_> = lab.lines().into_iter().filter(|line| line["level"] != "INFO").collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn a_disabled_sdk_leaves_the_shop_and_its_log_lines() {
    let receiver = Receiver::start();
    let mut lab = Plan::up()
        .env("OTEL_SDK_DISABLED", "true")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .start();
    get(lab.shop("/products")).send().ok();
    assert_eq!(lab.metrics(), "# EOF\n");
    assert!(lab.terminate().success());
    assert!(lab.lines().iter().any(|line| line["message"] == "products listed"));
    assert_eq!(receiver.received().requests, 0);
}

#[test]
fn a_variable_that_cannot_be_used_is_refused_before_anything_starts() {
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPIONT", "http://127.0.0.1:1"),
        ("OTEL_CONFIG_FILE", "/nowhere.yaml"),
        ("OTEL_SERVICE_NAME", "shop"),
        ("RUST_LOG", "shop=loud"),
        ("DATABASE_URL", "mysql://u:secret@h/d"),
        ("DB_POOL_SIZE", "0"),
    ] {
        let mut lab = Plan::up()
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
            .env(name, value)
            .start_unready();
        assert_eq!(lab.wait(FIVE_SECONDS).code(), Some(2), "{name}");
        let said = lab.said();
        let flag = name.to_lowercase().replace('_', "-");
        assert!(said.contains(name) || said.contains(&flag), "{said}");
        assert!(!said.contains("secret"), "{said}");
        assert!(!lab.data_dir().join("doorbuster.db").exists(), "{name}: something was started");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let first = Plan::up().start();
    let mut second = Plan::up().env("DOORBUSTER_PORT_BASE", &first.port_base.to_string()).start_unready();
    assert_eq!(second.wait(2 * FIVE_SECONDS).code(), Some(2));
    assert!(second.said().contains("--port-base"), "{}", second.said());
}

#[test]
fn all_signals_leave_packed_when_asked() {
    let receiver = Receiver::start();
    let lab = Plan::up()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .env("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        .start();
    get(lab.shop("/products")).send().ok();
    // What cannot be unpacked and read fails here.
    receiver.wait_until(2 * FIVE_SECONDS, "all three, of more than one service", |received| {
        let services = |service: &str| received.spans.iter().any(|span| span.service == service);
        services("storefront")
            && services("catalog")
            && !received.logs.is_empty()
            && !received.points.is_empty()
    });
    assert_eq!(receiver.received().packed, receiver.received().requests);
}
