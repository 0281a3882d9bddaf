//! Spans, log records and metric points as plain values, out of OTLP's nested messages.

use std::collections::BTreeMap;

use bytes::Bytes;
use doorbuster::kernel::id::hex;
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, KeyValue, any_value},
    metrics::v1::{metric::Data, number_data_point},
    resource::v1::Resource,
    trace::v1::{Status, span::SpanKind, status::StatusCode},
};
use serde::Serialize;
use serde_json::Value;

/// Attributes by key, in alphabetical order: snapshots stay the same.
pub type Attributes = BTreeMap<String, Value>;

/// Everything that came, in the order in which it came.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub spans: Vec<Span>,
    pub logs: Vec<Log>,
    pub points: Vec<Point>,
    /// The attributes of each service's resource, as last seen.
    pub resources: BTreeMap<String, Attributes>,
    /// The signal and the `service.version` of each part of a request.
    pub versions: Vec<(&'static str, String)>,
    /// Requests of any kind, those that were refused or left hanging among them.
    pub requests: usize,
    /// How many of them were packed.
    pub packed: usize,
    /// The bodies themselves, unpacked: for who looks for something that must not be anywhere in them.
    pub bodies: Vec<Bytes>,
    /// What was no OTLP. One of these is a mistake of the sender.
    pub broken: Vec<String>,
}

/// A finished span. Ids are lower-case hex; times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
    pub service: String,
    pub name: String,
    /// `server`, `client`, `internal`, `producer`, `consumer`.
    pub kind: &'static str,
    pub trace_id: String,
    pub span_id: String,
    /// Empty at the root.
    pub parent_span_id: String,
    pub attributes: Attributes,
    /// `unset`, `ok`, `error`.
    pub status: &'static str,
    pub status_message: String,
    pub start: u64,
    pub end: u64,
}

/// A log record. The ids are empty when it was written outside of any span.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Log {
    pub service: String,
    pub severity: String,
    pub body: Value,
    pub event_name: String,
    pub trace_id: String,
    pub span_id: String,
    pub attributes: Attributes,
    pub time: u64,
}

/// One point of one series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    pub service: String,
    pub name: String,
    pub unit: String,
    /// `gauge`, `counter` (a monotonic sum), `updown` (any other sum), `histogram`, `exponential histogram`, `summary`.
    pub kind: &'static str,
    pub attributes: Attributes,
    /// The number; of a histogram or summary, the sum of all measurements.
    pub value: f64,
    /// How many measurements a histogram or summary holds; 1 for a number.
    pub count: u64,
    pub exemplars: usize,
    pub time: u64,
}

impl Received {
    pub fn take_traces(&mut self, request: ExportTraceServiceRequest) {
        for part in request.resource_spans {
            let service = self.seen("traces", part.resource);
            for span in part.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let (kind, status) = (kind(span.kind()), span.status.unwrap_or_default());
                self.spans.push(Span {
                    service: service.clone(),
                    kind,
                    trace_id: hex(&span.trace_id),
                    span_id: hex(&span.span_id),
                    parent_span_id: hex(&span.parent_span_id),
                    attributes: attributes(span.attributes),
                    status: status_word(&status),
                    status_message: status.message,
                    start: span.start_time_unix_nano,
                    end: span.end_time_unix_nano,
                    name: span.name,
                });
            }
        }
    }

    pub fn take_logs(&mut self, request: ExportLogsServiceRequest) {
        for part in request.resource_logs {
            let service = self.seen("logs", part.resource);
            for record in part.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
                self.logs.push(Log {
                    service: service.clone(),
                    severity: record.severity_text,
                    body: record.body.map_or(Value::Null, value),
                    event_name: record.event_name,
                    trace_id: hex(&record.trace_id),
                    span_id: hex(&record.span_id),
                    attributes: attributes(record.attributes),
                    time: record.time_unix_nano,
                });
            }
        }
    }

    pub fn take_metrics(&mut self, request: ExportMetricsServiceRequest) {
        for part in request.resource_metrics {
            let service = self.seen("metrics", part.resource);
            for metric in part.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
                for (kind, point) in metric.data.into_iter().flat_map(points) {
                    self.points.push(Point {
                        service: service.clone(),
                        name: metric.name.clone(),
                        unit: metric.unit.clone(),
                        kind,
                        attributes: attributes(point.attributes),
                        value: point.value,
                        count: point.count,
                        exemplars: point.exemplars,
                        time: point.time,
                    });
                }
            }
        }
    }

    /// The spans of one trace, by the time they began.
    pub fn trace(&self, trace_id: &str) -> Vec<&Span> {
        let mut spans: Vec<&Span> = self.spans.iter().filter(|span| span.trace_id == trace_id).collect();
        spans.sort_by_key(|span| span.start);
        spans
    }

    fn seen(&mut self, signal: &'static str, resource: Option<Resource>) -> String {
        let attributes = attributes(resource.unwrap_or_default().attributes);
        let version = attributes.get("service.version").and_then(Value::as_str).unwrap_or_default();
        self.versions.push((signal, version.to_owned()));
        let service = attributes.get("service.name").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.resources.insert(service.clone(), attributes);
        service
    }
}

