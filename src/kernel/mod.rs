//! Words and seams of a service: what every layer above may speak of.
//!
//! The words are the nouns of a shop (`money`, `country`, `id`, `origin`, `fact`), the two ways a handler can end
//! (`reply`, `error`), and what a service touches (`client`, `db`, `cache`, `chore`). The kernel knows neither what is
//! measured nor what is broken on purpose: both are woven in at the seams by layers above it.

pub mod ask;
pub mod cache;
pub mod chore;
pub mod client;
pub mod clock;
pub mod connections;
pub mod country;
pub mod db;
pub mod db_error;
pub mod discreet;
pub mod error;
pub mod extract;
pub mod fact;
pub mod health;
pub mod heartbeat;
pub mod https;
pub mod id;
pub mod kind;
pub mod lock;
pub mod migrate;
pub mod money;
pub mod nearest;
pub mod origin;
pub mod outside;
pub mod peers;
pub mod places;
pub mod pool;
pub mod probe;
pub mod problem;
pub mod reply;
pub mod service;
pub mod snippet;
pub mod sockets;
pub mod strangers;
#[cfg(test)]
mod tests;
pub mod text_file;
pub mod transport;
