//! Log records by OTLP, as lines of the shape that our own have.

use std::time::{Duration, UNIX_EPOCH};

use opentelemetry_proto::tonic::{collector::logs::v1::ExportLogsServiceRequest, logs::v1::LogRecord};
use serde_json::{Map, Value};

use super::line::{Level, Line};
use crate::store::otlp::{sender::Sender, values};

/// What every line has; an attribute of that name does not replace it.
const OURS: [&str; 6] = ["timestamp", "level", "service", "message", "trace_id", "span_id"];

/// The lines that `request` makes, by a clock that shows `now_ns`.
pub fn lines(request: ExportLogsServiceRequest, now_ns: u64) -> Vec<Line> {
    let mut lines = Vec::new();
    for resource_logs in request.resource_logs {
        let sender = Sender::of(resource_logs.resource);
        let records = resource_logs.scope_logs.into_iter().flat_map(|scope| scope.log_records);
        lines.extend(records.map(|record| line(&record, &sender, now_ns)));
    }
    lines
}

fn line(record: &LogRecord, sender: &Sender, now_ns: u64) -> Line {
    // A record without times of its own is of the moment it is seen (OpenTelemetry's data model of logs).
    let times = [record.time_unix_nano, record.observed_time_unix_nano, now_ns];
    let at_ns = times.into_iter().find(|time| *time > 0).unwrap_or_default();
    let level = level(record.severity_number);
    let mut object = Map::new();
    let at = UNIX_EPOCH + Duration::from_nanos(at_ns);
    object.insert("timestamp".into(), humantime::format_rfc3339_micros(at).to_string().into());
    object.insert("level".into(), level.name().into());
    object.insert("service".into(), (*sender.service).into());
    let (trace_id, span_id) = (id(&record.trace_id), id(&record.span_id));
    if let Some(id) = &trace_id {
        object.insert("trace_id".into(), values::hex(id).into());
    }
    if let Some(id) = &span_id {
        object.insert("span_id".into(), values::hex(id).into());
    }
    object.insert("message".into(), message(record));
    for (key, value) in values::object(&record.attributes) {
        if !OURS.contains(&key.as_str()) {
            object.insert(key, value);
        }
    }
    let text = Value::Object(object).to_string().into();
    Line { at_ns, service: sender.service.clone(), level, trace_id, span_id, text }
}

fn message(record: &LogRecord) -> Value {
    match &record.body {
        Some(body) => values::text(body).into(),
        // An event is known by its name.
        None => record.event_name.clone().into(),
    }
}

/// Severities come in fours: 1 to 4 are kinds of trace, and so on up to 24, which is as fatal as can be.
fn level(severity: i32) -> Level {
    match severity {
        1..=4 => Level::Trace,
        5..=8 => Level::Debug,
        13..=16 => Level::Warn,
        17.. => Level::Error,
        _ => Level::Info,
    }
}

/// An id that is one: of the right length, and not all zeros.
fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok().filter(|id| *id != [0; N])
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        common::v1::{AnyValue, KeyValue, any_value},
        logs::v1::{ResourceLogs, ScopeLogs},
        resource::v1::Resource,
    };
    use serde_json::json;

    use super::*;

    fn any(text: &str) -> Option<AnyValue> {
        Some(AnyValue { value: Some(any_value::Value::StringValue(text.to_owned())) })
    }

    fn attribute(key: &str, value: &str) -> KeyValue {
        KeyValue { key: key.to_owned(), value: any(value), ..Default::default() }
    }

    fn one(record: LogRecord) -> Line {
        let resource =
            Some(Resource { attributes: vec![attribute("service.name", "legacy")], ..Default::default() });
        let scope_logs = vec![ScopeLogs { log_records: vec![record], ..Default::default() }];
        let resource_logs = vec![ResourceLogs { resource, scope_logs, ..Default::default() }];
        lines(ExportLogsServiceRequest { resource_logs }, 5_000_000_000).remove(0)
    }

    #[test]
    fn a_record_becomes_a_line_like_our_own() {
        let line = one(LogRecord {
            time_unix_nano: 1_500_000_000,
            severity_number: 17,
            body: any("it \"broke\""),
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            attributes: vec![attribute("order", "7"), attribute("service", "another")],
            ..Default::default()
        });
        let expected = json!({
            "timestamp": "1970-01-01T00:00:01.500000Z", "level": "ERROR", "service": "legacy",
            "trace_id": "01".repeat(16), "span_id": "02".repeat(8), "message": "it \"broke\"", "order": "7",
        });
        assert_eq!(serde_json::from_str::<Value>(&line.text).ok(), Some(expected));
        assert_eq!((line.level, line.trace_id, line.at_ns), (Level::Error, Some([1; 16]), 1_500_000_000));
    }

    #[test]
    fn a_record_that_says_little_still_has_a_time_a_level_and_a_message() {
        let line =
            one(LogRecord { event_name: "started".into(), trace_id: vec![0; 16], ..Default::default() });
        let expected = json!({
            "timestamp": "1970-01-01T00:00:05.000000Z", "level": "INFO", "service": "legacy", "message": "started",
        });
        assert_eq!(serde_json::from_str::<Value>(&line.text).ok(), Some(expected));
        assert_eq!((line.trace_id, line.span_id), (None, None));
    }
}
