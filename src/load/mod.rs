//! Shoppers: who comes when, what they do, and how it went. They know the shop over HTTP alone.
//!
//! Who comes and what they do is pure and follows from a seed: `mix` (the proportions), `schedule` (when), `visit` and
//! `journey` (what). `pacer` is the clock they keep, `run` lets them in, `play` takes their steps, `tally` says how it
//! went, with `curve` for how long it took of late.

pub mod curve;
pub mod dice;
pub mod journey;
pub mod mix;
pub mod pacer;
pub mod play;
pub mod rate;
pub mod run;
pub mod schedule;
pub mod tally;
pub mod visit;
pub mod weights;

#[cfg(test)]
mod tests;
