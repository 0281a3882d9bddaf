//! The storefront in front of the whole shop, in one process and without a port.

mod admission;
mod guests;
mod nonsense;
mod orders;
mod pages;
mod questions;
mod shop;
mod totals;
