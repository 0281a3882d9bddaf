//! All traces that are kept, within a bound in bytes: the one that came first goes first.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::Arc,
};

use super::trace::{Added, Kept, Place, Seen, Trace};
use crate::{
    kernel::clock,
    store::{
        fill::{Bound, Part, Taken},
        otlp::{
            glance::Glance,
            sender::{Sender, Senders},
            wire::each,
        },
        words::Words,
    },
};

/// The most bytes of one span; a bigger one would push hundreds of others out.
const SPAN_BYTES: usize = 64 * 1024;
/// Names and routes are kept up to so many bytes for searching; the span itself is kept whole.
const WORD_BYTES: usize = 256;

/// Numbers of fields in `ExportTraceServiceRequest`, `ResourceSpans` and `ScopeSpans`.
const RESOURCE_SPANS: u32 = 1;
const RESOURCE: u32 = 1;
const SCOPE_SPANS: u32 = 2;
const SPANS: u32 = 2;

pub type TraceId = [u8; 16];

/// The traces.
#[derive(Debug)]
pub struct Shelf {
    bound: Bound,
    traces: HashMap<TraceId, Trace>,
    /// In the order they came.
    order: VecDeque<TraceId>,
    senders: Senders,
    words: Words,
    bytes: usize,
    spans: usize,
}

impl Shelf {
    pub fn new(limit_bytes: usize) -> Self {
        Shelf {
            bound: Bound::new(limit_bytes),
            traces: HashMap::new(),
            order: VecDeque::new(),
            senders: Senders::default(),
            words: Words::default(),
            bytes: 0,
            spans: 0,
        }
    }

    /// Takes the spans of an encoded `ExportTraceServiceRequest` and shows each that is new to `onlooker`.
    pub fn take(&mut self, request: &[u8], mut onlooker: impl FnMut(&Seen<'_>)) -> Taken {
        let mut taken = Taken::default();
        for resource_spans in each(request, RESOURCE_SPANS) {
            let resource = each(resource_spans, RESOURCE).next().unwrap_or_default();
            let sender = self.senders.keep(resource);
            for span in each(resource_spans, SCOPE_SPANS).flat_map(|scope| each(scope, SPANS)) {
                let added = sender.as_ref().map_or(None, |sender| {
                    let glance = Glance::at(span).ok().filter(|_| span.len() <= SPAN_BYTES)?;
                    let added = self.add(sender, &glance, span);
                    if added == Added::Kept {
                        onlooker(&Seen { sender, span: &glance, server: None });
                        if let Some(trace) = self.traces.get(&glance.trace_id) {
                            trace.meet(sender, &glance, &mut onlooker);
                        }
                    }
                    Some(added)
                });
                match added {
                    Some(Added::Kept | Added::Known) => taken.kept += 1,
                    Some(Added::Full) | None => taken.turned_away += 1,
                }
            }
        }
        self.bound.turned_away += taken.turned_away;
        self.make_room();
        taken
    }

    /// The spans of a trace.
    pub fn get(&self, id: &TraceId) -> Option<&Trace> {
        self.traces.get(id)
    }

    /// The ids of all traces, in the order they came.
    pub fn ids(&self) -> Vec<TraceId> {
        self.order.iter().copied().collect()
    }

    pub fn fill(&self) -> Part {
        let oldest = self.order.front().and_then(|id| self.traces.get(id));
        self.bound.part(self.bytes(), self.spans, oldest.map(|trace| rfc3339(trace.start_ns)))
    }

    fn add(&mut self, sender: &Arc<Sender>, glance: &Glance<'_>, span: &[u8]) -> Added {
        let route = glance.route.map(|route| self.words.keep(shortened(route)));
        let place = Place { service: sender.service.clone(), route };
        let name = self.words.keep(shortened(glance.name));
        let (trace, before) = match self.traces.entry(glance.trace_id) {
            Entry::Occupied(known) => {
                let known = known.into_mut();
                let bytes = known.bytes();
                (known, bytes)
            }
            Entry::Vacant(free) => {
                self.order.push_back(glance.trace_id);
                (free.insert(Trace::new(glance, place.clone(), name.clone())), 0)
            }
        };
        let kept = Kept { id: glance.span_id, sender: sender.clone(), span: span.into() };
        let added = trace.add(glance, place, name, kept);
        self.bytes = self.bytes - before + trace.bytes();
        self.spans += usize::from(added == Added::Kept);
        added
    }

    fn make_room(&mut self) {
        if self.bytes() > self.bound.limit_bytes {
            // Names and senders of traces that went before may be left of nobody.
            self.senders.sweep();
            self.words.sweep();
        }
        while self.bytes() > self.bound.limit_bytes {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some(trace) = self.traces.remove(&oldest) {
                self.bytes -= trace.bytes();
                self.spans -= trace.spans.len();
                self.bound.evicted += trace.spans.len() as u64;
            }
        }
    }

    fn bytes(&self) -> usize {
        self.bytes + self.senders.bytes() + self.words.bytes()
    }
}

/// Nanoseconds since 1970 as RFC 3339, with milliseconds.
pub fn rfc3339(nanos: u64) -> String {
    clock::rfc3339(i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX))
}

