//! Metrics in protobuf, read a point at a time: however many points a metric has, one is decoded at once.

use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    metrics::v1::{ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint, SummaryDataPoint},
};
use prost::{DecodeError, Message};

use super::{
    read::{self, Kind},
    series::Measured,
};
use crate::store::otlp::wire::{Field, Fields, each};

/// The most bytes of one data point.
pub const POINT_BYTES: usize = 64 * 1024;

/// Numbers of fields in `opentelemetry.proto.metrics.v1.Metric`.
mod metric {
    pub const NAME: u32 = 1;
    pub const DESCRIPTION: u32 = 2;
    pub const UNIT: u32 = 3;
}
/// And in the messages that hold its points.
const DATA_POINTS: u32 = 1;
const TEMPORALITY: u32 = 2;
const IS_MONOTONIC: u32 = 3;

/// Which of the fields of a metric holds its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Data {
    Gauge = 5,
    Sum = 7,
    Histogram = 9,
    ExponentialHistogram = 10,
    Summary = 11,
}

impl Data {
    const ALL: [Data; 5] =
        [Data::Gauge, Data::Sum, Data::Histogram, Data::ExponentialHistogram, Data::Summary];
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<'a> {
    bytes: &'a [u8],
    data: Data,
    is_delta: bool,
    pub name: &'a str,
    pub description: &'a str,
    pub unit: &'a str,
    pub kind: Kind,
}

/// A point, and its attributes.
pub type Point = (Vec<KeyValue>, Measured);

impl<'a> Encoded<'a> {
    /// Reads all but the points; a metric without data is none.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let (mut name, mut description, mut unit, mut data) = ("", "", "", None);
        for (number, field) in Fields::of(bytes).flatten() {
            match number {
                metric::NAME => name = field.text()?,
                metric::DESCRIPTION => description = field.text()?,
                metric::UNIT => unit = field.text()?,
                number => {
                    let found = Data::ALL.into_iter().find(|data| *data as u32 == number);
                    // Of several the last counts.
                    data = found.or(data);
                }
            }
        }
        let data = data?;
        let (mut is_delta, mut is_monotonic) = (false, false);
        for (number, field) in each(bytes, data as u32).flat_map(Fields::of).flatten() {
            match (number, field) {
                (TEMPORALITY, Field::Number(temporality)) => {
                    is_delta = i32::try_from(temporality).is_ok_and(read::is_delta);
                }
                (IS_MONOTONIC, Field::Number(truth)) => is_monotonic = truth != 0,
                (_, Field::Number(_) | Field::Fixed64(_) | Field::Fixed32(_) | Field::Bytes(_)) => {}
            }
        }
        let kind = match data {
            Data::Gauge => Kind::Gauge,
            Data::Sum => read::sum_kind(is_monotonic),
            Data::Histogram | Data::ExponentialHistogram | Data::Summary => Kind::Histogram,
        };
        Some(Encoded { bytes, data, is_delta, name, description, unit, kind })
    }

    /// How many points it has.
    pub fn count(&self) -> usize {
        self.encoded_points().count()
    }

    /// Its points, decoded one by one: an error for one that is too large, nothing for one without a value.
    pub fn points(&self) -> impl Iterator<Item = Result<Option<Point>, TooLarge>> {
        self.encoded_points().map(|point| {
            if point.len() > POINT_BYTES {
                return Err(TooLarge);
            }
            // The request was checked before: what cannot be decoded here is not there.
            self.decode(point).map_err(|_| TooLarge)
        })
    }

    fn encoded_points(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        each(self.bytes, self.data as u32).flat_map(|data| each(data, DATA_POINTS))
    }

    fn decode(&self, point: &[u8]) -> Result<Option<Point>, DecodeError> {
        let is_delta = self.is_delta;
        let point = match self.data {
            Data::Gauge | Data::Sum => {
                let point = NumberDataPoint::decode(point)?;
                read::number(&point, is_delta).map(|measured| (point.attributes, measured))
            }
            Data::Histogram => {
                let point = HistogramDataPoint::decode(point)?;
                let measured = read::histogram(&point, is_delta);
                Some((point.attributes, measured))
            }
            Data::ExponentialHistogram => {
                let point = ExponentialHistogramDataPoint::decode(point)?;
                let measured = read::exponential(&point, is_delta);
                Some((point.attributes, measured))
            }
            Data::Summary => {
                let point = SummaryDataPoint::decode(point)?;
                let measured = read::summary(&point);
                Some((point.attributes, measured))
            }
        };
        Ok(point)
    }
}

/// The point has more than [`POINT_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        common::v1::{AnyValue, any_value::Value},
        metrics::v1::{self as otlp, Metric, metric, number_data_point},
    };

    use super::*;

    #[test]
    fn a_metric_is_read_in_place_as_it_is_read_decoded() {
        let attributes = vec![KeyValue {
            key: "k".into(),
            value: Some(AnyValue { value: Some(Value::StringValue("v".into())) }),
            ..Default::default()
        }];
        let number = |value: f64| NumberDataPoint {
            attributes: attributes.clone(),
            time_unix_nano: 5_000_000,
            value: Some(number_data_point::Value::AsDouble(value)),
            ..Default::default()
        };
        let sum = |temporality, is_monotonic| {
            metric::Data::Sum(otlp::Sum {
                data_points: vec![number(1.0), number(f64::NAN), number(2.0)],
                aggregation_temporality: temporality,
                is_monotonic,
            })
        };
        let histogram = HistogramDataPoint {
            attributes: attributes.clone(),
            count: 3,
            sum: Some(1.5),
            bucket_counts: vec![1, 2],
            explicit_bounds: vec![0.5],
            ..Default::default()
        };
        let exponential = ExponentialHistogramDataPoint { count: 3, sum: Some(1.5), ..Default::default() };
        let summary = SummaryDataPoint { count: 3, sum: 1.5, ..Default::default() };
        for data in [
            metric::Data::Gauge(otlp::Gauge { data_points: vec![number(1.0)] }),
            sum(1, true),
            sum(2, true),
            sum(2, false),
            metric::Data::Histogram(otlp::Histogram {
                data_points: vec![histogram],
                aggregation_temporality: 1,
            }),
            metric::Data::ExponentialHistogram(otlp::ExponentialHistogram {
                data_points: vec![exponential],
                aggregation_temporality: 2,
            }),
            metric::Data::Summary(otlp::Summary { data_points: vec![summary] }),
        ] {
            let metric = Metric {
                name: "n".into(),
                unit: "s".into(),
                description: "d".into(),
                data: Some(data),
                ..Default::default()
            };
            let bytes = metric.encode_to_vec();
            let encoded = Encoded::of(&bytes).expect("data");
            assert_eq!((encoded.name, encoded.unit, encoded.description), ("n", "s", "d"));
            let (kind, points) = read::points(&metric).expect("data");
            let found: Vec<Point> = encoded.points().filter_map(|point| point.expect("small")).collect();
            let expected: Vec<Point> =
                points.into_iter().map(|(attributes, measured)| (attributes.to_vec(), measured)).collect();
            assert_eq!((encoded.kind, found), (kind, expected), "{metric:?}");
        }
        assert!(Encoded::of(&Metric::default().encode_to_vec()).is_none());
    }
}
