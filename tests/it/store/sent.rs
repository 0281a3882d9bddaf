//! Requests as a stranger sends them: spans, measurements and log records in OTLP's JSON form, and as protobuf.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::{Value, json};

/// A trace of a service called `legacy`: a server span with a failed question inside.
pub fn spans(trace_id: &str, now_ns: u64) -> Value {
    let span = |own: &str, parent: &str, name: &str, kind: u8, attributes: Value, code: u8| {
        json!({
            "traceId": trace_id, "spanId": own, "parentSpanId": parent, "name": name, "kind": kind,
            "startTimeUnixNano": (now_ns - 50_000_000).to_string(), "endTimeUnixNano": now_ns.to_string(),
            "attributes": attributes, "status": {"code": code},
        })
    };
    let outer = span("00000000000000a1", "", "GET /old", 2, json!([text("http.route", "/old")]), 0);
    let asked = json!([text("server.address", "mainframe"), {"key": "attempt", "value": {"intValue": "3"}}]);
    let inner = span("00000000000000a2", "00000000000000a1", "GET /records", 3, asked, 2);
    json!({"resourceSpans": [{"resource": legacy(), "scopeSpans": [{"spans": [outer, inner]}]}]})
}

/// A counter, and a histogram with an example.
pub fn metrics(trace_id: &str, now_ns: u64) -> Value {
    let now = now_ns.to_string();
    let labels = json!([text("queue", "mail")]);
    let exemplar =
        json!({"traceId": trace_id, "spanId": "00000000000000a1", "asDouble": 0.4, "timeUnixNano": now});
    let histogram = json!({"count": "3", "sum": 0.9, "bucketCounts": ["1", "2"], "explicitBounds": [0.25],
        "timeUnixNano": now, "attributes": labels, "exemplars": [exemplar]});
    let metrics = json!([
        {"name": "legacy.jobs", "unit": "{job}", "description": "Jobs done.", "sum": {"isMonotonic": true,
            "aggregationTemporality": 2, "dataPoints": [{"asInt": "7", "timeUnixNano": now, "attributes": labels}]}},
        {"name": "legacy.duration", "unit": "s", "histogram": {"aggregationTemporality": 2, "dataPoints": [histogram]}},
    ]);
    json!({"resourceMetrics": [{"resource": legacy(), "scopeMetrics": [{"metrics": metrics}]}]})
}

/// One warning.
pub fn logs(trace_id: &str, now_ns: u64) -> Value {
    let record = json!({
        "timeUnixNano": now_ns.to_string(), "severityNumber": 13, "body": {"stringValue": "tape is full"},
        "attributes": [text("tape", "B")], "traceId": trace_id, "spanId": "00000000000000a1",
    });
    json!({"resourceLogs": [{"resource": legacy(), "scopeLogs": [{"logRecords": [record]}]}]})
}

/// The same spans in protobuf.
pub fn encoded(spans: &Value) -> Vec<u8> {
    let request: ExportTraceServiceRequest = serde_json::from_value(spans.clone()).expect("OTLP");
    request.encode_to_vec()
}

pub fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// Nanoseconds since 1970.
pub fn now_ns() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_nanos()).expect("before 2554")
}

fn legacy() -> Value {
    json!({"attributes": [text("service.name", "legacy")]})
}
