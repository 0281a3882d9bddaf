//! Traces: their spans as they came, found by what was noted of them on the way in, unpacked only to be shown.

pub mod index;
pub mod kept;
pub mod priority;
pub mod queues;
pub mod search;
pub mod shelf;
mod shelved;
pub mod trace;
pub mod tree;
pub mod usual;

#[cfg(test)]
mod tests;
