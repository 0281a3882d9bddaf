//! What a scrape gets, read by Prometheus' own rules for the format as far as they matter here.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    browser::get,
    servers::lab::{Customer, Plan},
};

#[test]
fn every_series_says_whose_it_is_and_families_are_whole() {
    let lab = Plan::up().start();
    let customer = Customer::new(&lab, "m", "JP");
    customer.add(1, 1).ok();
    customer.checkout(None, json!({ "country": "JP", "currency": "JPY" })).ok();
    let answer = get(lab.at(10, "/metrics")).send().ok();
    assert!(answer.content_type.starts_with("application/openmetrics-text"));
    let (text, end) = answer.body.split_at(answer.body.len() - "# EOF\n".len());
    assert_eq!(end, "# EOF\n");

    let (mut families, mut series, mut current) = (BTreeSet::new(), BTreeSet::new(), "");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            current = rest.split(' ').next().expect("a name");
            assert!(families.insert(current), "{current} is there twice");
        } else if !line.starts_with('#') {
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(sample.starts_with(current), "{line} stands under {current}");
            assert!(sample.contains("service_name=\""), "{line}");
            assert!(series.insert(sample), "{sample} is there twice");
        }
    }
    for family in [
        "http_server_request_duration_seconds",
        "http_client_request_duration_seconds",
        "db_client_operation_duration_seconds",
        "db_client_connection_count",
        "webstore_checkouts",
        "webstore_payment_duration_seconds",
        "external_payment_provider_duration_seconds",
        "payments_processed",
        "shop_revenue",
        "process_cpu_time_seconds",
        "process_memory_usage_bytes",
        "lab_service_expected",
        "lab_telemetry_dropped",
    ] {
        assert!(families.contains(family), "{family} is missing: {families:?}");
    }
}

#[test]
fn errors_are_seen_to_be_zero_before_the_first() {
    let lab = Plan::up().start();
    let failed = |country: &str| format!("country=\"{country}\"");
    let metrics = lab.metrics();
    for country in ["US", "BR", "JP"] {
        let series = metrics.lines().filter(|line| {
            line.starts_with("webstore_checkouts_total{")
                && line.contains(&failed(country))
                && line.contains("status=\"failed\"")
        });
        assert_eq!(series.filter(|line| line.ends_with(" 0")).count(), 4, "one a payment method");
    }
    get(lab.shop("/products")).send().ok();
    let metrics = lab.metrics();
    let route = "http_server_request_duration_seconds_count{";
    let zero = metrics.lines().find(|line| {
        line.starts_with(route)
            && ["http_route=\"/products\"", "service_name=\"storefront\"", "status_code=\"500\""]
                .iter()
                .all(|label| line.contains(label))
    });
    assert!(zero.is_some_and(|line| line.ends_with(" 0")), "{zero:?}");
    // Each kind of failure of a service with peers, and of one with a database; a series at zero is three lines.
    let family = "http_server_request_duration_seconds_";
    for (service, kind) in [
        ("storefront", "peer_failed"),
        ("storefront", "peer_timeout"),
        ("storefront", "cancelled"),
        ("catalog", "pool_exhausted"),
        ("catalog", "database_locked"),
    ] {
        let labels = ["http_route=\"/products\"", service, kind];
        let is_ours =
            |line: &&str| line.starts_with(family) && labels.iter().all(|label| line.contains(label));
        let values: Vec<&str> =
            metrics.lines().filter(is_ours).filter_map(|line| line.rsplit(' ').next()).collect();
        assert_eq!(values, ["0"; 3], "{service} {kind}");
    }
}

#[test]
fn a_checkout_is_counted_once_everywhere() {
    let lab = Plan::up().start();
    let customer = Customer::new(&lab, "c", "DE");
    customer.add(5, 2).ok();
    let order = customer.checkout(Some("k"), json!({ "country": "DE", "currency": "EUR" })).ok().json();
    customer.checkout(Some("k"), json!({ "country": "DE", "currency": "EUR" })).ok();
    let of = |name: &str| lab.metric(name, &["country=\"DE\""]);
    assert_eq!(of("webstore_checkouts_started_total"), 1.0, "a repeat does not start another");
    assert_eq!(lab.metric("webstore_checkouts_total", &["country=\"DE\"", "status=\"success\""]), 1.0);
    assert_eq!(lab.metric("payments_processed_total", &["country=\"DE\"", "status=\"success\""]), 1.0);
    assert_eq!((of("shop_orders_total"), of("webstore_cart_additions_total")), (1.0, 2.0));
    assert_eq!(of("webstore_carts_active"), 0.0, "{order}");
    assert!(of("shop_revenue_total") > 0.0);
    assert_eq!(of("webstore_payment_duration_seconds_count"), 1.0);
    assert_eq!(of("external_payment_provider_duration_seconds_count"), 1.0);
}
