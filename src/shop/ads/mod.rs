//! Ads: which advertisement stands beside which category, and how often each was clicked.

pub mod api;
pub mod model;
