//! A trace on the shelf: what is known of it and what refers to it, and the priority that follows from that.

use super::{priority::Priority, queues::Position, trace::Trace};
use crate::store::allocation::allocated;

/// A trace is fresh for so long after its newest span: the spans of other services, and the exemplars that lead to it, come
/// with the next exports.
pub(super) const FRESH_MS: i64 = 8_000;

/// A trace, and why it is kept.
#[derive(Debug)]
pub(super) struct Shelved {
    pub(super) trace: Trace,
    pub(super) bytes: usize,
    pub(super) priority: Priority,
    pub(super) position: Position,
    /// Its number among all that have come.
    pub(super) arrival: u64,
    pub(super) newest_span_ms: i64,
    pub(super) cited_until_ms: i64,
    /// The round that marked it as an exemplar's trace, and its rank there.
    pub(super) exemplar: (u64, i64),
    pub(super) is_pinned: bool,
    pub(super) is_slow: bool,
    pub(super) is_judged: bool,
    /// There was no room to wait until it is complete.
    pub(super) is_released: bool,
}

impl Shelved {
    pub(super) fn new(trace: Trace, arrival: u64, now_ms: i64) -> Self {
        Shelved {
            trace,
            bytes: 0,
            priority: Priority::Fresh,
            position: (now_ms, arrival),
            arrival,
            newest_span_ms: now_ms,
            cited_until_ms: 0,
            exemplar: (0, 0),
            is_pinned: false,
            is_slow: false,
            is_judged: false,
            is_released: false,
        }
    }

    /// Its priority, and its place among those that have the same.
    pub(super) fn standing(&self, round: u64, now_ms: i64) -> (Priority, Position) {
        let (priority, order) = if self.is_pinned {
            (Priority::Pinned, 0)
        } else if self.is_fresh(now_ms) {
            (Priority::Fresh, self.newest_span_ms)
        } else if self.cited_until_ms > now_ms {
            (Priority::Cited, self.cited_until_ms)
        } else if self.exemplar.0 == round && round > 0 {
            (Priority::Exemplar, self.exemplar.1)
        } else if self.trace.errors > 0 || self.is_slow {
            (Priority::Notable, 0)
        } else {
            (Priority::Ordinary, 0)
        };
        (priority, (order, self.arrival))
    }

    pub(super) fn is_fresh(&self, now_ms: i64) -> bool {
        !self.is_released && self.newest_span_ms + FRESH_MS > now_ms
    }

    /// Finds out what it takes in memory now, and says what that was before.
    pub(super) fn reweigh(&mut self) -> usize {
        let bytes = self.trace.bytes() + allocated(size_of::<Self>()) - size_of::<Trace>();
        std::mem::replace(&mut self.bytes, bytes)
    }
}
