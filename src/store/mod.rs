//! The built-in store: the recent past of all signals, in memory that is bounded, and questions about it. It knows OTLP
//! and plain data; who hands it over, who asks and by which address, it does not know.

pub mod allocation;
pub mod fill;
pub mod graph;
pub mod keep;
pub mod logs;
pub mod metrics;
pub mod otlp;
pub mod profiles;
pub mod traces;
pub mod words;

#[cfg(test)]
mod tests;
