//! Scenarios: from a file (`yaml`, `tree`, `fit`, `parse`, `check` to `spec`, or `wrong`; `library`, `schema`) over time
//! (`timeline`, `ramp`, `show`; `incident` where it lasts) to the switchboard and the shoppers (`engine`), which is asked
//! through `control` and writes down what changes (`journal`).

pub mod check;
pub mod control;
pub mod engine;
mod expect;
mod fit;
mod flaws;
pub mod incident;
pub mod journal;
pub mod library;
pub mod lint;
mod mismatch;
pub mod parse;
pub mod ramp;
pub mod schema;
pub mod show;
pub mod spec;
mod swing;
pub mod timeline;
mod tree;
pub mod write;
pub mod wrong;
mod yaml;

#[cfg(test)]
mod tests;
