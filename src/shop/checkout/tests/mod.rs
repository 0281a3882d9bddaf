//! Checkouts in front of all their peers: the real ones where they keep something, stubs elsewhere.

mod failures;
mod orders;
mod peers;
mod repeats;
mod shop;
