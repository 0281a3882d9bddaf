//! What the store knows of OTLP: requests as they come over HTTP, spans without unpacking them, values as JSON.

pub mod glance;
pub mod request;
pub mod sender;
pub mod values;
pub mod wire;
