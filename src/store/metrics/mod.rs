//! Metrics: the last fifteen minutes of each series, and traces that are examples of what was measured.

pub mod answer;
pub mod point;
pub mod read;
pub mod series;
pub mod shelf;
