//! All traces that are kept, within a bound in bytes. What is worth least goes first: see [`Priority`]. A trace's priority
//! changes with what becomes known of it, and with what refers to it; eviction looks only at the queues.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use super::{
    kept::{Kept, Role, TraceId},
    priority::{Priority, PriorityFill},
    queues::Queues,
    shelved::{FRESH_MS, Shelved},
    trace::{Added, Place, Seen, Trace},
    usual::Usual,
};
use crate::{
    kernel::clock,
    store::{
        allocation::table,
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

/// So many traces may be pinned.
pub const MOST_PINNED: usize = 50;
/// One trace may take this part of the room.
const LARGEST_PART: usize = 4;
/// When the room is full, this part of it is freed at once.
const FREED_PART: usize = 64;

/// The traces.
#[derive(Debug)]
pub struct Shelf {
    bound: Bound,
    traces: HashMap<TraceId, Box<Shelved>>,
    queues: Queues,
    usual: Usual,
    senders: Senders,
    words: Words,
    spans: usize,
    /// How many traces have come.
    arrivals: u64,
    /// How often the traces that exemplars lead to were marked.
    round: u64,
}

/// A trace as others may look at it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub trace: &'a Trace,
    pub is_pinned: bool,
}

/// What became of the wish to keep a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinned {
    /// It is pinned, and was not before.
    Now,
    Already,
    /// So many are pinned that no more can be.
    TooMany,
    /// What is pinned may take no more room.
    TooLarge,
    /// There is no such trace.
    Gone,
}

impl Shelf {
    pub fn new(limit_bytes: usize) -> Self {
        Shelf {
            bound: Bound::new(limit_bytes),
            traces: HashMap::new(),
            queues: Queues::default(),
            usual: Usual::default(),
            senders: Senders::default(),
            words: Words::default(),
            spans: 0,
            arrivals: 0,
            round: 0,
        }
    }

