//! Traces: their spans as they came, found by what was noted of them on the way in, unpacked only to be shown.

pub mod search;
pub mod shelf;
pub mod trace;
pub mod tree;

#[cfg(test)]
mod tests;
