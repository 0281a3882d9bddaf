//! Scenarios: from a file (`yaml`, `tree`, `fit`, `parse`, `check` to `spec`, or `wrong`; `library`, `schema`) over time
//! (`timeline`, `ramp`) to the switchboard and the shoppers (`engine`).

pub mod check;
pub mod control;
mod expect;
mod fit;
mod flaws;
pub mod library;
pub mod lint;
mod mismatch;
pub mod parse;
pub mod schema;
pub mod spec;
mod swing;
mod tree;
pub mod wrong;
mod yaml;
