//! Recommendation: what else somebody who looks at a product may like, by rule.

pub mod api;
pub mod model;
pub mod peers;
