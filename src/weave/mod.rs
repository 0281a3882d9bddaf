//! Dresses the seams of a service: everything that is known about a request besides its business is known here.
//!
//! Telemetry stands outside and faults (when they come) inside, so that a failure that was put there is measured like
//! any other.

pub mod baggage;
pub mod cache;
pub mod chores;
pub mod database;
pub mod dress;
pub mod inbound;
pub mod outbound;
pub mod panics;
pub mod spans;
