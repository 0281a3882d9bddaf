//! The JSON Schema of a scenario's file, made from the types that read it, so that an editor completes and checks while
//! somebody writes. What it cannot say (order of phases, places of one service) is said when the file is read.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

use super::spec::Spec;
use crate::{
    kernel::{
        country::Country,
        origin::{PaymentMethod, Tier},
        places,
        service::Service,
    },
    load::journey::Journey,
};

/// The schema, as text for a file.
pub fn text() -> String {
    // The alternate form of a JSON value is indented.
    format!("{:#}\n", schema())
}

/// The schema, by draft 2020-12.
pub fn schema() -> Value {
    let mut parts: Vec<(String, RefOr<utoipa::openapi::Schema>)> = Vec::new();
    Spec::schemas(&mut parts);
    let mut definitions = Map::new();
    for (name, part) in parts {
        definitions.insert(name, written(&part));
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A doorbuster scenario",
    });
    merge(&mut schema, written(&Spec::schema()));
    schema["$defs"] = Value::Object(definitions);
    refer(&mut schema);
    close(&mut schema);
    name_words(&mut schema);
    schema
}

fn written(part: &RefOr<utoipa::openapi::Schema>) -> Value {
    // Plain data of ours: there is nothing in it that could not be written.
    serde_json::to_value(part).unwrap_or_default()
}

fn merge(schema: &mut Value, more: Value) {
    if let (Value::Object(schema), Value::Object(more)) = (schema, more) {
        schema.extend(more);
    }
}

/// Points to the parts where they are in a schema; in a description of an API they are elsewhere.
fn refer(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref") {
                *target = target.replace("#/components/schemas/", "#/$defs/");
            }
            fields.values_mut().for_each(refer);
        }
        Value::Array(values) => values.iter_mut().for_each(refer),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is not named is refused, also in what an enum's words hold; what is nothing by default need not be said.
fn close(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            if fields.get("default").is_some_and(Value::is_null) {
                fields.remove("default");
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Adds the words that types of text stand for: routes, queries, tables, and keys of maps.
fn name_words(schema: &mut Value) {
    let services = || Service::ALL.into_iter().filter(|service| *service != Service::Lab);
    let all = |of: fn(places::Places) -> &'static [&'static str]| -> Value {
        json!(services().flat_map(|one| of(places::of(one))).copied().collect::<BTreeSet<_>>())
    };
    let names = json!(services().map(Service::name).collect::<Vec<_>>());
    let queries: BTreeSet<_> = services()
        .map(places::of)
        .flat_map(|places| places.queries.iter().chain(places.passages))
        .copied()
        .collect();
    let words = [
        ("/$defs/Target/properties/route", or_null(all(|places| places.routes))),
        ("/$defs/Target/properties/query", or_null(json!(queries))),
        ("/$defs/HoldLock/properties/table", all(|places| places.tables)),
        ("/$defs/Service", names.clone()),
    ];
    for (pointer, words) in words {
        if let Some(part) = schema.pointer_mut(pointer) {
            part["enum"] = words;
        }
    }
    if let Some(service) = schema.pointer_mut("/$defs/Service") {
        service["description"] = json!("A service of the shop, or a third party.");
    }
    let keys = [
        ("/$defs/LoadSpec/properties/countries", json!(Country::ALL.map(Country::code))),
        ("/$defs/LoadSpec/properties/journeys", json!(Journey::ALL.map(Journey::name))),
        ("/$defs/LoadSpec/properties/payment_methods", json!(PaymentMethod::ALL.map(PaymentMethod::name))),
        ("/$defs/LoadSpec/properties/tiers", json!(Tier::ALL.map(Tier::name))),
        ("/$defs/Phase/properties/releases", names),
    ];
    for (pointer, words) in keys {
        if let Some(part) = schema.pointer_mut(pointer) {
            part["propertyNames"] = json!({ "enum": words });
        }
    }
    for name in ["countries", "journeys", "payment_methods", "tiers"] {
        let pointer = format!("/$defs/LoadSpec/properties/{name}/additionalProperties");
        if let Some(part) = schema.pointer_mut(&pointer) {
            part["minimum"] = json!(0);
        }
    }
    if let Some(part) = schema.pointer_mut("/$defs/Fail/properties/status") {
        part["propertyNames"] = json!({ "pattern": "^[45][0-9]{2}$" });
        part["additionalProperties"]["exclusiveMinimum"] = json!(0);
        part["minProperties"] = json!(1);
    }
}

/// What may be left out may also be said to be nothing.
fn or_null(words: Value) -> Value {
    match words {
        Value::Array(mut words) => {
            words.push(Value::Null);
            Value::Array(words)
        }
        words @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            words
        }
    }
}
