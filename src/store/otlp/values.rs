//! Attributes: as JSON, as text, and by name.

use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value,
};
use serde_json::{Map, Number};

/// How deep a value may hold others; what is deeper is left out.
const DEEPEST: usize = 16;

/// A value as JSON: numbers stay numbers, bytes become hexadecimal text.
pub fn json(value: &AnyValue) -> serde_json::Value {
    nested(value, DEEPEST)
}

/// Attributes as a JSON object. Of two with the same key, the later stands.
pub fn object(attributes: &[KeyValue]) -> Map<String, serde_json::Value> {
    members(attributes, DEEPEST)
}

/// A value as a person would type it to look for it.
pub fn text(value: &AnyValue) -> String {
    match json(value) {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other @ (serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_)) => other.to_string(),
    }
}

/// The text of the attribute called `key`; empty where there is none.
pub fn find(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|one| one.key == key);
    found.and_then(|one| one.value.as_ref()).map(text).unwrap_or_default()
}

/// Bytes as lower-case hexadecimal digits: how ids are written.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn nested(value: &AnyValue, depth: usize) -> serde_json::Value {
    match &value.value {
        Some(Value::StringValue(text)) => text.clone().into(),
        Some(Value::BoolValue(truth)) => (*truth).into(),
        Some(Value::IntValue(number)) => (*number).into(),
        Some(Value::DoubleValue(number)) => {
            Number::from_f64(*number).map_or(serde_json::Value::Null, Into::into)
        }
        Some(Value::ArrayValue(ArrayValue { values })) if depth > 0 => {
            values.iter().map(|value| nested(value, depth - 1)).collect()
        }
        Some(Value::KvlistValue(KeyValueList { values })) if depth > 0 => members(values, depth - 1).into(),
        Some(Value::BytesValue(bytes)) => hex(bytes).into(),
        // A reference into a table that only profiles have, or too deep.
        _ => serde_json::Value::Null,
    }
}

fn members(attributes: &[KeyValue], depth: usize) -> Map<String, serde_json::Value> {
    let member = |one: &KeyValue| {
        let value = one.value.as_ref().map_or(serde_json::Value::Null, |value| nested(value, depth));
        (one.key.clone(), value)
    };
    attributes.iter().map(member).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn any(value: Value) -> AnyValue {
        AnyValue { value: Some(value) }
    }

    #[test]
    fn values_keep_their_kind() {
        let list = ArrayValue { values: vec![any(Value::IntValue(1)), any(Value::DoubleValue(0.5))] };
        for (value, expected, looked_for) in [
            (any(Value::StringValue("a".into())), json!("a"), "a"),
            (any(Value::BoolValue(true)), json!(true), "true"),
            (any(Value::IntValue(i64::MAX)), json!(i64::MAX), "9223372036854775807"),
            (any(Value::DoubleValue(f64::NAN)), json!(null), ""),
            (any(Value::BytesValue(vec![0, 255])), json!("00ff"), "00ff"),
            (any(Value::ArrayValue(list)), json!([1, 0.5]), "[1,0.5]"),
            (AnyValue::default(), json!(null), ""),
        ] {
            assert_eq!((super::json(&value), text(&value).as_str()), (expected, looked_for));
        }
    }

    #[test]
    fn what_is_nested_without_end_is_cut_off() {
        let deep = (0..100)
            .fold(AnyValue::default(), |inner, _| any(Value::ArrayValue(ArrayValue { values: vec![inner] })));
        assert_eq!(json(&deep).to_string().matches('[').count(), DEEPEST);
    }
}
