//! What a backend answers: how much of a request it rejects, in which words, and how long a sender shall wait.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceResponse, metrics::v1::ExportMetricsServiceResponse,
    trace::v1::ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::Value;

use crate::telemetry::destination::Signal;

/// As much of a backend's own words as is repeated, in characters.
const WORDS: usize = 200;

/// What of a request a backend did not keep although it answered with success: OTLP's partial success.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partial {
    /// Records that it rejected: spans, data points or log records.
    pub rejected: u64,
    /// Why; with nothing rejected, a warning.
    pub message: Option<String>,
}

impl Partial {
    /// Reads the body of a success. One that is no OTLP response is the answer of a backend that kept everything.
    pub fn read(signal: Signal, headers: &HeaderMap, body: &[u8]) -> Partial {
        let read = if is_json(headers) { of_json(body) } else { of_protobuf(signal, body) };
        let (rejected, message) = read.unwrap_or_default();
        Partial { rejected: u64::try_from(rejected).unwrap_or(0), message: words(&message) }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("application/json"))
}

fn of_protobuf(signal: Signal, body: &[u8]) -> Option<(i64, String)> {
    match signal {
        Signal::Traces => {
            let partial = ExportTraceServiceResponse::decode(body).ok()?.partial_success?;
            Some((partial.rejected_spans, partial.error_message))
        }
        Signal::Metrics => {
            let partial = ExportMetricsServiceResponse::decode(body).ok()?.partial_success?;
            Some((partial.rejected_data_points, partial.error_message))
        }
        Signal::Logs => {
            let partial = ExportLogsServiceResponse::decode(body).ok()?.partial_success?;
            Some((partial.rejected_log_records, partial.error_message))
        }
        Signal::Profiles => None,
    }
}

/// Protobuf's JSON: a 64-bit number is a string there, and some servers write a number.
fn of_json(body: &[u8]) -> Option<(i64, String)> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let partial = answer.get("partialSuccess")?;
    let rejected = ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"];
    let rejected = rejected.iter().find_map(|field| partial.get(field));
    let rejected = rejected.and_then(|one| one.as_i64().or_else(|| one.as_str()?.parse().ok()));
    let message = partial.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
    Some((rejected.unwrap_or(0), message.to_owned()))
}

/// A message as one line that a log may hold: bounded, without control characters; nothing where nothing is left.
pub fn words(text: &str) -> Option<String> {
    let plain = text.chars().take(WORDS).map(|one| if one.is_control() { ' ' } else { one });
    let plain: String = plain.collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). A date that has passed is no wait.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let at = httpdate::parse_http_date(text).ok()?;
            Some(at.duration_since(now).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    fn json() -> HeaderMap {
        HeaderMap::from_iter([(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        )])
    }

    #[test]
    fn a_partial_success_is_read_from_protobuf_of_each_signal_and_from_json() {
        // The three responses have the same numbers on the wire.
        let body = ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: 300,
                error_message: "over the\nlimit\u{1b}".to_owned(),
            }),
        }
        .encode_to_vec();
        let expected = Partial { rejected: 300, message: Some("over the limit".to_owned()) };
        for signal in Signal::OTLP {
            assert_eq!(Partial::read(signal, &HeaderMap::new(), &body), expected);
        }
        for (body, rejected, message) in [
            (r#"{"partialSuccess":{"rejectedSpans":"7","errorMessage":"old"}}"#, 7, Some("old")),
            (r#"{"partialSuccess":{"rejectedDataPoints":7}}"#, 7, None),
            (r#"{"partialSuccess":{"rejectedLogRecords":-7}}"#, 0, None),
            (r#"{"partialSuccess":{"errorMessage":"soon to go"}}"#, 0, Some("soon to go")),
            (r#"{"partialSuccess":{}}"#, 0, None),
            ("{}", 0, None),
            ("ok", 0, None),
        ] {
            let expected = Partial { rejected, message: message.map(str::to_owned) };
            assert_eq!(Partial::read(Signal::Logs, &json(), body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn an_answer_that_is_no_otlp_rejects_nothing() {
        for body in [&b""[..], b"ok", b"<html>", &[0xff; 9]] {
            assert_eq!(Partial::read(Signal::Traces, &HeaderMap::new(), body), Partial::default());
        }
    }

    #[test]
    fn words_are_bounded_and_of_one_line() {
        assert_eq!(words(" a\r\nb\0 ").as_deref(), Some("a  b"));
        assert_eq!(words(&"ä".repeat(999)).map(|text| text.chars().count()), Some(WORDS));
        assert_eq!(words("\n\t\u{7f}"), None);
    }

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let asked = |text: &str| {
            let value = HeaderValue::from_str(text).expect("a header");
            retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, value)]), now)
        };
        let in_a_minute = httpdate::fmt_http_date(now + Duration::from_secs(60));
        for (text, seconds) in [
            ("60", Some(60)),
            ("0", Some(0)),
            (&*in_a_minute, Some(60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("1.5", None),
        ] {
            assert_eq!(asked(text), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
