//! A request in JSON, turned into protobuf while it is read: no tree of values and no structs between, so that it costs
//! no more than its text and its encoded form (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding").

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    output::Output,
    scalar::Scalar,
    schema::{Field, Form, Message},
};

/// Why a request cannot be turned into protobuf.
#[derive(Debug)]
pub enum Refused {
    /// It would have more bytes than it may.
    TooLarge,
    Malformed(serde_json::Error),
}

/// `text`, which is a `message` in JSON, as protobuf of at most `most` bytes.
pub fn encode(text: &[u8], message: &'static Message, most: usize) -> Result<Vec<u8>, Refused> {
    let mut output = Output { bytes: Vec::new(), most };
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = ObjectSeed { message, output: &mut output }.deserialize(&mut reader);
    match read
        .and_then(|is_there| if is_there { reader.end() } else { Err(Error::custom("expected an object")) })
    {
        Ok(()) => Ok(output.bytes),
        Err(_) if output.bytes.len() > most => Err(Refused::TooLarge),
        Err(error) => Err(Refused::Malformed(error)),
    }
}

/// An object; the value says whether it was one, or `null`.
struct ObjectSeed<'o> {
    message: &'static Message,
    output: &'o mut Output,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object ({} of OTLP)", self.message.name)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while let Some(field) = map.next_key_seed(KeySeed(self.message))? {
            match field {
                Some(field) if field.is_repeated => {
                    map.next_value_seed(ListSeed { field, output: self.output })?;
                }
                Some(field) => {
                    map.next_value_seed(ValueSeed { field, is_keyed: true, output: self.output })?;
                }
                // Unknown fields are ignored, as OTLP asks for.
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(true)
    }
}

/// The field that a key of an object names.
struct KeySeed(&'static Message);

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.by_name(name))
    }
}

/// All values of a repeated field.
struct ListSeed<'o> {
    field: &'static Field,
    output: &'o mut Output,
}

impl<'de> DeserializeSeed<'de> for ListSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array (`{}` of OTLP)", self.field.name)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let ListSeed { field, output } = self;
        let is_packed = field.form.is_packable();
        let start = output.bytes.len();
        while let Some(is_there) =
            list.next_element_seed(ValueSeed { field, is_keyed: !is_packed, output })?
        {
            if !is_there {
                return Err(Error::custom(format!("`{}` must not contain null", field.name)));
            }
        }
        if is_packed && output.bytes.len() > start {
            output.wrap(start, field.number);
        }
        Ok(())
    }
}

