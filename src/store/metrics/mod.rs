//! Metrics: the last fifteen minutes of each series, and traces that are examples of what was measured.

pub mod answer;
pub mod encoded;
pub mod incoming;
pub mod point;
pub mod read;
pub mod refusal;
pub mod series;
pub mod shares;
pub mod shelf;

#[cfg(test)]
mod tests;
