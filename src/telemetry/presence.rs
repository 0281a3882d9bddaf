//! Whether a service is there at all, and as which version: what every signal of it has in common besides its name.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};

use super::names::resource;

/// The version that a signal says it was made by; `None` is the binary's own.
pub type Version = Option<Arc<str>>;

/// One service's presence. Shared by its scope and by whoever takes its signals.
#[derive(Debug, Default)]
pub struct Presence {
    silent: AtomicBool,
    version: RwLock<Version>,
}

impl Presence {
    /// From now on nothing is heard of the service, until it is said to be back.
    pub fn mute(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }

    pub fn is_mute(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// From now on signals are of `version`.
    pub fn release(&self, version: Version) {
        *self.version.write().unwrap_or_else(PoisonError::into_inner) = version;
    }

    pub fn version(&self) -> Version {
        self.version.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Writes `version` over the one among a resource's attributes.
pub fn stamp(attributes: &mut [KeyValue], version: &str) {
    let of_version = attributes.iter_mut().filter(|one| one.key == resource::VERSION);
    let value = || Some(AnyValue { value: Some(Value::StringValue(version.to_owned())) });
    of_version.for_each(|one| one.value = value());
}
