//! Trace and span ids. A shopper brings its trace id along, so that the same seed makes the same traces.

use std::cell::Cell;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::IdGenerator;
use rand::RngExt;

thread_local! {
    static CHOSEN: Cell<Option<[u8; 16]>> = const { Cell::new(None) };
}

/// Makes random ids, except that the next root span of this thread takes the id that was chosen for it.
#[derive(Debug)]
pub struct Ids;

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        CHOSEN.take().map_or_else(|| TraceId::from_bytes(rand::rng().random()), TraceId::from_bytes)
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from_bytes(rand::rng().random())
    }
}

/// Runs `start`, in which a root span takes `trace_id`.
pub fn with_trace_id<T>(trace_id: Option<[u8; 16]>, start: impl FnOnce() -> T) -> T {
    CHOSEN.set(trace_id);
    let started = start();
    // A span with a parent does not ask for a trace id; none may be left for the next.
    CHOSEN.set(None);
    started
}
