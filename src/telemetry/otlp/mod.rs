//! What the egress makes of spans, log records and measurements: OTLP requests, one for all services of the process.

pub mod encode;
pub mod measured;
pub mod rule;
pub mod tail;
