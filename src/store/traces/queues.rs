//! The order in which traces are evicted: a queue for each priority.

use std::collections::BTreeMap;

use super::{kept::TraceId, priority::Priority};
use crate::store::allocation::in_tree;

/// Where a trace stands in its queue: first by what the priority counts (arrival, rank, time), then by its arrival. The
/// smallest goes first.
pub type Position = (i64, u64);

/// The queues.
#[derive(Debug, Default)]
pub struct Queues([Queue; Priority::ALL.len()]);

#[derive(Debug, Default)]
struct Queue {
    traces: BTreeMap<Position, TraceId>,
    bytes: usize,
}

impl Queues {
    /// A trace of so many bytes joins a queue.
    pub fn join(&mut self, priority: Priority, position: Position, id: TraceId, bytes: usize) {
        let queue = &mut self.0[priority.index()];
        queue.traces.insert(position, id);
        queue.bytes += bytes;
    }

    /// A trace of so many bytes leaves its queue.
    pub fn leave(&mut self, priority: Priority, position: Position, bytes: usize) {
        let queue = &mut self.0[priority.index()];
        if queue.traces.remove(&position).is_some() {
            queue.bytes -= bytes;
        }
    }

    /// A trace takes more or less than it did.
    pub fn resize(&mut self, priority: Priority, before: usize, bytes: usize) {
        let queue = &mut self.0[priority.index()];
        queue.bytes = queue.bytes - before + bytes;
    }

    /// The first trace in a queue.
    pub fn first(&self, priority: Priority) -> Option<(Position, TraceId)> {
        self.0[priority.index()].traces.first_key_value().map(|(position, id)| (*position, *id))
    }

    /// All traces in a queue.
    pub fn all(&self, priority: Priority) -> Vec<TraceId> {
        self.0[priority.index()].traces.values().copied().collect()
    }

    pub fn len(&self, priority: Priority) -> usize {
        self.0[priority.index()].traces.len()
    }

    /// The bytes of all traces of a priority.
    pub fn bytes(&self, priority: Priority) -> usize {
        self.0[priority.index()].bytes
    }

    /// The bytes of all traces, and of the queues themselves.
    pub fn all_bytes(&self) -> usize {
        const ENTRY_BYTES: usize = in_tree(size_of::<(Position, TraceId)>());
        self.0.iter().map(|queue| queue.bytes + queue.traces.len() * ENTRY_BYTES).sum()
    }

    /// The trace to evict next from a room of `limit_bytes`: the first of the lowest priority that takes more than its share. When
    /// none does, something else takes the room, and the lowest has to make way.
    pub fn next_to_go(&self, limit_bytes: usize) -> Option<(Priority, TraceId)> {
        let is_over = |one: &Priority| self.bytes(*one) > one.share(limit_bytes);
        let waiting = || Priority::ALL.into_iter().filter(|one| self.len(*one) > 0);
        let priority = waiting().find(is_over).or_else(|| waiting().next())?;
        self.first(priority).map(|(_, id)| (priority, id))
    }
}
