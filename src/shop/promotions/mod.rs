//! Promotions: what a code or a loyalty tier takes off the price of a checkout.

pub mod api;
pub mod model;
pub mod store;
