//! Checkouts in front of all their peers: the real ones, but for those whose answers only have to add up.

mod failures;
mod orders;
mod peers;
mod refunds;
mod repeats;
mod shop;
