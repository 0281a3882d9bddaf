//! Who sends a signal, by the conventions for resources.

use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::{Resource, resource::EnvResourceDetector};

use super::names::resource;
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
        .with_detector(Box::new(EnvResourceDetector::new()))
        .with_attribute(KeyValue::new("service.name", name))
        .build()
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
