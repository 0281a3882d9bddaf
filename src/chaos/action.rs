//! What a fault means for one crossing, with all numbers drawn.

use std::time::Duration;

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
}
