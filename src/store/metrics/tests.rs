//! The shelf as a whole: who may fill how much, and what is said of the rest.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{
        Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data, number_data_point,
    },
    resource::v1::Resource,
};
use prost::Message;

use super::{
    answer::{self, Wanted},
    shelf::Shelf,
};

const NOW_MS: i64 = 1_800_000_000_000;
/// What a store of 64 MiB gives its metrics.
const LIMIT: usize = 64 * 1024 * 1024 / 20 * 3;

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..Default::default() }
}

/// A gauge with a point for each of `labels`.
fn gauge(
    service: &str,
    name: &str,
    at_ms: i64,
    labels: impl Iterator<Item = String>,
) -> ExportMetricsServiceRequest {
    let point = |label: String| NumberDataPoint {
        attributes: vec![text("order", &label), text("customer", &label)],
        time_unix_nano: at_ms.unsigned_abs() * 1_000_000,
        value: Some(number_data_point::Value::AsInt(at_ms)),
        ..Default::default()
    };
    let gauge = Gauge { data_points: labels.map(point).collect() };
    let metric =
        Metric { name: name.into(), unit: "1".into(), data: Some(Data::Gauge(gauge)), ..Default::default() };
    let resource = Resource { attributes: vec![text("service.name", service)], ..Default::default() };
    let resource_metrics = ResourceMetrics {
        resource: Some(resource),
        scope_metrics: vec![ScopeMetrics { metrics: vec![metric], ..Default::default() }],
        ..Default::default()
    };
    ExportMetricsServiceRequest { resource_metrics: vec![resource_metrics] }
}

fn numbers(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("a-number-of-forty-letters-{number:014}"))
}

/// How many series of a metric there are, and how many points they have.
fn held(shelf: &Shelf, metric: &str) -> (usize, usize) {
    let wanted = Wanted { metric: metric.into(), limit: usize::MAX, ..Default::default() };
    let series = answer::series(shelf, &wanted).unwrap_or_default();
    (series.len(), series.iter().map(|series| series.points.len()).sum())
}

#[test]
fn a_flood_of_series_costs_its_sender_its_newest_and_nobody_else_anything() {
    let mut shelf = Shelf::new(LIMIT);
    for second in 0..60 {
        let at_ms = NOW_MS + second * 1_000;
        let own = gauge("checkout", "own", at_ms, numbers(300));
        assert_eq!(shelf.take_own(&own, at_ms).refused, 0);
        let quiet = gauge("quiet", "quiet", at_ms, numbers(50)).encode_to_vec();
        assert_eq!(shelf.take_encoded(&quiet, at_ms).refused, 0);
    }
    let now_ms = NOW_MS + 60_000;
    let flood = gauge("guest", "flood", now_ms, numbers(19_000)).encode_to_vec();
    let outcome = shelf.take_encoded(&flood, now_ms);
    assert_eq!(outcome.kept + outcome.refused, 19_000);
    assert!(outcome.refused > 1_000 && outcome.kept > 1_000, "{outcome:?}");
    let said = outcome.to_string();
    assert!(said.starts_with(&format!("more than {} series (", outcome.kept)), "{said}");
    assert!(said.contains("of sender \"guest\""), "{said}");
    assert_eq!(
        held(&shelf, "flood"),
        (outcome.kept as usize, outcome.kept as usize),
        "what is kept can be read"
    );
    assert_eq!((held(&shelf, "own"), held(&shelf, "quiet")), ((300, 18_000), (50, 3_000)));

    // It stays so when the flood goes on, and another sender can still begin.
    for second in 61..140 {
        let at_ms = NOW_MS + second * 1_000;
        let flood = gauge("guest", "flood", at_ms, numbers(3_000)).encode_to_vec();
        shelf.take_encoded(&flood, at_ms);
        assert_eq!(shelf.take_own(&gauge("checkout", "own", at_ms, numbers(300)), at_ms).refused, 0);
    }
    let late = gauge("late", "late", NOW_MS + 140_000, numbers(50)).encode_to_vec();
    assert_eq!(shelf.take_encoded(&late, NOW_MS + 140_000).refused, 0);
    assert_eq!((held(&shelf, "own"), held(&shelf, "quiet")), ((300, 300 * 139), (50, 3_000)));
    let fill = shelf.fill();
    assert!(fill.bytes <= fill.limit_bytes && fill.evicted > 0, "{fill:?}");
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let mut shelf = Shelf::new(LIMIT);
    let old = gauge("guest", "old", NOW_MS - 3_600_000, numbers(1_000)).encode_to_vec();
    let outcome = shelf.take_encoded(&old, NOW_MS);
    assert_eq!(outcome.refused, 1_000);
    assert!(outcome.to_string().contains("more than 15 minutes old"), "{outcome}");
    let long = gauge("guest", &"n".repeat(5_000), NOW_MS, numbers(10)).encode_to_vec();
    assert!(shelf.take_encoded(&long, NOW_MS).to_string().contains("name"));
    assert_eq!((shelf.fill().bytes, shelf.fill().items, shelf.fill().turned_away), (0, 0, 1_010));
    assert!(answer::metrics(&shelf).is_empty());
}

#[test]
fn bytes_are_those_of_the_series_and_their_words_after_any_number_of_changes() {
    let mut shelf = Shelf::new(LIMIT);
    for second in 0..40 {
        let at_ms = NOW_MS + second * 60_000;
        let service = format!("service-{}", second % 7);
        shelf.take_encoded(&gauge(&service, "gauge", at_ms, numbers(20)).encode_to_vec(), at_ms);
        shelf.take_own(&gauge("own", "own", at_ms, numbers(20)), at_ms);
    }
    let before = shelf.fill().bytes;
    shelf.weigh();
    assert_eq!(shelf.fill().bytes, before);
    let later = NOW_MS + 100 * 60_000;
    shelf.take_own(&ExportMetricsServiceRequest::default(), later);
    assert_eq!((shelf.fill().bytes, shelf.fill().items), (0, 0));
}