    /// Takes the spans of an encoded `ExportTraceServiceRequest`, by a clock that shows `now_ms`, and shows each that is new
    /// to `onlooker`.
    pub fn take(&mut self, request: &[u8], now_ms: i64, mut onlooker: impl FnMut(&Seen<'_>)) -> Taken {
        let mut taken = Taken::default();
        for resource_spans in each(request, RESOURCE_SPANS) {
            let resource = each(resource_spans, RESOURCE).next().unwrap_or_default();
            let sender = self.senders.keep(resource);
            for span in each(resource_spans, SCOPE_SPANS).flat_map(|scope| each(scope, SPANS)) {
                let added = sender.as_ref().map_or(None, |sender| {
                    let glance = Glance::at(span).ok().filter(|_| span.len() <= SPAN_BYTES)?;
                    let added = self.add(sender, &glance, span, now_ms);
                    if added == Added::Kept {
                        onlooker(&Seen { sender, span: &glance, server: None });
                        if let Some(shelved) = self.traces.get(&glance.trace_id) {
                            shelved.trace.meet(sender, &glance, &mut onlooker);
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
        self.settle(now_ms);
        self.make_room(now_ms);
        taken
    }

    /// The spans of a trace.
    pub fn get(&self, id: &TraceId) -> Option<Shown<'_>> {
        let shelved = self.traces.get(id)?;
        Some(Shown { trace: &shelved.trace, is_pinned: shelved.is_pinned })
    }

    /// Whether the trace is here.
    pub fn has(&self, id: &TraceId) -> bool {
        self.traces.contains_key(id)
    }

    /// The ids of all traces, each with its number among all that have come; in no order.
    pub fn ids(&self) -> Vec<(u64, TraceId)> {
        self.traces.iter().map(|(id, shelved)| (shelved.arrival, *id)).collect()
    }

    /// An answer refers to this trace: it is kept until then, if there is room. Whether it is here.
    pub fn cite(&mut self, id: &TraceId, until_ms: i64, now_ms: i64) -> bool {
        self.change(id, now_ms, |shelved| shelved.cited_until_ms = shelved.cited_until_ms.max(until_ms))
    }

    /// Marks the traces that exemplars lead to, the most important first: as many as can be kept for a while when answers
    /// refer to all of them at once. All others are not marked any more.
    pub fn refer(&mut self, exemplars: &[TraceId], now_ms: i64) {
        self.round += 1;
        let mut left_bytes = Priority::Cited.share(self.bound.limit_bytes) / 6 * 5;
        for (rank, id) in (0..).zip(exemplars) {
            let Some(shelved) = self.traces.get(id).filter(|shelved| shelved.exemplar.0 != self.round) else {
                continue;
            };
            if shelved.bytes > left_bytes {
                break;
            }
            left_bytes -= shelved.bytes;
            let exemplar = (self.round, -rank);
            self.change(id, now_ms, |shelved| shelved.exemplar = exemplar);
        }
        for id in self.queues.all(Priority::Exemplar) {
            self.change(&id, now_ms, |_| {});
        }
    }

    /// The same as [`Shelf::cite`] for a trace that an exemplar leads to. Whether it is one that will be kept.
    pub fn cite_exemplar(&mut self, id: &TraceId, until_ms: i64, now_ms: i64) -> bool {
        let is_kept = self.traces.get(id).is_some_and(|shelved| {
            // A fresh one may not have been marked yet.
            shelved.exemplar.0 == self.round || shelved.cited_until_ms > now_ms || shelved.is_fresh(now_ms)
        });
        is_kept && self.cite(id, until_ms, now_ms)
    }

    /// Keeps a trace until it is unpinned, whatever comes.
    pub fn pin(&mut self, id: &TraceId, now_ms: i64) -> Pinned {
        let Some(shelved) = self.traces.get(id) else { return Pinned::Gone };
        if shelved.is_pinned {
            return Pinned::Already;
        }
        if self.queues.len(Priority::Pinned) >= MOST_PINNED {
            return Pinned::TooMany;
        }
        if self.queues.bytes(Priority::Pinned) + shelved.bytes
            > Priority::Pinned.share(self.bound.limit_bytes)
        {
            return Pinned::TooLarge;
        }
        self.change(id, now_ms, |shelved| shelved.is_pinned = true);
        Pinned::Now
    }

    /// Evicts a trace like all others from now on. Whether it was pinned.
    pub fn unpin(&mut self, id: &TraceId, now_ms: i64) -> bool {
        let was_pinned = self.traces.get(id).is_some_and(|shelved| shelved.is_pinned);
        was_pinned && self.change(id, now_ms, |shelved| shelved.is_pinned = false)
    }

    pub fn fill(&self) -> Part {
        let oldest = self.traces.values().map(|shelved| shelved.trace.start_ns).min();
        self.bound.part(self.bytes(), self.spans, oldest.map(rfc3339))
    }

    /// How much each priority takes, the lowest first.
    pub fn priorities(&self) -> Vec<PriorityFill> {
        let fill = |priority: Priority| PriorityFill {
            priority,
            traces: self.queues.len(priority),
            bytes: self.queues.bytes(priority),
            share_bytes: priority.share(self.bound.limit_bytes),
        };
        Priority::ALL.map(fill).into()
    }

    fn add(&mut self, sender: &Arc<Sender>, glance: &Glance<'_>, span: &[u8], now_ms: i64) -> Added {
        let route = glance.route.map(|route| self.words.keep(shortened(route)));
        let place = Place { service: sender.service.clone(), route };
        let name = self.words.keep(shortened(glance.name));
        let shelved = match self.traces.entry(glance.trace_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                self.arrivals += 1;
                let most_bytes = self.bound.limit_bytes / LARGEST_PART;
                let trace = Trace::new(glance, place.clone(), name.clone(), most_bytes);
                let shelved = free.insert(Box::new(Shelved::new(trace, self.arrivals, now_ms)));
                self.queues.join(shelved.priority, shelved.position, glance.trace_id, 0);
                shelved
            }
        };
        let kept = Kept {
            id: glance.span_id,
            parent: glance.parent,
            role: Role::of(glance),
            sender: sender.clone(),
            span: span.into(),
        };
        let added = shelved.trace.add(glance, place, name, kept);
        let before = shelved.reweigh();
        self.queues.resize(shelved.priority, before, shelved.bytes);
        if added == Added::Kept {
            self.spans += 1;
            shelved.newest_span_ms = now_ms;
            if shelved.priority != Priority::Fresh {
                self.change(&glance.trace_id, now_ms, |_| {});
            }
        }
        added
    }

    /// Changes what is known of a trace, and gives it the priority that it has then. Whether it is here.
    fn change(&mut self, id: &TraceId, now_ms: i64, change: impl FnOnce(&mut Shelved)) -> bool {
        let Some(shelved) = self.traces.get_mut(id) else { return false };
        change(shelved);
        let (priority, position) = shelved.standing(self.round, now_ms);
        if (priority, position) != (shelved.priority, shelved.position) {
            self.queues.leave(shelved.priority, shelved.position, shelved.bytes);
            (shelved.priority, shelved.position) = (priority, position);
            self.queues.join(priority, position, *id, shelved.bytes);
        }
        true
    }

    /// Gives those that are complete now, and those that were referred to long ago, the priority that they have by themselves.
    fn settle(&mut self, now_ms: i64) {
        while let Some(((placed_ms, _), id)) = self.queues.first(Priority::Fresh) {
            if placed_ms + FRESH_MS > now_ms {
                break;
            }
            self.judge(&id, now_ms);
            self.change(&id, now_ms, |_| {});
        }
        while let Some(((until_ms, _), id)) = self.queues.first(Priority::Cited) {
            if until_ms > now_ms {
                break;
            }
            self.change(&id, now_ms, |_| {});
        }
    }

    /// Finds out, once, whether a trace is slow, if it is not fresh any more.
    fn judge(&mut self, id: &TraceId, now_ms: i64) {
        let Some(shelved) = self.traces.get_mut(id) else { return };
        if shelved.is_fresh(now_ms) || shelved.is_judged {
            return;
        }
        shelved.is_judged = true;
        shelved.is_slow = self.usual.judge(&shelved.trace);
        shelved.trace.shrink();
        let before = shelved.reweigh();
        self.queues.resize(shelved.priority, before, shelved.bytes);
    }

    fn make_room(&mut self, now_ms: i64) {
        let limit_bytes = self.bound.limit_bytes;
        if self.bytes() <= limit_bytes {
            return;
        }
        // No trace may use these names and senders any more.
        self.senders.sweep();
        self.words.sweep();
        while self.bytes() > limit_bytes - limit_bytes / FREED_PART {
            let Some((priority, id)) = self.queues.next_to_go(limit_bytes) else { return };
            if priority == Priority::Fresh {
                // It may have got spans since it was put here.
                let place = self.queues.first(Priority::Fresh);
                self.change(&id, now_ms, |_| {});
                if self.queues.first(Priority::Fresh) != place {
                    continue;
                }
                // There are more than there is room for: the oldest cannot wait, and has the priority it has by itself.
                self.change(&id, now_ms, |shelved| shelved.is_released = true);
                self.judge(&id, now_ms);
                self.change(&id, now_ms, |_| {});
                continue;
            }
            let Some(shelved) = self.traces.remove(&id) else { return };
            self.queues.leave(shelved.priority, shelved.position, shelved.bytes);
            self.spans -= shelved.trace.spans.len();
            self.bound.evicted += shelved.trace.spans.len() as u64;
        }
    }

    fn bytes(&self) -> usize {
        self.queues.all_bytes()
            + table(self.traces.capacity(), size_of::<(TraceId, Box<Shelved>)>())
            + self.usual.bytes()
            + self.senders.bytes()
            + self.words.bytes()
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
mod tests;
