//! How long traces usually take, by what they begin with: the same second is slow for a page and quick for a nightly job.

use std::collections::HashMap;

use super::trace::{Head, Trace};
use crate::store::allocation::table;

/// A trace that takes so long is slow, whatever is usual.
const SLOW_NS: u64 = 3_000_000_000;
/// So many times the usual duration is slow.
const FACTOR: f64 = 3.0;
/// A trace that takes less is not slow, whatever is usual.
const UNNOTICED_NS: u64 = 50_000_000;
/// What is usual is known after so many traces, and is the mean of about so many of the newest.
const KNOWN_AFTER: u32 = 20;
const MEMORY: f64 = 64.0;
/// Beginnings of which the usual is known; those beyond are judged by [`SLOW_NS`] alone.
const MOST_HEADS: usize = 1_024;

/// The usual duration of each kind of trace.
#[derive(Debug, Default)]
pub struct Usual(HashMap<u64, Mean>);

#[derive(Debug, Default)]
struct Mean {
    count: u32,
    nanos: f64,
}

impl Usual {
    /// Whether `trace` takes long for its kind; from then on it counts among what is usual, unless it failed.
    pub fn judge(&mut self, trace: &Trace) -> bool {
        let nanos = trace.duration_ns();
        let key = key(&trace.head);
        let has_room = self.0.len() < MOST_HEADS;
        let known = if has_room { Some(self.0.entry(key).or_default()) } else { self.0.get_mut(&key) };
        let Some(mean) = known else { return nanos >= SLOW_NS };
        let is_unusual = mean.count >= KNOWN_AFTER && nanos as f64 >= FACTOR * mean.nanos;
        if trace.errors == 0 {
            mean.add(nanos as f64);
        }
        nanos >= SLOW_NS || (is_unusual && nanos >= UNNOTICED_NS)
    }

    /// What it takes in memory.
    pub fn bytes(&self) -> usize {
        table(self.0.capacity(), size_of::<(u64, Mean)>())
    }
}

impl Mean {
    fn add(&mut self, nanos: f64) {
        self.count = self.count.saturating_add(1);
        self.nanos += (nanos - self.nanos) / f64::from(self.count).min(MEMORY);
    }
}

fn key(head: &Head) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(head.place.service.as_bytes());
    hasher.update(b"\n");
    hasher.update(head.name.as_bytes());
    hasher.digest()
}
