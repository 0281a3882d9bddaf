//! Alert rules, objectives and routes, at a pace. `pace` says how fast the clock of a rule runs.

pub mod bundle;
pub mod file;
pub mod flaw;
pub mod pace;
pub mod routing;
