//! Profiles: where processor time went in the last fifteen minutes, by service and route.

pub mod flame;
pub mod pprof;
pub mod shelf;
pub mod stacks;
pub mod tree;

#[cfg(test)]
mod tests;
