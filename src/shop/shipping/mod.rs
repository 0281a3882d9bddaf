//! Shipping: what it costs to send an order, and how long it takes.

pub mod api;
pub mod model;
