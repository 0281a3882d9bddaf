//! Alert rules, objectives and routes as files: what promtool and amtool say of them, and whether all that they name
//! is there.

mod files;
mod metrics;
mod objectives;
mod paces;
mod pages;
mod promtool;
mod routes;
mod tool;
