//! Currency: converts amounts by a fixed table.

pub mod api;
pub mod model;
