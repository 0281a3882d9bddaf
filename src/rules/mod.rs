//! Alert rules, objectives and routes at a pace: read (`tree`, `flaw`, `span`, `promql`, `file`, `slo`, `windows`,
//! `routing`), made to fit a pace (`pace`, `burn`, `render`), looked at with a critic's eye (`check`), and the bundled
//! ones (`bundle`). Nothing here runs, asks or waits.

pub mod flaw;
pub mod pace;
pub mod span;
