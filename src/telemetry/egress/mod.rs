//! The one way out of the process: a thread of its own, and for each signal and destination an outbox that is bounded,
//! patient and counted.

pub mod answer;
pub mod chosen;
pub mod count;
pub mod door;
pub mod exits;
pub mod onlooker;
pub mod outbox;
pub mod progress;
pub mod queue;
pub mod relay;
pub mod relayed;
pub mod run;
pub mod watch;

#[cfg(test)]
mod tests;
