//! The shop from outside: what customers get, with real databases and a real cache, and what they do not get.

mod bad_input;
mod carts;
mod crash;
mod database;
mod orders;
mod pages;
pub mod split;
