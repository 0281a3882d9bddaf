//! How each way out is doing: what `/api/state` and the metrics tell, and what `doctor` judges by.

use std::{collections::BTreeMap, time::Instant};

use opentelemetry::KeyValue;
use serde::Serialize;
use tracing::info;

use super::{
    count::Count,
    outbox::{Outbox, Word},
    queue::Queue,
};
use crate::telemetry::{destination::Backend, names::attribute};

/// The destination of log lines that is no backend.
pub const STDOUT: &str = "stdout";

/// Why records were given up; values of `reason` on `lab.telemetry.dropped`.
pub mod reason {
    /// They were the oldest when a queue was full.
    pub const QUEUE_FULL: &str = "queue_full";
    /// The destination would not have the request that they were in.
    pub const REFUSED: &str = "refused";
    /// The destination took the request and rejected them: OTLP's partial success.
    pub const REJECTED: &str = "rejected";
    /// They did not come through on their way to the outbox.
    pub const LOST: &str = "lost";
    /// They could not be encoded.
    pub const UNENCODABLE: &str = "unencodable";
    /// They were still waiting when the process ended.
    pub const SHUTDOWN: &str = "shutdown";
}

/// One way out: a signal and a destination.
#[derive(Clone, Debug, Serialize)]
pub struct Exit {
    pub signal: &'static str,
    pub destination: &'static str,
    /// Its address; empty where there is none.
    pub place: String,
    pub standing: Word,
    /// What is wrong, in words.
    pub trouble: Option<String>,
    /// Seconds since it last took something.
    pub took_seconds_ago: Option<u64>,
    /// Records that arrived.
    pub sent: u64,
    /// Requests that did not.
    pub failed: u64,
    /// Records that the tail rule left out.
    pub not_sampled: u64,
    /// Records that were given up.
    pub dropped: u64,
    /// The same by [`reason`].
    pub dropped_because: BTreeMap<&'static str, u64>,
    pub queue_bytes: usize,
    pub last_minute: Minute,
}

/// The last sixty seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Minute {
    /// Nothing where it is not counted by the minute.
    pub sent: Option<u64>,
    pub failed: u64,
    pub dropped: u64,
}

impl Exit {
    /// Of `outbox`, with what waits and was lost `before` it.
    pub fn of(outbox: &Outbox, before: &Before) -> Self {
        let standing = outbox.standing();
        let counts = [&outbox.refused, &outbox.rejected, &outbox.left, outbox.displaced()];
        let mut because = BTreeMap::from([
            (reason::QUEUE_FULL, before.displaced + outbox.displaced().total()),
            (reason::REFUSED, outbox.refused.total()),
            (reason::UNENCODABLE, before.unencodable),
            (reason::SHUTDOWN, outbox.left.total()),
        ]);
        if outbox.destination.backend == Backend::Otlp {
            because.insert(reason::REJECTED, outbox.rejected.total());
        }
        if before.lost > 0 {
            because.insert(reason::LOST, before.lost);
        }
        Exit {
            signal: outbox.signal.name(),
            destination: outbox.destination.backend.name(),
            place: outbox.place(),
            standing: standing.word,
            trouble: standing.trouble,
            took_seconds_ago: standing.took.map(|took| Instant::now().duration_since(took).as_secs()),
            sent: outbox.sent.total(),
            failed: outbox.failed.total(),
            not_sampled: before.not_sampled,
            dropped: because.values().sum(),
            dropped_because: because,
            queue_bytes: outbox.queue_bytes() + before.waiting_bytes,
            last_minute: Minute {
                sent: Some(outbox.sent.last_minute()),
                failed: outbox.failed.last_minute(),
                dropped: before.last_minute + counts.iter().map(|count| count.last_minute()).sum::<u64>(),
            },
        }
    }

    /// The last line about a destination: the figures that nobody can ask for any more. Standard output has none, since
    /// it is still speaking.
    pub fn say_closed(&self) {
        if self.destination == STDOUT {
            return;
        }
        let Exit { signal, destination, sent, failed, dropped, .. } = self;
        info!(name: "telemetry.closed", signal, destination, sent, failed, dropped, "signals have ended");
    }

    pub fn labels(&self) -> [KeyValue; 2] {
        [
            KeyValue::new(attribute::SIGNAL, self.signal),
            KeyValue::new(attribute::DESTINATION, self.destination),
        ]
    }
}

/// What happens to a signal before it reaches the outboxes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before {
    pub waiting_bytes: usize,
    pub displaced: u64,
    pub unencodable: u64,
    pub lost: u64,
    /// Records that were lost in the last minute.
    pub last_minute: u64,
    pub not_sampled: u64,
}

impl Before {
    /// What waits in `queue`, and what it lost.
    pub fn queued<T>(queue: &Queue<T>) -> Self {
        Before {
            waiting_bytes: queue.bytes(),
            displaced: queue.displaced.total(),
            last_minute: queue.displaced.last_minute(),
            ..Before::default()
        }
    }

    /// The same with what could not be encoded.
    pub fn failing(self, unencodable: &Count) -> Self {
        Before {
            unencodable: self.unencodable + unencodable.total(),
            last_minute: self.last_minute + unencodable.last_minute(),
            ..self
        }
    }

    /// The same with what happens in another queue.
    pub fn and(self, other: Before) -> Self {
        Before {
            waiting_bytes: self.waiting_bytes + other.waiting_bytes,
            displaced: self.displaced + other.displaced,
            lost: self.lost + other.lost,
            unencodable: self.unencodable + other.unencodable,
            last_minute: self.last_minute + other.last_minute,
            not_sampled: self.not_sampled + other.not_sampled,
        }
    }
}
