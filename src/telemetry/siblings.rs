//! Error series that stand at zero from the first request on. A histogram cannot be registered at zero with the SDK, and
//! a rate over a series that begins with its first error does not see that error.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{HistogramDataPoint, Metric, metric::Data},
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
    let Some(Data::Histogram(histogram)) = &mut metric.data else { return };
    let mut missing: Vec<HistogramDataPoint> = Vec::new();
    for point in &histogram.data_points {
        let attributes = failed(&point.attributes);
        let present = |point: &HistogramDataPoint| same(&point.attributes, &attributes);
        if !histogram.data_points.iter().any(present) && !missing.iter().any(present) {
            missing.push(HistogramDataPoint {
                attributes,
                start_time_unix_nano: point.start_time_unix_nano,
                time_unix_nano: point.time_unix_nano,
                count: 0,
                sum: Some(0.0),
                bucket_counts: vec![0; point.bucket_counts.len()],
                explicit_bounds: point.explicit_bounds.clone(),
                ..Default::default()
            });
        }
    }
    histogram.data_points.extend(missing);
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
