//! Catalog: the products, what they cost, and how often they were sold.

pub mod api;
pub mod model;
pub mod store;
