//! Scenarios: from a file (`spec`) over time (`timeline`, `ramp`, `show`) to the switchboard and the shoppers
//! (`engine`), which is asked through `control`.

pub mod control;
pub mod engine;
pub mod journal;
pub mod library;
pub mod ramp;
pub mod show;
pub mod spec;
pub mod timeline;

#[cfg(test)]
mod tests;
