//! Composition: the command line, and how services, shoppers and signals become one process or many.

pub mod annotations;
pub mod assemble;
pub mod bulletin;
pub mod cli;
mod components;
pub mod control_room;
pub mod follow;
pub mod hosts;
pub mod interrupt;
pub mod keeper;
pub mod listen;
pub mod patience;
pub mod reach;
pub mod remote;
pub mod rules;
pub mod run;
pub mod scenarios;
pub mod settings;
pub mod speak;
pub mod stack;
pub mod stage;
pub mod table;
pub mod token;
pub mod verify;
pub mod ways;
