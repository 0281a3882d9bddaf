//! Lines into pushes: by stream, in order, none too large.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;

use super::{
    convoy::Arrived,
    wire::{Entry, Push, Stream},
};

/// A push holds no more, unpacked, unless a single line does. Loki's own limit for a request is four times this.
const PUSH_BYTES: usize = 1024 * 1024;

/// A body in snappy's block format, and how many lines are in it.
pub type Packed = (Bytes, u64);

/// All of `lines`, in as many pushes as it takes.
pub fn pack(lines: Vec<Arrived>) -> Vec<Packed> {
    bounded(lines, PUSH_BYTES).iter().filter_map(packed).collect()
}

fn bounded(lines: Vec<Arrived>, limit_bytes: usize) -> Vec<Push> {
    let mut streams: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for Arrived { labels, entry } in lines {
        streams.entry(labels).or_default().push(entry);
    }
    let mut pushes = vec![Push::default()];
    let mut bytes = 0;
    for (labels, mut entries) in streams {
        entries.sort_by_key(|entry| entry.timestamp);
        let mut stream = Stream { labels, entries: Vec::new() };
        for entry in entries {
            let size = entry.encoded_len() + stream.labels.len();
            if bytes > 0 && bytes + size > limit_bytes {
                let rest = Stream { labels: stream.labels.clone(), entries: Vec::new() };
                close(&mut pushes, std::mem::replace(&mut stream, rest));
                pushes.push(Push::default());
                bytes = 0;
            }
            bytes += size;
            stream.entries.push(entry);
        }
        close(&mut pushes, stream);
    }
    pushes.retain(|push| !push.streams.is_empty());
    pushes
}

fn close(pushes: &mut [Push], stream: Stream) {
    if let Some(push) = pushes.last_mut().filter(|_| !stream.entries.is_empty()) {
        push.streams.push(stream);
    }
}

fn packed(push: &Push) -> Option<Packed> {
    let lines = push.streams.iter().map(|stream| stream.entries.len() as u64).sum();
    // Fails only past four gigabytes.
    let body = snap::raw::Encoder::new().compress_vec(&push.encode_to_vec()).ok()?;
    Some((body.into(), lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::loki::wire::Timestamp;

    fn line(labels: &str, seconds: i64, bytes: usize) -> Arrived {
        let timestamp = Some(Timestamp { seconds, nanos: 0 });
        let entry = Entry { timestamp, line: "x".repeat(bytes), structured_metadata: Vec::new() };
        Arrived { labels: labels.into(), entry }
    }

    #[test]
    fn lines_of_a_stream_stand_together_in_order() {
        let pushes = bounded(vec![line("b", 2, 1), line("a", 9, 1), line("b", 1, 1)], 10_000);
        let [push] = &*pushes else { panic!("{pushes:?}") };
        let order = |stream: &Stream| {
            let seconds = stream.entries.iter().filter_map(|entry| entry.timestamp);
            (stream.labels.clone(), seconds.map(|at| at.seconds).collect::<Vec<_>>())
        };
        let streams: Vec<_> = push.streams.iter().map(order).collect();
        assert_eq!(streams, [("a".to_owned(), vec![9]), ("b".to_owned(), vec![1, 2])]);
    }

    #[test]
    fn no_push_is_too_large_unless_one_line_is() {
        let lines = (0..10)
            .map(|second| line(["a", "b"][second as usize % 2], second, 100))
            .chain([line("c", 0, 999)]);
        let pushes = bounded(lines.collect(), 400);
        assert!(pushes.len() > 4);
        for push in &pushes {
            let lines: usize = push.streams.iter().map(|stream| stream.entries.len()).sum();
            assert!(push.encoded_len() <= 440 || lines == 1, "{} bytes", push.encoded_len());
            assert!(push.streams.iter().all(|stream| !stream.entries.is_empty()));
        }
        let all: usize =
            pushes.iter().flat_map(|push| &push.streams).map(|stream| stream.entries.len()).sum();
        assert_eq!((all, bounded(Vec::new(), 400).len()), (11, 0));
    }
}
