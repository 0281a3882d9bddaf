//! Everything that is tested from outside, in one binary.

#![allow(clippy::panic, clippy::unwrap_used, reason = "to panic is how a test fails, and a server it needs")]

mod browser;
mod control;
mod dependencies;
mod otlp;
mod servers;
mod shop;
mod signals;
mod tidy;
mod waiting;
