//! Scenarios: from a file (`tree`, `yaml`, `fit`, `parse`, `check`, `wrong` to `spec`; `library`, `schema`) over time
//! (`timeline`, `ramp`) to the switchboard and the shoppers (`engine`).

pub mod check;
pub mod control;
mod expect;
mod fit;
mod flaws;
pub mod library;
pub mod lint;
pub mod parse;
pub mod schema;
pub mod spec;
mod swing;
mod tree;
pub mod wrong;
mod yaml;
