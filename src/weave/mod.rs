//! Dresses the seams of a service: everything that is known about a request besides its business is known here.
//!
//! Telemetry stands outside and faults inside, so that a failure that was put there is measured like any other.

pub mod baggage;
pub mod burn;
pub mod cache;
pub mod chores;
mod container;
pub mod database;
pub mod dress;
pub mod effects;
pub mod engine;
pub mod faulty;
pub mod inbound;
pub mod keeper;
pub mod leaks;
pub mod outbound;
pub mod panics;
pub mod refusal;
pub mod sampled;
pub mod spans;
pub mod starved;
pub mod subject;
pub mod visitor;

#[cfg(test)]
mod tests;
