//! Who calls whom, how often, how fast and with how many failures: counted while spans come in, for fifteen minutes.

pub mod answer;
pub mod latency;
pub mod slots;
