//! Real servers, started by the tests that need them. None outlives its test, not even one that panics or is killed.

pub mod chromium;
pub mod lab;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod prometheus;
pub mod redis;
