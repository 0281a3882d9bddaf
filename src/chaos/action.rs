//! What a fault means for one crossing, with all numbers drawn.

use std::{fmt, time::Duration};

use super::units::{Size, Span};

/// What is to be done to a crossing that was struck.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Wait, then go on.
    Wait(Duration),
    /// Answer with this status, without the handler.
    Answer { status: u16, retry_after: Option<Duration> },
    /// Do not answer until the fault is cleared.
    Hang,
    /// Spend this long inside the database engine.
    SlowQuery(Duration),
    /// Lock `table` in the query's transaction and keep the lock.
    HoldLock { table: String, keep: Duration },
    /// Use this much processor time.
    BurnCpu(Duration),
    /// Keep so many bytes until the fault is cleared, `cap` of them at most.
    Leak { bytes: u64, cap: u64 },
    /// The cache does not answer.
    CacheOutage,
    /// Do not send the trace's context.
    LoseContext,
    /// Find the connections it needed held.
    Starve,
}

/// As the ledger says it.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Wait(how_long) => write!(f, "delay {}", Span(*how_long)),
            Action::Answer { status, .. } => write!(f, "fail {status}"),
            Action::Hang => f.write_str("hang"),
            Action::SlowQuery(extra) => write!(f, "slow_query {}", Span(*extra)),
            Action::HoldLock { table, keep } => write!(f, "hold_lock {table} {}", Span(*keep)),
            Action::BurnCpu(budget) => write!(f, "burn_cpu {}", Span(*budget)),
            Action::Leak { bytes, .. } => write!(f, "leak_memory {}", Size(*bytes)),
            Action::CacheOutage => f.write_str("cache_outage"),
            Action::LoseContext => f.write_str("lose_context"),
            Action::Starve => f.write_str("hold_connections"),
        }
    }
}
