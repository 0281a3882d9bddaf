//! `doorbuster doctor`: do signals arrive? `run` asks and decides, `exits` judges what the lab says of each way out,
//! `components` which of its own parts stand still,
//! `report` is what is shown; `backend` asks a backend something, `prometheus`, `loki` and `tempo` know what, and `told`
//! what the lab itself remembers of a trace.

pub mod backend;
pub mod components;
pub mod exits;
pub mod loki;
pub mod prometheus;
pub mod report;
pub mod run;
pub mod tempo;
pub mod told;