fn shortened(word: &str) -> &str {
    &word[..word.floor_char_boundary(WORD_BYTES)]
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        collector::trace::v1::ExportTraceServiceRequest,
        trace::v1::{ResourceSpans, ScopeSpans, Span},
    };
    use prost::Message;

    use super::{super::trace::MOST_SPANS, *};

    fn span(trace: u16, number: u64) -> Span {
        let mut trace_id = vec![9; 16];
        trace_id[..2].copy_from_slice(&trace.to_be_bytes());
        Span {
            trace_id,
            span_id: (number + 1).to_be_bytes().to_vec(),
            parent_span_id: if number == 0 { Vec::new() } else { 1_u64.to_be_bytes().to_vec() },
            name: format!("step {number}"),
            start_time_unix_nano: 1_000 + number,
            end_time_unix_nano: 2_000,
            ..Span::default()
        }
    }

    fn request(spans: Vec<Span>) -> Vec<u8> {
        let scope_spans = vec![ScopeSpans { spans, ..Default::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..Default::default() }];
        ExportTraceServiceRequest { resource_spans }.encode_to_vec()
    }

    fn take(shelf: &mut Shelf, spans: Vec<Span>) -> Taken {
        shelf.take(&request(spans), |_| {})
    }

    #[test]
    fn a_trace_is_called_after_its_root_in_whichever_order_its_spans_come() {
        let mut shelf = Shelf::new(1 << 20);
        take(&mut shelf, vec![span(1, 2)]);
        let name = |shelf: &Shelf| shelf.traces.values().next().map(|trace| trace.head.name.to_string());
        assert_eq!(name(&shelf).as_deref(), Some("step 2"));
        take(&mut shelf, vec![span(1, 0), span(1, 1)]);
        assert_eq!(name(&shelf).as_deref(), Some("step 0"));
        assert_eq!(shelf.fill().items, 3);
    }

    #[test]
    fn the_trace_that_came_first_goes_first_and_all_stays_within_the_bound() {
        let limit = 100_000;
        let mut shelf = Shelf::new(limit);
        let mut kept = 0;
        for trace in 0..1_000 {
            kept += take(&mut shelf, (0..3).map(|number| span(trace, number)).collect()).kept;
            assert!(shelf.fill().bytes <= limit, "{:?}", shelf.fill());
        }
        let fill = shelf.fill();
        assert_eq!((kept, fill.items as u64 + fill.evicted, fill.turned_away), (3_000, 3_000, 0));
        assert!(fill.evicted > 1_000 && fill.items > 100, "{fill:?}");
        let ids = shelf.ids();
        let numbers: Vec<u16> = ids.iter().map(|id| u16::from_be_bytes([id[0], id[1]])).collect();
        let first = 1_000 - numbers.len() as u16;
        assert_eq!(numbers, (first..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_batch_that_comes_twice_is_kept_once_and_shown_once() {
        let mut shelf = Shelf::new(1 << 20);
        let request = request(vec![span(1, 0), span(1, 1)]);
        let mut shown = 0;
        for _ in 0..2 {
            assert_eq!(shelf.take(&request, |_| shown += 1), Taken { kept: 2, turned_away: 0 });
        }
        assert_eq!((shown, shelf.fill().items), (2, 2));
    }

    #[test]
    fn what_cannot_be_kept_is_counted() {
        let mut shelf = Shelf::new(16 << 20);
        let nameless = Span { trace_id: Vec::new(), ..span(1, 1) };
        let huge = Span { name: "x".repeat(SPAN_BYTES), ..span(1, 1) };
        assert_eq!(take(&mut shelf, vec![nameless, huge, span(1, 0)]), Taken { kept: 1, turned_away: 2 });
        let many = (0..MOST_SPANS as u64 + 9).map(|number| span(2, number)).collect();
        assert_eq!(take(&mut shelf, many).turned_away, 9);
        assert_eq!(shelf.fill().turned_away, 11);
    }
}
