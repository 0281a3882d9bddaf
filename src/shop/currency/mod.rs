//! Currency: converts amounts by a fixed table.

pub mod model;
