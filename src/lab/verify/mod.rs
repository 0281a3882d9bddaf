//! `doorbuster verify`: `flags` is what it takes, `wanted` which scenarios, `child` the lab it starts for them, `run`
//! plays and judges one after another.

pub mod child;
pub mod flags;
pub mod run;
pub mod wanted;
