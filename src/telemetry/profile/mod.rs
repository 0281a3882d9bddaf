//! Where processor time goes, by service and route: sampled stacks.
//!
//! The sampler keeps the name of the thread with each stack. Services have threads of their own, and while one works for
//! a request its thread bears the route's code (`threads`, `routes`), so one profile of the process falls apart into one
//! per service and route. The sampler is `pyroscope_pprofrs`, the agents that send are `pyroscope`'s; they do not fit
//! one another, and `hub` and `agents` stand between.

pub mod agents;
pub mod harvest;
pub mod hub;
pub mod pushed;
pub mod routes;
pub mod samples;
pub mod stacks;
pub mod threads;
