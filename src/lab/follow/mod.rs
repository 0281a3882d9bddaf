//! A service in a process of its own follows the engine's switchboard: `stream` is one connection to it, `wire` what
//! comes over it, `follower` what is made of that, and what is done when nothing comes.

pub mod follower;
pub mod stream;
pub mod wire;
