//! doorbuster: a shop that breaks on cue. `ARCHITECTURE.md` is the map.

pub mod chaos;
pub mod console;
pub mod kernel;
pub mod lab;
pub mod load;
pub mod rules;
pub mod scenario;
pub mod shop;
pub mod stack;
pub mod store;
pub mod telemetry;
pub mod verify;
pub mod weave;
