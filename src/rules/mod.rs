//! Alert rules, objectives and routes at a pace: read (`tree`, `flaw`, `span`, `promql`, `file`, `slo`, `windows`,
//! `routing`), made to fit a pace (`pace`, `burn`, `render`), looked at with a critic's eye (`check`), and the bundled
//! ones (`bundle`). Nothing here runs, asks or waits.

mod breaking;
pub mod bundle;
pub mod burn;
pub mod check;
mod fields;
pub mod file;
pub mod flaw;
mod layout;
pub mod matcher;
pub mod pace;
mod parts;
pub mod promql;
pub mod render;
pub mod routing;
pub mod slo;
pub mod span;
pub mod threshold;
pub mod tree;
pub mod windows;
mod write;
