//! What an OTLP metric says, point by point, in the store's own words.

use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    metrics::v1::{
        self as otlp, AggregationTemporality, ExponentialHistogramDataPoint, HistogramDataPoint, Metric,
        NumberDataPoint, SummaryDataPoint, exemplar, metric::Data, number_data_point,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::series::{Exemplar, Measured};

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
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
    let read = match metric.data.as_ref()? {
        Data::Gauge(gauge) => (Kind::Gauge, numbers(&gauge.data_points, false)),
        Data::Sum(sum) => {
            (sum_kind(sum.is_monotonic), numbers(&sum.data_points, is_delta(sum.aggregation_temporality)))
        }
        Data::Histogram(data) => {
            let is_delta = is_delta(data.aggregation_temporality);
            let points = data.data_points.iter().map(|one| (&*one.attributes, histogram(one, is_delta)));
            (Kind::Histogram, points.collect())
        }
        Data::ExponentialHistogram(data) => {
            let is_delta = is_delta(data.aggregation_temporality);
            let points = data.data_points.iter().map(|one| (&*one.attributes, exponential(one, is_delta)));
            (Kind::Histogram, points.collect())
        }
        Data::Summary(data) => {
            let points = data.data_points.iter().map(|one| (&*one.attributes, summary(one)));
            (Kind::Histogram, points.collect())
        }
    };
    Some(read)
}

pub fn is_delta(temporality: i32) -> bool {
    temporality == AggregationTemporality::Delta as i32
}

pub fn sum_kind(is_monotonic: bool) -> Kind {
    if is_monotonic { Kind::Counter } else { Kind::Updown }
}

fn numbers(points: &[NumberDataPoint], is_delta: bool) -> Pointed<'_> {
    points.iter().filter_map(|one| Some((&*one.attributes, number(one, is_delta)?))).collect()
}

/// A number; a point without one stands for "no value was recorded".
pub fn number(point: &NumberDataPoint, is_delta: bool) -> Option<Measured> {
    let value = match point.value? {
        number_data_point::Value::AsDouble(number) => number,
        number_data_point::Value::AsInt(number) => number as f64,
    };
    value.is_finite().then(|| Measured {
        at_ms: millis(point.time_unix_nano),
        value,
        exemplars: exemplars(&point.exemplars),
        is_delta,
        ..Measured::default()
    })
}

pub fn histogram(point: &HistogramDataPoint, is_delta: bool) -> Measured {
    Measured {
        at_ms: millis(point.time_unix_nano),
        value: point.sum.unwrap_or_default(),
        count: point.count,
        bounds: point.explicit_bounds.clone(),
        buckets: point.bucket_counts.clone(),
        exemplars: exemplars(&point.exemplars),
        is_delta,
    }
}

pub fn exponential(point: &ExponentialHistogramDataPoint, is_delta: bool) -> Measured {
    Measured {
        exemplars: exemplars(&point.exemplars),
        is_delta,
        ..total(point.time_unix_nano, point.count, point.sum.unwrap_or_default())
    }
}

pub fn summary(point: &SummaryDataPoint) -> Measured {
    total(point.time_unix_nano, point.count, point.sum)
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
