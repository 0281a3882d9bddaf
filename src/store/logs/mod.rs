//! Log lines: JSON objects of one shape, whoever spoke them, in the order they came.

pub mod line;
pub mod record;
pub mod ring;
