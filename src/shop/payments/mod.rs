//! Payments: charges an order through the provider, once, and says how it went.

pub mod api;
pub mod model;
pub mod peers;