/// What the kinds of metrics have in common.
struct Measured {
    attributes: Vec<KeyValue>,
    value: f64,
    count: u64,
    exemplars: usize,
    time: u64,
}

fn points(data: Data) -> Vec<(&'static str, Measured)> {
    let number = |point: opentelemetry_proto::tonic::metrics::v1::NumberDataPoint| Measured {
        value: match point.value {
            Some(number_data_point::Value::AsDouble(value)) => value,
            Some(number_data_point::Value::AsInt(value)) => value as f64,
            None => f64::NAN,
        },
        attributes: point.attributes,
        count: 1,
        exemplars: point.exemplars.len(),
        time: point.time_unix_nano,
    };
    macro_rules! distribution {
        ($of:expr, $sum:expr $(, $exemplars:ident)?) => {
            $of.data_points
                .into_iter()
                .map(|point| Measured {
                    value: $sum(point.sum),
                    attributes: point.attributes,
                    exemplars: 0 $(+ point.$exemplars.len())?,
                    count: point.count,
                    time: point.time_unix_nano,
                })
                .collect()
        };
    }
    let (kind, points): (_, Vec<Measured>) = match data {
        Data::Gauge(gauge) => ("gauge", gauge.data_points.into_iter().map(number).collect()),
        Data::Sum(sum) => {
            let kind = if sum.is_monotonic { "counter" } else { "updown" };
            (kind, sum.data_points.into_iter().map(number).collect())
        }
        Data::Histogram(histogram) => {
            ("histogram", distribution!(histogram, Option::unwrap_or_default, exemplars))
        }
        Data::ExponentialHistogram(histogram) => {
            ("exponential histogram", distribution!(histogram, Option::unwrap_or_default, exemplars))
        }
        Data::Summary(summary) => ("summary", distribution!(summary, std::convert::identity)),
    };
    points.into_iter().map(|point| (kind, point)).collect()
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "unspecified",
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}

fn status_word(status: &Status) -> &'static str {
    match status.code() {
        StatusCode::Unset => "unset",
        StatusCode::Ok => "ok",
        StatusCode::Error => "error",
    }
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    pairs.into_iter().map(|pair| (pair.key, pair.value.map_or(Value::Null, value))).collect()
}

fn value(any: AnyValue) -> Value {
    match any.value {
        None => Value::Null,
        Some(any_value::Value::StringValue(text)) => text.into(),
        Some(any_value::Value::BoolValue(yes)) => yes.into(),
        Some(any_value::Value::IntValue(number)) => number.into(),
        Some(any_value::Value::DoubleValue(number)) => number.into(),
        Some(any_value::Value::ArrayValue(array)) => array.values.into_iter().map(value).collect(),
        Some(any_value::Value::KvlistValue(list)) => attributes(list.values).into_iter().collect(),
        Some(any_value::Value::BytesValue(bytes)) => hex(&bytes).into(),
        Some(any_value::Value::StringValueStrindex(index)) => format!("string table {index}").into(),
    }
}
