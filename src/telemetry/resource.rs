//! Who sends a signal, by the conventions for resources.

use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::{
    Resource,
    resource::{EnvResourceDetector, ResourceDetector},
};

use super::{names::resource, percent};
use crate::kernel::{id, service::Service};

/// The resource of `service`. `OTEL_RESOURCE_ATTRIBUTES` may add to it and override all but the name.
pub fn of(service: Service, name: Option<&str>) -> Resource {
    let name = name.unwrap_or(service.name()).to_owned();
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.namespace", resource::NAMESPACE),
            KeyValue::new(resource::VERSION, env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", format!("{name}-{}", &id::fresh()[..8])),
            KeyValue::new("deployment.environment.name", resource::ENVIRONMENT),
        ])
        .with_attributes(given(&EnvResourceDetector::new().detect()))
        .with_attribute(KeyValue::new("service.name", name))
        .build()
}

/// What `OTEL_RESOURCE_ATTRIBUTES` says. Values are percent-encoded there, which the SDK's detector leaves as it is; a
/// `%` that begins nothing stays.
fn given(detected: &Resource) -> Vec<KeyValue> {
    let plain = |text: &str| percent::decode(text).and_then(|bytes| String::from_utf8(bytes).ok());
    detected
        .iter()
        .map(|(key, value)| match plain(&value.as_str()) {
            Some(text) => KeyValue::new(key.clone(), text),
            None => KeyValue::new(key.clone(), value.clone()),
        })
        .collect()
}

/// What a sender is called.
pub fn name(sender: &Resource, service: Service) -> String {
    let name = sender.get(&Key::from_static_str("service.name"));
    name.map_or_else(|| service.name().to_owned(), |name| name.as_str().into_owned())
}

/// The same sender as another version.
pub fn released(sender: &Resource, version: &str) -> Resource {
    let same = sender.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty()
        .with_attributes(same)
        .with_attribute(KeyValue::new(resource::VERSION, version.to_owned()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_decoded_unless_it_is_not_encoded() {
        let pairs = [("team", "a%20b%2Cc"), ("share", "100%"), ("plain", "as it is")];
        let pairs = pairs.map(|(key, value)| KeyValue::new(key, value));
        let detected = Resource::builder_empty().with_attributes(pairs).build();
        let mut given: Vec<String> = given(&detected).iter().map(|pair| pair.value.to_string()).collect();
        given.sort();
        assert_eq!(given, ["100%", "a b,c", "as it is"]);
    }
}
