//! Log lines at Loki: what arrives, and what becomes of it when nobody is there.

mod away;
mod lines;
pub mod push;
mod volume;
mod words;
