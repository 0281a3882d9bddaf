//! The failure matrix: each destination fails in each way while the shop is under load, and nothing is hurt but the
//! destination's own signals. A binary of its own: cargo runs test binaries one after another, and who measures
//! latencies wants the machine to itself. It needs two processors: one for the lab, one for everything else.
//!
//! The figures are shown by `cargo test --test matrix -- --nocapture`.

#![allow(clippy::panic, clippy::unwrap_used, reason = "to panic is how a test fails, and a server it needs")]
#![allow(clippy::print_stdout, reason = "figures are shown to whoever asks for them")]

mod away;
mod backend;
mod cells;
mod load;
mod push;
mod scene;
mod turn;

#[allow(dead_code, reason = "shared with tests/it, which uses the rest")]
#[path = "../it/browser.rs"]
mod browser;
#[allow(dead_code, reason = "shared with tests/it, which uses the rest")]
mod servers;
#[allow(dead_code, reason = "shared with tests/it, which uses the rest")]
#[path = "../it/waiting.rs"]
mod waiting;
