//! The control address: what a presenter, a scrape and a script talk to. It watches the shop and never stands in its
//! way: it runs on a thread of its own. `api` is the router; the files beside it bear the nouns of its addresses. What
//! is asked of the engine goes through its one handle (`scenario::control`).

pub mod alerts;
pub mod answers;
pub mod api;
pub mod asset;
pub mod body;
pub mod checks;
pub mod desk;
pub mod events;
pub mod exercises;
pub mod faults;
pub mod followers;
pub mod graph;
pub mod guard;
pub mod history;
pub mod intake;
pub mod ledger;
mod linger;
pub mod logs;
pub mod modes;
pub mod objectives;
pub mod openapi;
pub mod otlp;
pub mod page;
mod page_files;
pub mod pages;
pub mod places;
pub mod profiles;
pub mod receivers;
pub mod runbooks;
pub mod scenarios;
pub mod series;
pub mod state;
pub mod store;
pub mod switchboard;
pub mod traces;
pub mod traffic;
pub mod verify;
pub mod vitals;
pub mod wanted;
