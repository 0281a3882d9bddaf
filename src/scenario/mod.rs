//! Scenarios: from a file (`spec`) over time (`timeline`, `ramp`) to the switchboard and the shoppers (`engine`).

pub mod control;
pub mod spec;
