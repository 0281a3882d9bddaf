//! The command line's clients of a running lab: `flags` is what they take, `lab` how they ask, `run` where they begin
//! and end, the others what each of them asks and shows.

pub mod alerts;
pub mod doctor;
pub mod fault;
pub mod flags;
pub mod lab;
pub mod ready;
pub mod run;
pub mod scenario;
pub mod state;
