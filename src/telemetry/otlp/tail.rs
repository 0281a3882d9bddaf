//! The tail rule at work: traces wait until it is known how they ended.
//!
//! A trace goes on as soon as there is a reason to keep it, with all that is still to come of it. It is left out when its
//! root has ended without one, or when it has waited for half a minute, or is the oldest of more than there is room for.
//! The built-in store is shown all traces: it is the place to look at what was left out.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use opentelemetry::trace::{SpanId, Status, TraceId};
use opentelemetry_sdk::trace::SpanData;

use super::{
    encode::{Owned, Spans, weight},
    rule::Rule,
};
use crate::telemetry::egress::count::Count;

/// How long a trace may wait for its root: longer than the slowest checkout with its retries.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a trace whose root has ended waits for spans that ended later.
const AFTERWARDS: Duration = Duration::from_secs(1);
/// What waits may take about this much memory.
const LIMIT_BYTES: usize = 16 * 1024 * 1024;
/// As many verdicts are remembered, for spans that come late.
const REMEMBERED: usize = 20_000;
/// How often what waits is looked at.
const TICK: Duration = Duration::from_millis(200);
/// The most spans that are looked at in one go.
const BATCH: usize = 2048;

type Span = Owned<SpanData>;

/// Takes spans from `from` and puts those into `to` that the rule keeps, until `from` is closed and empty.
pub async fn run(rule: Rule, from: &Spans, to: &Spans, left_out: &Count) {
    let mut tail = Tail::new(rule);
    loop {
        // What waits must be looked at when nothing comes, too.
        let _ = tokio::time::timeout(TICK, from.filled()).await;
        let is_over = from.is_closed();
        let now = Instant::now();
        let kept = tail.take(from.take(BATCH), now);
        tail.settle(if is_over && from.is_empty() { now + PATIENCE } else { now });
        left_out.add(std::mem::take(&mut tail.left_out));
        for span in kept {
            let weight = weight(&span.item);
            to.push(span, weight, |_| 1);
        }
        if is_over && from.is_empty() {
            return to.close();
        }
        tokio::task::yield_now().await;
    }
}

/// What is waiting and what was decided. Knows the time only from its callers.
struct Tail {
    rule: Rule,
    waiting: HashMap<TraceId, Waiting>,
    /// By when they came, which is the order in which their time is up.
    arrivals: VecDeque<TraceId>,
    verdicts: HashMap<TraceId, bool>,
    decided: VecDeque<TraceId>,
    bytes: usize,
    left_out: u64,
}

struct Waiting {
    due: Instant,
    spans: Vec<Span>,
    bytes: usize,
}

impl Tail {
    fn new(rule: Rule) -> Self {
        Tail {
            rule,
            waiting: HashMap::new(),
            arrivals: VecDeque::new(),
            verdicts: HashMap::new(),
            decided: VecDeque::new(),
            bytes: 0,
            left_out: 0,
        }
    }

    /// Looks at `spans`; answers with those that go on now.
    fn take(&mut self, spans: Vec<Span>, now: Instant) -> Vec<Span> {
        let mut kept = Vec::new();
        for span in spans {
            let trace_id = span.item.span_context.trace_id();
            match self.verdicts.get(&trace_id) {
                Some(true) => kept.push(span),
                Some(false) => self.left_out += 1,
                None if self.is_reason(&span.item) => {
                    kept.append(&mut self.release(trace_id));
                    kept.push(span);
                    self.decide(trace_id, true);
                }
                None => self.hold(trace_id, span, now),
            }
        }
        while self.bytes > LIMIT_BYTES
            && let Some(oldest) = self.arrivals.pop_front()
        {
            self.leave_out(oldest);
        }
        kept
    }

    /// Leaves out what has waited long enough. Nothing goes on here: whatever has a reason has gone already.
    fn settle(&mut self, now: Instant) {
        let due: Vec<TraceId> =
            self.waiting.iter().filter(|(_, one)| one.due <= now).map(|(id, _)| *id).collect();
        due.into_iter().for_each(|trace_id| self.leave_out(trace_id));
        let waiting = &self.waiting;
        self.arrivals.retain(|trace_id| waiting.contains_key(trace_id));
    }

    fn is_reason(&self, span: &SpanData) -> bool {
        let took = span.end_time.duration_since(span.start_time).unwrap_or_default();
        let failed = self.rule.errors && matches!(span.status, Status::Error { .. });
        failed || self.rule.is_slow(took) || self.rule.draws(span.span_context.trace_id())
    }

    fn hold(&mut self, trace_id: TraceId, span: Span, now: Instant) {
        let is_root = span.item.parent_span_id == SpanId::INVALID;
        let bytes = weight(&span.item);
        let arrivals = &mut self.arrivals;
        let waiting = self.waiting.entry(trace_id).or_insert_with(|| {
            arrivals.push_back(trace_id);
            Waiting { due: now + PATIENCE, spans: Vec::new(), bytes: 0 }
        });
        if is_root {
            waiting.due = waiting.due.min(now + AFTERWARDS);
        }
        waiting.spans.push(span);
        waiting.bytes += bytes;
        self.bytes += bytes;
    }

