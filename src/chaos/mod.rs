//! What can be broken, where, and how often: the vocabulary of faults (`fault`, `target`, `units`, `check`), the pure
//! verdict on a crossing (`crossing`, `dice`, `decide`, `action`), how faults reach the seams (`setting`, `switchboard`,
//! `board`, `panel`, `live`, `counts`), and who did what (`ledger`). What a verdict does to a request is not known here:
//! that is woven in.

pub mod action;
pub mod board;
pub mod check;
pub mod counts;
pub mod crossing;
pub mod decide;
pub mod dice;
pub mod fault;
pub mod ledger;
mod ledger_file;
pub mod live;
pub mod panel;
pub mod setting;
pub mod switchboard;
pub mod target;
pub mod units;