/// One value of a field; says whether it was one, or `null`.
struct ValueSeed<'o> {
    field: &'static Field,
    /// Whether the field's key stands before it, or it is part of a packed list.
    is_keyed: bool,
    output: &'o mut Output,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        let ValueSeed { field, is_keyed, output } = self;
        let Form::Message(message) = field.form else {
            return deserializer.deserialize_any(Scalar { field, is_keyed, output });
        };
        let start = output.bytes.len();
        let is_there = ObjectSeed { message, output: &mut *output }.deserialize(deserializer)?;
        if is_there {
            output.wrap(start, field.number);
        }
        output.check_bound()?;
        Ok(is_there)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    };
    use prost::Message as _;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::{
        super::schema::{LOGS, METRICS, TRACES},
        *,
    };

    const MOST: usize = 1 << 20;

    /// The generated code reads OTLP's JSON as well; it is the second opinion.
    fn both<M: prost::Message + DeserializeOwned + Default + PartialEq + fmt::Debug>(
        text: &Value,
        message: &'static Message,
    ) {
        let encoded = encode(text.to_string().as_bytes(), message, MOST).expect("sound");
        super::super::check::check(&encoded, message).expect("sound");
        let expected: M = serde_json::from_value(text.clone()).expect("sound");
        assert_eq!(M::decode(&encoded[..]).expect("protobuf"), expected);
    }

    #[test]
    fn every_field_is_read_as_the_generated_code_reads_it() {
        let value = json!({"kvlistValue": {"values": [
            {"key": "s", "value": {"stringValue": "ä \" \\ \u{1}"}}, {"key": "b", "value": {"boolValue": true}},
            {"key": "i", "value": {"intValue": "-7"}}, {"key": "d", "value": {"doubleValue": 0.5}},
            {"key": "a", "value": {"arrayValue": {"values": [{"intValue": 3}, {"stringValue": ""}]}}},
            {"key": "x", "value": {"bytesValue": "AP8="}}, {"key": "none"}, {"key": "empty", "value": {}}]}});
        let attributes = json!([{"key": "k", "value": value}]);
        let resource = json!({"attributes": attributes, "droppedAttributesCount": 2});
        let scope =
            json!({"name": "n", "version": "v", "attributes": attributes, "droppedAttributesCount": 1});
        let ids = json!({"traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174"});
        let with = |more: Value| {
            let mut all = ids.clone();
            more.as_object().expect("an object").iter().for_each(|(key, value)| all[key] = value.clone());
            all
        };
        let span = with(
            json!({"traceState": "a=b", "parentSpanId": "eee19b7ec3c1b173", "flags": 257, "name": "s",
            "kind": 2, "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": 1544712661000000000_u64,
            "attributes": attributes, "droppedAttributesCount": 1, "droppedEventsCount": 2, "droppedLinksCount": 3,
            "events": [{"timeUnixNano": "5", "name": "e", "attributes": attributes, "droppedAttributesCount": 1}],
            "links": [with(json!({"traceState": "c=d", "attributes": attributes, "flags": 1}))],
            "status": {"message": "no", "code": 2}, "unknownField": [1, {"a": null}]}),
        );
        let spans = json!({"resourceSpans": [{"scopeSpans": [{"scope": scope, "spans": [span, {}], "schemaUrl": "u"}],
            "resource": resource, "schemaUrl": "u"}, {}]});
        both::<ExportTraceServiceRequest>(&spans, &TRACES);

        let record = with(json!({"timeUnixNano": "1", "observedTimeUnixNano": "2", "severityNumber": 10,
            "severityText": "Information", "body": value, "attributes": attributes, "droppedAttributesCount": 1,
            "flags": 1, "eventName": "e"}));
        let logs = json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]});
        both::<ExportLogsServiceRequest>(&logs, &LOGS);

        let exemplar = with(json!({"timeUnixNano": "3", "asDouble": 0.25, "filteredAttributes": attributes}));
        let times =
            json!({"startTimeUnixNano": "1", "timeUnixNano": "2", "attributes": attributes, "flags": 1});
        let point = |more: Value| {
            let mut all = times.clone();
            more.as_object().expect("an object").iter().for_each(|(key, value)| all[key] = value.clone());
            all
        };
        let metrics = json!([
            {"name": "g", "description": "d", "unit": "1", "metadata": attributes,
             "gauge": {"dataPoints": [point(json!({"asDouble": -1.5, "exemplars": [exemplar]}))]}},
            {"name": "s", "sum": {"aggregationTemporality": 2, "isMonotonic": true,
             "dataPoints": [point(json!({"asInt": "-5"})), point(json!({"asInt": 5}))]}},
            {"name": "h", "histogram": {"aggregationTemporality": 1, "dataPoints": [point(json!({"count": "3", "sum": 2,
             "min": 0.5, "max": 1, "bucketCounts": ["1", 2], "explicitBounds": [1], "exemplars": [exemplar]}))]}},
            {"name": "e", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [point(json!({"count": "3",
             "sum": 1.5, "scale": -2, "zeroCount": "1", "zeroThreshold": 0.5,
             "positive": {"offset": -3, "bucketCounts": ["1", "300"]}, "negative": {"offset": 1}}))]}},
            {"name": "q", "summary": {"dataPoints": [point(json!({"count": "3", "sum": 1.5,
             "quantileValues": [{"quantile": 0.5, "value": 2}]}))]}},
        ]);
        let metrics =
            json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]});
        both::<ExportMetricsServiceRequest>(&metrics, &METRICS);
    }

    #[test]
    fn null_is_absent_and_numbers_may_be_strings() {
        let text = json!({"resourceMetrics": [{"resource": null, "scopeMetrics": [{"metrics": [{"name": "g", "sum": null,
            "gauge": {"dataPoints": [{"asDouble": "NaN", "timeUnixNano": 1e3}, {"asDouble": 3}]}}]}]}]});
        let encoded = encode(text.to_string().as_bytes(), &METRICS, MOST).expect("sound");
        let request = ExportMetricsServiceRequest::decode(&encoded[..]).expect("protobuf");
        let metric = &request.resource_metrics[0].scope_metrics[0].metrics[0];
        let Some(opentelemetry_proto::tonic::metrics::v1::metric::Data::Gauge(gauge)) = &metric.data else {
            panic!("{metric:?}");
        };
        assert_eq!(gauge.data_points[0].time_unix_nano, 1_000);
        assert_eq!(request.resource_metrics[0].resource, None);
    }

    #[test]
    fn what_has_another_form_is_refused_with_its_place() {
        for (text, expected) in [
            ("[]", "an object (ExportTraceServiceRequest of OTLP)"),
            ("null", "expected an object"),
            ("{} x", "trailing characters"),
            (r#"{"resourceSpans":3}"#, "expected an array (`resourceSpans` of OTLP)"),
            (r#"{"resourceSpans":[null]}"#, "`resourceSpans` must not contain null"),
            (r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":7}]}]}]}"#, "expected a string as `name`"),
            (
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0g"}]}]}]}"#,
                "hexadecimal digits as `traceId`",
            ),
            (
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0"}]}]}]}"#,
                "hexadecimal digits as `traceId`",
            ),
            (
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":-1}]}]}]}"#,
                "within the range",
            ),
            (r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":1.5}]}]}]}"#, "a whole number"),
        ] {
            match encode(text.as_bytes(), &TRACES, MOST) {
                Err(Refused::Malformed(error)) => {
                    assert!(error.to_string().contains(expected), "{text}: {error}")
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        let many = format!(r#"{{"resourceSpans":[{}{{}}]}}"#, "{},".repeat(1_000));
        assert!(matches!(encode(many.as_bytes(), &TRACES, 1_000), Err(Refused::TooLarge)));
        let deep = format!(
            "{}{}",
            r#"{"resourceSpans":[{"resource":{"attributes":[{"value":"#,
            r#"{"arrayValue":{"values":["#.repeat(100)
        );
        assert!(matches!(encode(deep.as_bytes(), &TRACES, MOST), Err(Refused::Malformed(_))));
    }
}
