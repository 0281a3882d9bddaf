//! Cart: what a customer is about to buy, kept in the cache, and in memory for as long as the cache is away.

pub mod api;
pub mod book;
pub mod model;
pub mod peers;
pub mod store;
#[cfg(test)]
mod tests;
