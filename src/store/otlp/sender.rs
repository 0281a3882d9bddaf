//! Who sent a signal: a resource, kept once however many spans it sent.

use std::{collections::HashMap, sync::Arc};

use opentelemetry_proto::tonic::{common::v1::KeyValue, resource::v1::Resource};
use prost::Message;

use super::{values, wire::Broken};

/// What a sender without a name is called, by OpenTelemetry's conventions.
const NAMELESS: &str = "unknown_service";
/// The table is looked through for senders of whom nothing is left when it has so many.
const SWEEP_AFTER: usize = 1024;
/// The most bytes a resource may have.
const RESOURCE_BYTES: usize = 16 * 1024;

/// A resource.
#[derive(Debug, PartialEq)]
pub struct Sender {
    pub service: Arc<str>,
    pub version: Arc<str>,
    pub attributes: Vec<KeyValue>,
}

/// All senders of whom something is kept, by their encoded form.
#[derive(Debug, Default)]
pub struct Senders {
    known: HashMap<Box<[u8]>, Arc<Sender>>,
    bytes: usize,
    sweep_at: usize,
}

impl Sender {
    pub fn of(resource: Option<Resource>) -> Self {
        let attributes = resource.map(|resource| resource.attributes).unwrap_or_default();
        let service = values::find(&attributes, "service.name");
        let service = if service.is_empty() { NAMELESS } else { &service };
        let version = values::find(&attributes, "service.version");
        Sender { service: service.into(), version: version.into(), attributes }
    }

    /// Whether the resource says `key` is `value`.
    pub fn says(&self, key: &str, value: &str) -> bool {
        let says =
            |one: &KeyValue| one.key == key && one.value.as_ref().map(values::text).as_deref() == Some(value);
        self.attributes.iter().any(says)
    }
}

impl Senders {
    /// The one copy of an encoded resource.
    pub fn keep(&mut self, resource: &[u8]) -> Result<Arc<Sender>, Broken> {
        if let Some(known) = self.known.get(resource) {
            return Ok(known.clone());
        }
        if resource.len() > RESOURCE_BYTES {
            return Err(Broken);
        }
        if self.known.len() >= self.sweep_at {
            self.sweep();
        }
        let sender = Arc::new(Sender::of(Some(Resource::decode(resource).map_err(|_| Broken)?)));
        self.bytes += weight(resource, &sender);
        self.known.insert(resource.into(), sender.clone());
        Ok(sender)
    }

    /// What the table takes in memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lets go of senders of whom nothing is left.
    pub fn sweep(&mut self) {
        self.known.retain(|_, sender| Arc::strong_count(sender) > 1);
        self.bytes = self.known.iter().map(|(resource, sender)| weight(resource, sender)).sum();
        self.sweep_at = self.known.len() + SWEEP_AFTER;
    }
}

/// Encoded and decoded. Keys and values have allocations of their own, of a few words each beside their text.
fn weight(resource: &[u8], sender: &Sender) -> usize {
    let attributes = sender.attributes.len() * (size_of::<KeyValue>() + 32);
    size_of::<Sender>() + 2 * resource.len() + attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_kept_once_and_a_nameless_one_is_called_as_the_conventions_say() {
        let mut senders = Senders::default();
        let resource = Resource::default().encode_to_vec();
        let one = senders.keep(&resource).expect("a resource");
        assert!(Arc::ptr_eq(&one, &senders.keep(&resource).expect("the same")));
        assert_eq!(&*one.service, NAMELESS);
        let before = senders.bytes();
        let many = Resource { attributes: vec![KeyValue::default(); 1_000], ..Default::default() };
        let _many = senders.keep(&many.encode_to_vec()).expect("a resource");
        assert!(
            senders.bytes() - before > 1_000 * size_of::<KeyValue>(),
            "two bytes each, and counted as decoded"
        );
        assert_eq!(senders.keep(&[0xff]).err(), Some(Broken));
        assert_eq!(senders.keep(&vec![0; RESOURCE_BYTES + 1]).err(), Some(Broken));
    }
}
