//! What an OTLP metric says, point by point, in the store's own words.

use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    metrics::v1::{
        self as otlp, AggregationTemporality, Metric, NumberDataPoint, exemplar, metric::Data,
        number_data_point,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::series::{Exemplar, Measured};

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MetricKind)]
pub enum Kind {
    /// A sum that only grows.
    Counter,
    /// A sum that grows and shrinks.
    Updown,
    Gauge,
    /// Counts in buckets, and their sum; of exponential histograms and summaries, count and sum alone.
    Histogram,
}

/// The points of a metric, each with its attributes.
pub type Pointed<'a> = Vec<(&'a [KeyValue], Measured)>;

/// What kind of metric it is, and its points. A metric without data has none.
pub fn points(metric: &Metric) -> Option<(Kind, Pointed<'_>)> {
    let is_delta = |temporality: i32| temporality == AggregationTemporality::Delta as i32;
    let read = match metric.data.as_ref()? {
        Data::Gauge(gauge) => (Kind::Gauge, numbers(&gauge.data_points, false)),
        Data::Sum(sum) => {
            let kind = if sum.is_monotonic { Kind::Counter } else { Kind::Updown };
            (kind, numbers(&sum.data_points, is_delta(sum.aggregation_temporality)))
        }
        Data::Histogram(histogram) => {
            let is_delta = is_delta(histogram.aggregation_temporality);
            let point = |one: &'_ otlp::HistogramDataPoint| Measured {
                at_ms: millis(one.time_unix_nano),
                value: one.sum.unwrap_or_default(),
                count: one.count,
                bounds: one.explicit_bounds.clone(),
                buckets: one.bucket_counts.clone(),
                exemplars: exemplars(&one.exemplars),
                is_delta,
            };
            let points = histogram.data_points.iter().map(|one| (&*one.attributes, point(one)));
            (Kind::Histogram, points.collect())
        }
        Data::ExponentialHistogram(histogram) => {
            let is_delta = is_delta(histogram.aggregation_temporality);
            let point = |one: &'_ otlp::ExponentialHistogramDataPoint| Measured {
                exemplars: exemplars(&one.exemplars),
                is_delta,
                ..total(one.time_unix_nano, one.count, one.sum.unwrap_or_default())
            };
            let points = histogram.data_points.iter().map(|one| (&*one.attributes, point(one)));
            (Kind::Histogram, points.collect())
        }
        Data::Summary(summary) => {
            let point = |one: &'_ otlp::SummaryDataPoint| total(one.time_unix_nano, one.count, one.sum);
            let points = summary.data_points.iter().map(|one| (&*one.attributes, point(one)));
            (Kind::Histogram, points.collect())
        }
    };
    Some(read)
}

fn numbers(points: &[NumberDataPoint], is_delta: bool) -> Pointed<'_> {
    let point = |one: &NumberDataPoint| Measured {
        at_ms: millis(one.time_unix_nano),
        // None stands for "no value was recorded" and makes no point.
        value: match one.value {
            Some(number_data_point::Value::AsDouble(number)) => number,
            Some(number_data_point::Value::AsInt(number)) => number as f64,
            None => f64::NAN,
        },
        exemplars: exemplars(&one.exemplars),
        is_delta,
        ..Measured::default()
    };
    let read = points.iter().map(|one| (&*one.attributes, point(one)));
    read.filter(|(_, measured)| measured.value.is_finite()).collect()
}

fn total(time_unix_nano: u64, count: u64, sum: f64) -> Measured {
    Measured { at_ms: millis(time_unix_nano), value: sum, count, ..Measured::default() }
}

/// Examples that lead to a trace.
fn exemplars(given: &[otlp::Exemplar]) -> Vec<Exemplar> {
    let read = |one: &otlp::Exemplar| {
        let value = match one.value? {
            exemplar::Value::AsDouble(number) => number,
            exemplar::Value::AsInt(number) => number as f64,
        };
        Some(Exemplar {
            value,
            trace_id: one.trace_id.as_slice().try_into().ok()?,
            span_id: one.span_id.as_slice().try_into().ok()?,
            at_ms: millis(one.time_unix_nano),
        })
    };
    given.iter().filter_map(read).collect()
}

fn millis(nanos: u64) -> i64 {
    i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)
}
