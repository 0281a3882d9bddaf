//! Requests by OTLP over HTTP: their bytes, unpacked and read (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP Request").

use std::{fmt, io::Read};

use flate2::read::MultiGzDecoder;
use prost::Message;
use serde::de::DeserializeOwned;

/// The most bytes a request may have after unpacking.
pub const UNPACKED_BYTES: usize = 16 * 1024 * 1024;

/// How a request, and its answer, are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// Why a request cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    NotGzip,
    TooLarge,
    NotProtobuf(String),
    NotJson(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::NotGzip => f.write_str("the body is not gzip"),
            Unreadable::TooLarge => {
                write!(f, "the body has more than {UNPACKED_BYTES} bytes after unpacking")
            }
            Unreadable::NotProtobuf(why) => write!(f, "the body is no OTLP request in protobuf: {why}"),
            Unreadable::NotJson(why) => write!(f, "the body is no OTLP request in JSON: {why}"),
        }
    }
}

/// Unpacks what was packed with gzip, up to [`UNPACKED_BYTES`].
pub fn unpacked(packed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut plain = Vec::new();
    // One byte more than may be: that it came tells that there is too much, whatever else would follow.
    let mut reader = MultiGzDecoder::new(packed).take(UNPACKED_BYTES as u64 + 1);
    reader.read_to_end(&mut plain).map_err(|_| Unreadable::NotGzip)?;
    if plain.len() > UNPACKED_BYTES { Err(Unreadable::TooLarge) } else { Ok(plain) }
}

/// Reads a request.
pub fn read<M: Message + Default + DeserializeOwned>(
    body: &[u8],
    encoding: Encoding,
) -> Result<M, Unreadable> {
    match encoding {
        Encoding::Protobuf => M::decode(body).map_err(|error| Unreadable::NotProtobuf(error.to_string())),
        Encoding::Json => {
            serde_json::from_slice(body).map_err(|error| Unreadable::NotJson(error.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use opentelemetry_proto::tonic::{
        collector::{
            logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
            trace::v1::ExportTraceServiceRequest,
        },
        common::v1::any_value::Value,
        metrics::v1::{metric::Data, number_data_point},
    };
    use serde_json::json;

    use super::*;

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(plain).expect("memory takes it");
        packer.finish().expect("memory takes it")
    }

    #[test]
    fn what_was_packed_is_unpacked_up_to_a_bound() {
        assert_eq!(unpacked(&packed(b"plain")), Ok(b"plain".to_vec()));
        assert_eq!(unpacked(b"plain"), Err(Unreadable::NotGzip));
        let most = vec![0; UNPACKED_BYTES];
        assert_eq!(unpacked(&packed(&most)).map(|plain| plain.len()), Ok(UNPACKED_BYTES));
        assert_eq!(unpacked(&packed(&vec![0; UNPACKED_BYTES + 1])), Err(Unreadable::TooLarge));
    }

    /// The examples of opentelemetry-proto's repository, shortened: ids in hexadecimal, 64-bit numbers as text.
    #[test]
    fn json_is_read_by_otlp_s_own_rules() {
        let resource =
            json!({"attributes": [{"key": "service.name", "value": {"stringValue": "my.service"}}]});
        let span = json!({
            "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174",
            "parentSpanId": "EEE19B7EC3C1B173", "name": "I'm a server span",
            "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": 1544712661000000000_u64, "kind": 2,
            "attributes": [{"key": "n", "value": {"intValue": "7"}}], "unknownField": [1],
        });
        let spans = json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]});
        let read_spans: ExportTraceServiceRequest =
            read(spans.to_string().as_bytes(), Encoding::Json).expect("spans");
        let span = &read_spans.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!((span.trace_id[0], span.span_id[7], span.kind), (0x5b, 0x74, 2));
        assert_eq!(
            (span.start_time_unix_nano, span.end_time_unix_nano),
            (1544712660000000000, 1544712661000000000)
        );
        let value = span.attributes[0].value.as_ref().and_then(|value| value.value.clone());
        assert_eq!(value, Some(Value::IntValue(7)));

        let point = json!({"asInt": "5", "timeUnixNano": "1544712660300000000"});
        let sum = json!({"aggregationTemporality": 1, "isMonotonic": true, "dataPoints": [point]});
        let histogram = json!({"aggregationTemporality": 1, "dataPoints": [{
            "count": "2", "sum": 2, "bucketCounts": ["1", 1], "explicitBounds": [1],
            "exemplars": [{"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "asDouble": 0.5}]}]});
        let metrics = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [
            {"name": "my.counter", "unit": "1", "sum": sum}, {"name": "my.histogram", "histogram": histogram}]}]}]});
        let read_metrics: ExportMetricsServiceRequest =
            read(metrics.to_string().as_bytes(), Encoding::Json).expect("metrics");
        let metrics = &read_metrics.resource_metrics[0].scope_metrics[0].metrics;
        let Some(Data::Sum(sum)) = &metrics[0].data else { panic!("{metrics:?}") };
        assert_eq!(sum.data_points[0].value, Some(number_data_point::Value::AsInt(5)));
        let Some(Data::Histogram(histogram)) = &metrics[1].data else { panic!("{metrics:?}") };
        assert_eq!(
            (histogram.data_points[0].count, &histogram.data_points[0].bucket_counts[..]),
            (2, &[1, 1][..])
        );
        assert_eq!(histogram.data_points[0].exemplars[0].span_id.len(), 8);

        let record = json!({"timeUnixNano": "1544712660300000000", "severityNumber": 10, "severityText": "Information",
            "body": {"stringValue": "Example log record"}, "traceId": "", "spanId": ""});
        let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]});
        let logs: ExportLogsServiceRequest = read(logs.to_string().as_bytes(), Encoding::Json).expect("logs");
        assert_eq!(logs.resource_logs[0].scope_logs[0].log_records[0].severity_number, 10);
    }

    #[test]
    fn what_is_neither_is_refused_in_words() {
        let broken =
            read::<ExportTraceServiceRequest>(b"nonsense", Encoding::Protobuf).expect_err("no protobuf");
        assert!(broken.to_string().starts_with("the body is no OTLP request in protobuf: "), "{broken}");
        let broken = read::<ExportTraceServiceRequest>(b"{\"resourceSpans\":3}", Encoding::Json);
        assert!(broken.expect_err("no request").to_string().contains("in JSON"));
    }
}
