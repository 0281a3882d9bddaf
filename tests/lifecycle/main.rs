//! How a lab opens, keeps a way in for the presenter, and ends: the binary itself, under what is worst for it. A test
//! binary of its own: cargo runs test binaries one after another, and labs that burn processors or hold thousands of
//! connections would starve the tests beside them.

#![allow(clippy::panic, clippy::unwrap_used, reason = "to panic is how a test fails, and a server it needs")]

mod bound;
mod crowd;
mod descriptors;
mod ends;
mod turn;

#[allow(dead_code, reason = "shared with tests/it, which uses the rest")]
#[path = "../it/browser.rs"]
mod browser;
#[allow(dead_code, reason = "shared with tests/it, which uses the rest")]
#[path = "../it/control"]
mod control {
    pub mod stream;
}
#[allow(dead_code, reason = "shared with tests/it, which uses the rest")]
#[path = "../it/cues"]
mod cues {
    pub mod desk;
}
#[allow(dead_code, reason = "shared with tests/it, which uses the rest")]
#[path = "../matrix/servers.rs"]
mod servers;
#[allow(dead_code, reason = "shared with tests/it, which uses the rest")]
#[path = "../it/waiting.rs"]
mod waiting;
