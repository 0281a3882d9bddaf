//! One log line as one JSON object. By hand, since `tracing-subscriber`'s formatter costs fifteen times as much a line;
//! strings are still escaped by serde_json.

use std::{
    fmt::{self, Write},
    time::SystemTime,
};

use tracing::{
    Event,
    field::{Field, Visit},
};

/// The ids that tie a line to its span: trace, span.
pub type Ids = Option<(opentelemetry::trace::TraceId, opentelemetry::trace::SpanId)>;

/// Writes `event` as a JSON object and a newline:
/// `{"timestamp":…,"level":…,"service":…,"message":…,"trace_id":…,"span_id":…, …fields}`.
pub fn line(out: &mut String, event: &Event<'_>, at: SystemTime, service: &str, ids: Ids) {
    let mut visitor = Visitor { fields: out, message: String::new() };
    let _ = write!(visitor.fields, "{{\"timestamp\":\"");
    let _ = write!(visitor.fields, "{}", humantime::format_rfc3339_micros(at));
    let _ = write!(visitor.fields, "\",\"level\":\"{}\",\"service\":", event.metadata().level());
    visitor.text(service);
    if let Some((trace_id, span_id)) = ids {
        let _ = write!(visitor.fields, ",\"trace_id\":\"{trace_id}\",\"span_id\":\"{span_id}\"");
    }
    event.record(&mut visitor);
    let message = std::mem::take(&mut visitor.message);
    visitor.fields.push_str(",\"message\":");
    visitor.text(&message);
    visitor.fields.push_str("}\n");
}

struct Visitor<'a> {
    fields: &'a mut String,
    message: String,
}

impl Visitor<'_> {
    fn text(&mut self, text: &str) {
        // A string always serialises.
        if let Ok(quoted) = serde_json::to_string(text) {
            self.fields.push_str(&quoted);
        }
    }

    fn key(&mut self, field: &Field) {
        self.fields.push(',');
        self.text(field.name());
        self.fields.push(':');
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.key(field);
            self.text(value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.key(field);
        let _ = write!(self.fields, "{value}");
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.key(field);
        let _ = write!(self.fields, "{value}");
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.key(field);
        if value.is_finite() {
            let _ = write!(self.fields, "{value}");
        } else {
            self.fields.push_str("null");
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.key(field);
        let _ = write!(self.fields, "{value}");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            self.key(field);
            self.text(&format!("{value:?}"));
        }
    }
}
