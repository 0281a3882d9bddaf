//! What comes in: a metric without its points, who sent it, and the labels of a point, within their bounds.

use opentelemetry_proto::tonic::{common::v1::KeyValue, resource::v1::Resource};

use super::{
    read::Kind,
    refusal::{LABEL_BYTES, Refusal},
};
use crate::store::otlp::{sender::Sender, values};

/// A metric without its points.
pub struct Header<'a> {
    pub name: &'a str,
    pub unit: &'a str,
    pub help: &'a str,
    pub kind: Kind,
}

/// Who sent the points, and when they came.
pub struct Source {
    pub service: String,
    pub instance: String,
    pub is_own: bool,
    pub now_ms: i64,
}

/// The names and values of a series' labels, by name.
pub type Labels<'a> = Vec<(&'a str, String)>;

impl Source {
    pub fn of(resource: Option<Resource>, is_own: bool, now_ms: i64) -> Self {
        let sender = Sender::of(resource);
        let instance = values::find(&sender.attributes, "service.instance.id");
        Source { service: sender.service.to_string(), instance, is_own, now_ms }
    }
}

impl Header<'_> {
    /// Whether a metric may be called and described so.
    pub fn check(&self) -> Result<(), Refusal> {
        let is_short = self.name.len() + self.help.len() + self.unit.len() <= LABEL_BYTES;
        if is_short && !self.name.is_empty() { Ok(()) } else { Err(Refusal::Name) }
    }
}

/// The labels that `attributes` make.
pub fn labels(attributes: &[KeyValue]) -> Result<Labels<'_>, Refusal> {
    let mut labels = Vec::with_capacity(attributes.len());
    let mut bytes = 0;
    for one in attributes {
        let value = one.value.as_ref().map(values::text).unwrap_or_default();
        bytes += one.key.len() + value.len();
        if bytes > LABEL_BYTES {
            return Err(Refusal::Labels);
        }
        labels.push((one.key.as_str(), value));
    }
    labels.sort_unstable();
    Ok(labels)
}
