//! The show from outside: what a presenter asks the control address for, and what the shop then does.

mod calm;
pub mod desk;
mod ledger;
mod modes;
mod remote;
mod replay;
mod shelf;
