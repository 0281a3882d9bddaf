//! Where processor time goes, by service and route: sampled stacks.

pub mod samples;
