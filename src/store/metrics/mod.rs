//! Metrics: the last fifteen minutes of each series, and traces that are examples of what was measured.

pub mod answer;
pub mod exemplars;
pub mod point;
pub mod read;
pub mod referred;
pub mod series;
pub mod shelf;
