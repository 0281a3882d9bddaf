//! `doorbuster doctor`: what it says of destinations that are fine, away or unwilling, and of backends that have what
//! was sent, or have not.

pub mod asking;
mod backends;
mod busy;
mod exits;
mod prometheus;
mod standin;
