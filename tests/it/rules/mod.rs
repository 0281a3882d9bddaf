//! Alert rules, objectives and routes as files: what promtool and amtool say of them, and whether all that they name
//! is there.

mod checking;
pub mod files;
mod fresh;
mod golden;
mod metrics;
mod objectives;
mod paces;
mod pages;
mod promtool;
mod refused;
mod rendering;
mod routes;
mod routing;
mod series;
pub mod tool;
