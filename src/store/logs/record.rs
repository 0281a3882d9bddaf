//! Log records by OTLP, as lines of the shape that our own have.

use std::time::{Duration, UNIX_EPOCH};

use opentelemetry_proto::tonic::{logs::v1::LogRecord, resource::v1::Resource};
use prost::Message;
use serde_json::{Map, Value};

use super::line::{Level, Line};
use crate::store::otlp::{sender::Sender, values, wire::each};

/// What every line has; an attribute of that name does not replace it.
const OURS: [&str; 6] = ["timestamp", "level", "service", "message", "trace_id", "span_id"];

/// The most bytes of one record: a line may not have more either.
const RECORD_BYTES: usize = 64 * 1024;
/// Lines of one batch, and bytes of their texts.
const BATCH_LINES: usize = 256;
const BATCH_BYTES: usize = 1024 * 1024;

/// Numbers of fields in `ExportLogsServiceRequest`, `ResourceLogs` and `ScopeLogs`.
const RESOURCE_LOGS: u32 = 1;
const RESOURCE: u32 = 1;
const SCOPE_LOGS: u32 = 2;
const LOG_RECORDS: u32 = 2;

/// The records of an encoded request, decoded one by one.
pub struct Records<'a> {
    /// Each with its resource.
    encoded: Box<dyn Iterator<Item = (&'a [u8], &'a [u8])> + 'a>,
    /// The resource of the last record, and the sender that it names.
    sender: Option<(&'a [u8], Sender)>,
    now_ns: u64,
}

/// Some lines, in the order of their records.
#[derive(Debug, Default)]
pub struct Batch {
    pub lines: Vec<Line>,
    /// Records with more than [`RECORD_BYTES`], and those that say nothing: a line of one costs a hundred times its bytes.
    pub turned_away: u64,
}

impl<'a> Records<'a> {
    /// The records of `request`, by a clock that shows `now_ns`.
    pub fn of(request: &'a [u8], now_ns: u64) -> Self {
        let encoded = each(request, RESOURCE_LOGS).flat_map(|resource_logs| {
            let resource = each(resource_logs, RESOURCE).next().unwrap_or_default();
            let records = each(resource_logs, SCOPE_LOGS).flat_map(|scope| each(scope, LOG_RECORDS));
            records.map(move |record| (resource, record))
        });
        Records { encoded: Box::new(encoded), sender: None, now_ns }
    }

    /// The next lines; nothing after the last.
    pub fn next_batch(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        let mut bytes = 0;
        while batch.lines.len() < BATCH_LINES && bytes < BATCH_BYTES {
            let Some((resource, record)) = self.encoded.next() else { break };
            let record = small(record).and_then(|record| LogRecord::decode(record).ok());
            let Some(record) = record.filter(says_something) else {
                batch.turned_away += 1;
                continue;
            };
            if !matches!(&self.sender, Some((known, _)) if std::ptr::eq(*known, resource)) {
                self.sender = Some((resource, Sender::of(Resource::decode(resource).ok())));
            }
            let Some((_, sender)) = &self.sender else { break };
            let line = line(&record, sender, self.now_ns);
            bytes += line.text.len();
            batch.lines.push(line);
        }
        (batch.turned_away > 0 || !batch.lines.is_empty()).then_some(batch)
    }
}

fn small(record: &[u8]) -> Option<&[u8]> {
    (record.len() <= RECORD_BYTES).then_some(record)
}

fn says_something(record: &LogRecord) -> bool {
    record.body.is_some() || !record.attributes.is_empty() || !record.event_name.is_empty()
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
        collector::logs::v1::ExportLogsServiceRequest,
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
        let request = ExportLogsServiceRequest { resource_logs }.encode_to_vec();
        let mut records = Records::of(&request, 5_000_000_000);
        records.next_batch().expect("a batch").lines.remove(0)
    }

    #[test]
    fn records_come_in_batches_and_one_that_is_too_large_is_counted() {
        let record = |size: usize| LogRecord { body: any(&"x".repeat(size)), ..Default::default() };
        let mut log_records = vec![record(9); BATCH_LINES + 3];
        log_records.insert(5, record(RECORD_BYTES));
        let scope_logs = vec![ScopeLogs { log_records, ..Default::default() }];
        let resource_logs = vec![ResourceLogs { scope_logs, ..Default::default() }];
        let request = ExportLogsServiceRequest { resource_logs }.encode_to_vec();
        let mut records = Records::of(&request, 5);
        let mut sizes = Vec::new();
        while let Some(batch) = records.next_batch() {
            sizes.push((batch.lines.len(), batch.turned_away));
        }
        assert_eq!(sizes, [(BATCH_LINES, 1), (3, 0)]);
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
