//! The control address: what a presenter, a scrape and a script talk to. It watches the shop and never stands in its
//! way: it runs on a thread of its own.

pub mod api;
pub mod guard;
