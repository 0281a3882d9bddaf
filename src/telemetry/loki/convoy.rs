//! The lines that are underway from the feeder to the relay, through `tracing-loki`. There is one convoy at a time, and
//! each of its lines arrives once, or is lost and counted: never both, however late or often it comes.

use std::{
    collections::HashSet,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::Deserialize;
use tokio::sync::Notify;

use super::wire::{Entry, Pair, Push, Timestamp};
use crate::telemetry::egress::count::Count;

/// As large as what `tracing-loki` sends can be: a convoy of long lines, escaped.
const UNPACKED_BYTES: usize = 64 * 1024 * 1024;

/// What is underway, and what became of it.
#[derive(Debug, Default)]
pub struct Convoy {
    underway: Mutex<Underway>,
    complete: Notify,
    /// Lines that set out, again and again, and did not arrive.
    pub lost: Count,
    /// What the feeder holds, in bytes.
    pub in_hand_bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct Underway {
    number: u64,
    missing: HashSet<usize>,
    arrived: Vec<Arrived>,
}

/// A line that has come through.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// As `tracing-loki` wrote them.
    pub labels: String,
    pub entry: Entry,
}

/// What `tracing-loki` makes of one event of the feeder: its fields, beside much that nobody asked for.
#[derive(Deserialize)]
struct Conveyed {
    convoy: u64,
    place: usize,
    line: String,
    seconds: i64,
    nanos: i32,
    trace_id: Option<String>,
    span_id: Option<String>,
}

impl Convoy {
    /// A convoy of so many lines sets out; returns its number.
    pub fn depart(&self, lines: usize) -> u64 {
        let mut underway = self.underway();
        underway.number += 1;
        underway.missing = (0..lines).collect();
        underway.arrived = Vec::with_capacity(lines);
        underway.number
    }

    /// A request of `tracing-loki` came in. What is no part of the present convoy is passed over: it was given up, or is
    /// here already.
    pub fn arrive(&self, body: &[u8]) {
        let Some(push) = unpacked(body) else { return };
        for stream in push.streams {
            for entry in stream.entries {
                let Ok(conveyed) = serde_json::from_str::<Conveyed>(&entry.line) else { continue };
                self.take(&stream.labels, conveyed);
            }
        }
    }

    fn take(&self, labels: &str, conveyed: Conveyed) {
        let mut underway = self.underway();
        if conveyed.convoy != underway.number || !underway.missing.remove(&conveyed.place) {
            return;
        }
        underway.arrived.push(Arrived { labels: labels.to_owned(), entry: conveyed.into() });
        if underway.missing.is_empty() {
            self.complete.notify_one();
        }
    }

    /// Waits until every line has arrived.
    pub async fn complete(&self) {
        while !self.underway().missing.is_empty() {
            self.complete.notified().await;
        }
    }

    /// The places of lines that have not arrived.
    pub fn missing(&self) -> Vec<usize> {
        let mut missing: Vec<usize> = self.underway().missing.iter().copied().collect();
        missing.sort_unstable();
        missing
    }

    /// A line that has no way to go.
    pub fn give_up(&self, place: usize) {
        let mut underway = self.underway();
        if underway.missing.remove(&place) {
            self.lost.add(1);
        }
        if underway.missing.is_empty() {
            self.complete.notify_one();
        }
    }

    /// What has arrived. The rest is lost from here on.
    pub fn end(&self) -> Vec<Arrived> {
        let mut underway = self.underway();
        self.lost.add(underway.missing.len() as u64);
        underway.missing.clear();
        std::mem::take(&mut underway.arrived)
    }

    pub fn waiting_bytes(&self) -> usize {
        self.in_hand_bytes.load(Ordering::Relaxed)
    }

    fn underway(&self) -> MutexGuard<'_, Underway> {
        self.underway.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Conveyed> for Entry {
    fn from(conveyed: Conveyed) -> Self {
        let ids = [("trace_id", conveyed.trace_id), ("span_id", conveyed.span_id)];
        let pair =
            |(name, value): (&str, Option<String>)| Some(Pair { name: name.to_owned(), value: value? });
        Entry {
            timestamp: Some(Timestamp { seconds: conveyed.seconds, nanos: conveyed.nanos }),
            line: conveyed.line,
            structured_metadata: ids.into_iter().filter_map(pair).collect(),
        }
    }
}

fn unpacked(body: &[u8]) -> Option<Push> {
    if snap::raw::decompress_len(body).ok()? > UNPACKED_BYTES {
        return None;
    }
    let plain = snap::raw::Decoder::new().decompress_vec(body).ok()?;
    prost::Message::decode(&*plain).ok()
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::telemetry::loki::wire::Stream;

    fn request(convoy: u64, places: &[usize]) -> Vec<u8> {
        let entry = |place: &usize| Entry {
            line: format!(
                r#"{{"convoy":{convoy},"place":{place},"line":"{{\"a\":{place}}}","seconds":7,"nanos":8,"trace_id":"t","_file":"x"}}"#
            ),
            ..Entry::default()
        };
        let stream = Stream { labels: "{l=\"1\"}".into(), entries: places.iter().map(entry).collect() };
        let plain = Push { streams: vec![stream] }.encode_to_vec();
        snap::raw::Encoder::new().compress_vec(&plain).expect("packs")
    }

    #[tokio::test]
    async fn a_convoy_is_complete_when_each_line_has_come() {
        let convoy = Convoy::default();
        let number = convoy.depart(2);
        convoy.arrive(&request(number, &[1]));
        convoy.arrive(&request(number, &[0]));
        convoy.complete().await;
        let arrived = convoy.end();
        let ids = [Pair { name: "trace_id".into(), value: "t".into() }];
        assert_eq!((arrived.len(), convoy.lost.total()), (2, 0));
        assert_eq!(arrived[0].entry.line, r#"{"a":1}"#);
        assert_eq!(arrived[0].entry.timestamp, Some(Timestamp { seconds: 7, nanos: 8 }));
        assert_eq!(arrived[0].entry.structured_metadata, ids);
    }

    #[test]
    fn a_line_counts_once_however_late_or_often_it_comes() {
        let convoy = Convoy::default();
        let first = convoy.depart(3);
        convoy.arrive(&request(first, &[0, 0]));
        convoy.arrive(&request(first, &[0, 9]));
        assert_eq!((convoy.end().len(), convoy.lost.total()), (1, 2));
        let second = convoy.depart(1);
        convoy.arrive(&request(first, &[1, 2]));
        convoy.arrive(b"nonsense");
        convoy.arrive(&request(second, &[0]));
        assert_eq!((convoy.end().len(), convoy.lost.total()), (1, 2));
    }
}
