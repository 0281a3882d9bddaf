//! Expectation against observation: what a scenario promises (`plan`), what was seen of it (`timeline`), what that means
//! (`judge` over `evidence`, `finding`, with `bound` for what the servers' timing allows), and how it is told (`report`, `junit`).
//! The outside is asked over HTTP alone (`kernel::outside`): `observe` looks, and reads along in Alertmanager's
//! `recorder` where it has one, `run` plays a scenario, `ready` knows when to begin.

pub mod bound;
mod evidence;
pub mod finding;
pub mod judge;
pub mod junit;
pub mod observe;
pub mod page;
pub mod plan;
pub mod ready;
mod recorder;
pub mod report;
pub mod run;
pub mod strangers;
pub mod timeline;
pub mod wire;
