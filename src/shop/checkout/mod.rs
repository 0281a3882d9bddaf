//! Checkout: makes an order of a cart, once, and keeps the orders.

pub mod api;
pub mod intents;
pub mod model;
pub mod paying;
pub mod peers;
pub mod refunds;
pub mod steps;
pub mod store;
#[cfg(test)]
mod tests;
