//! What the store knows of OTLP: requests as they come over HTTP, spans without unpacking them, values as JSON.

pub mod check;
pub mod glance;
pub mod json;
pub mod output;
pub mod request;
pub mod scalar;
pub mod schema;
pub mod sender;
pub mod values;
pub mod wire;
