//! The built-in store from outside: what the lab's own services and strangers send is found again, within bounds.

mod amplified;
mod bounds;
mod checkout;
mod foreign;
mod python;
mod questions;
pub mod sent;
