//! A backend for signals, as far as a test needs one: receives OTLP over HTTP and says what came.

pub mod receiver;
pub mod signals;
