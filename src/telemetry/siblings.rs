//! Error series that stand at zero from the first request on. A histogram cannot be registered at zero with the SDK, and
//! a rate over a series that begins with its first error does not see that error.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{ExponentialHistogramDataPoint, HistogramDataPoint, Metric, metric::Data},
};

use super::names::{attribute, metric};

/// The status and `error.type` that are kept at zero next to each route that was ever asked for.
const STATUS: i64 = 500;
const ERROR_TYPE: &str = "internal";

/// Adds, to each route's request durations, the empty histogram of its server errors where there is none yet.
pub fn add(request: &mut ExportMetricsServiceRequest) {
    let scopes = request.resource_metrics.iter_mut().flat_map(|resource| &mut resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| &mut scope.metrics);
    metrics.filter(|metric| metric.name == metric::SERVER_DURATION).for_each(add_to);
}

fn add_to(metric: &mut Metric) {
    match &mut metric.data {
        Some(Data::Histogram(histogram)) => complete(&mut histogram.data_points),
        Some(Data::ExponentialHistogram(histogram)) => complete(&mut histogram.data_points),
        Some(Data::Gauge(_) | Data::Sum(_) | Data::Summary(_)) | None => {}
    }
}

fn complete<P: Point>(points: &mut Vec<P>) {
    let mut missing: Vec<P> = Vec::new();
    for point in points.iter() {
        let attributes = failed(point.attributes());
        let is_there = |point: &P| same(point.attributes(), &attributes);
        if !points.iter().any(is_there) && !missing.iter().any(is_there) {
            missing.push(point.empty(attributes));
        }
    }
    points.append(&mut missing);
}

/// A point of a series that is known by its attributes.
trait Point {
    fn attributes(&self) -> &[KeyValue];
    /// The same series before anything was measured, under other attributes.
    fn empty(&self, attributes: Vec<KeyValue>) -> Self;
}

impl Point for HistogramDataPoint {
    fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }

    fn empty(&self, attributes: Vec<KeyValue>) -> Self {
        HistogramDataPoint {
            attributes,
            start_time_unix_nano: self.start_time_unix_nano,
            time_unix_nano: self.time_unix_nano,
            sum: Some(0.0),
            bucket_counts: vec![0; self.bucket_counts.len()],
            explicit_bounds: self.explicit_bounds.clone(),
            ..Default::default()
        }
    }
}

impl Point for ExponentialHistogramDataPoint {
    fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }

    fn empty(&self, attributes: Vec<KeyValue>) -> Self {
        ExponentialHistogramDataPoint {
            attributes,
            start_time_unix_nano: self.start_time_unix_nano,
            time_unix_nano: self.time_unix_nano,
            sum: Some(0.0),
            scale: self.scale,
            ..Default::default()
        }
    }
}

/// The attributes of the same route when it fails.
fn failed(attributes: &[KeyValue]) -> Vec<KeyValue> {
    let kept =
        attributes.iter().filter(|one| one.key != attribute::STATUS_CODE && one.key != attribute::ERROR_TYPE);
    let pair = |key: &str, value| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..Default::default()
    };
    let error = [
        pair(attribute::STATUS_CODE, Value::IntValue(STATUS)),
        pair(attribute::ERROR_TYPE, Value::StringValue(ERROR_TYPE.to_owned())),
    ];
    kept.cloned().chain(error).collect()
}

fn same(one: &[KeyValue], other: &[KeyValue]) -> bool {
    one.len() == other.len() && one.iter().all(|pair| other.contains(pair))
}
