//! Checkout: makes an order of a cart, once, and keeps the orders.

pub mod api;
pub mod model;
pub mod peers;
pub mod steps;
pub mod store;
#[cfg(test)]
mod tests;
