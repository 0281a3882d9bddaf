//! Who sends a signal, by the conventions for resources.

use opentelemetry::KeyValue;
use opentelemetry_sdk::{Resource, resource::EnvResourceDetector};

use super::names::resource;
use crate::kernel::{id, service::Service};

/// The resource of `service`. `OTEL_RESOURCE_ATTRIBUTES` may add to it and override all but the name.
pub fn of(service: Service, name: Option<&str>) -> Resource {
    let name = name.unwrap_or(service.name()).to_owned();
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.namespace", resource::NAMESPACE),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", format!("{name}-{}", &id::fresh()[..8])),
            KeyValue::new("deployment.environment.name", resource::ENVIRONMENT),
        ])
        .with_detector(Box::new(EnvResourceDetector::new()))
        .with_attribute(KeyValue::new("service.name", name))
        .build()
}
