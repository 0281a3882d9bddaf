//! Alert rules, objectives and routes, at a pace. `pace` says how fast the clock of a rule runs.

pub mod pace;
