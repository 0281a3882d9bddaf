//! Composition: the command line, and how services, shoppers and signals become one process or many.

pub mod assemble;
pub mod cli;
pub mod hosts;
pub mod listen;
pub mod reach;
pub mod run;
pub mod scenarios;
pub mod settings;
pub mod table;
