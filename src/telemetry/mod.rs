//! Signals: every name is declared here, every span, log line and measurement leaves through here.
//!
//! A service has a [`scope::Scope`]: its tracer and its instruments, under its own `service.name`. Spans are made with the
//! OpenTelemetry API itself, not through `tracing` spans: the bridge costs three times as much a span. Log lines
//! are `tracing` events; one global subscriber writes them as JSON and routes them to the service they belong to.
//! Telemetry knows the words of the kernel and nothing of the business or of faults.

pub mod account;
pub mod config;
pub mod destination;
pub mod egress;
pub mod exemplars;
pub mod exporter;
pub mod exposition;
pub mod facts;
pub mod guest;
pub mod histogram;
pub mod ids;
pub mod init;
pub mod instruments;
pub mod json;
pub mod line;
pub mod logs;
pub mod loki;
pub mod names;
pub mod otlp;
pub mod percent;
pub mod presence;
pub mod process;
pub mod profile;
pub mod resource;
pub mod routing;
pub mod scope;
pub mod siblings;
pub mod stdout;
pub mod variables;