    fn release(&mut self, trace_id: TraceId) -> Vec<Span> {
        let Some(waiting) = self.waiting.remove(&trace_id) else { return Vec::new() };
        self.bytes -= waiting.bytes;
        waiting.spans
    }

    fn leave_out(&mut self, trace_id: TraceId) {
        self.left_out += self.release(trace_id).len() as u64;
        self.decide(trace_id, false);
    }

    fn decide(&mut self, trace_id: TraceId, keep: bool) {
        if self.verdicts.insert(trace_id, keep).is_none() {
            self.decided.push_back(trace_id);
        }
        if self.decided.len() > REMEMBERED
            && let Some(oldest) = self.decided.pop_front()
        {
            self.verdicts.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use opentelemetry::trace::{SpanContext, SpanKind, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    const RULE: Rule = Rule { errors: true, slow: Some(Duration::from_secs(1)), share: 0.0 };

    /// A span of trace `id` that took `ms`; the root, or one below it.
    fn span(id: u8, is_root: bool, ms: u64, status: Status) -> Span {
        let start_time = SystemTime::UNIX_EPOCH;
        let (trace_id, span_id) = (TraceId::from_bytes([id; 16]), SpanId::from_bytes([1; 8]));
        let span_context =
            SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, false, TraceState::default());
        let parent_span_id = if is_root { SpanId::INVALID } else { SpanId::from_bytes([2; 8]) };
        let item = SpanData {
            span_context,
            parent_span_id,
            parent_span_is_remote: false,
            span_kind: SpanKind::Server,
            name: "span".into(),
            start_time,
            end_time: start_time + Duration::from_millis(ms),
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status,
            instrumentation_scope: Default::default(),
        };
        Owned { service: 0, version: None, item }
    }

    fn ids(spans: &[Span]) -> Vec<u8> {
        spans.iter().map(|span| span.item.span_context.trace_id().to_bytes()[0]).collect()
    }

    #[test]
    fn a_failure_takes_its_whole_trace_along_and_what_comes_later() {
        let (mut tail, now) = (Tail::new(RULE), Instant::now());
        let first = vec![span(1, false, 5, Status::Unset), span(2, false, 5, Status::Unset)];
        assert!(tail.take(first, now).is_empty());
        let kept = tail.take(vec![span(1, false, 5, Status::error(""))], now);
        assert_eq!(ids(&kept), [1, 1]);
        assert_eq!(ids(&tail.take(vec![span(1, true, 5, Status::Unset)], now)), [1]);
        assert_eq!(tail.left_out, 0);
    }

    #[test]
    fn what_ends_well_and_fast_is_left_out_and_so_is_its_straggler() {
        let (mut tail, now) = (Tail::new(RULE), Instant::now());
        assert!(
            tail.take(vec![span(1, false, 5, Status::Unset), span(1, true, 9, Status::Unset)], now)
                .is_empty()
        );
        tail.settle(now + AFTERWARDS / 2);
        assert_eq!(tail.left_out, 0);
        tail.settle(now + AFTERWARDS);
        assert_eq!((tail.left_out, tail.bytes, tail.waiting.len()), (2, 0, 0));
        assert!(tail.take(vec![span(1, false, 5000, Status::Unset)], now).is_empty());
        assert_eq!(tail.left_out, 3);
    }

    #[test]
    fn slow_ones_and_the_share_are_kept() {
        let now = Instant::now();
        assert_eq!(ids(&Tail::new(RULE).take(vec![span(1, true, 1000, Status::Unset)], now)), [1]);
        let share = Rule { share: 0.5, ..RULE };
        let both = vec![span(1, true, 5, Status::Unset), span(200, true, 5, Status::Unset)];
        assert_eq!(ids(&Tail::new(share).take(both, now)), [1]);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let (mut tail, now) = (Tail::new(RULE), Instant::now());
        let each = weight(&span(1, false, 5, Status::Unset).item);
        let many = LIMIT_BYTES / each / 2 + 1;
        for id in [1, 2] {
            let spans = (0..many).map(|_| span(id, false, 5, Status::Unset)).collect();
            assert!(tail.take(spans, now).is_empty());
        }
        assert!(tail.bytes <= LIMIT_BYTES);
        assert_eq!(tail.left_out, many as u64);
        assert_eq!(tail.waiting.keys().map(|id| id.to_bytes()[0]).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn nobody_waits_for_a_root_for_ever() {
        let (mut tail, now) = (Tail::new(RULE), Instant::now());
        tail.take(vec![span(1, false, 5, Status::Unset)], now);
        tail.settle(now + PATIENCE);
        assert_eq!((tail.left_out, tail.arrivals.len()), (1, 0));
    }
}
