//! One trace: its spans, encoded, and what is known of the whole without unpacking them.

use std::sync::Arc;

use crate::store::otlp::{glance::Glance, sender::Sender};

/// A trace may have so many spans; what comes behind is turned away.
pub const MOST_SPANS: usize = 5_000;
/// So many places of a trace can be searched by; real traces have a few dozen at most.
const MOST_PLACES: usize = 100;
/// What an allocation and an entry of the table take beside what is in them.
const SPAN_OVERHEAD_BYTES: usize = 16;
const TRACE_OVERHEAD_BYTES: usize = 96;

/// A span as it came, and who sent it.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: [u8; 8],
    pub sender: Arc<Sender>,
    pub span: Box<[u8]>,
}

/// What became of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    Kept,
    /// It was here: who sends a batch again because the answer was lost sends its spans twice.
    Known,
    /// The trace has too many.
    Full,
}

/// Where a trace came by: a service, and the route there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub service: Arc<str>,
    pub route: Option<Arc<str>>,
}

/// The span that a trace is called after: its root, or the earliest while that is not there.
#[derive(Clone, Debug)]
pub struct Head {
    pub place: Place,
    pub name: Arc<str>,
    is_root: bool,
    start_ns: u64,
}

/// A trace.
#[derive(Clone, Debug)]
pub struct Trace {
    pub head: Head,
    pub start_ns: u64,
    pub end_ns: u64,
    pub errors: u32,
    pub places: Vec<Place>,
    pub spans: Vec<Kept>,
    span_bytes: usize,
}

impl Trace {
    /// A trace without spans, which will be called after the first that is added.
    pub fn new(glance: &Glance<'_>, place: Place, name: Arc<str>) -> Self {
        Trace {
            head: Head { place, name, is_root: glance.is_root, start_ns: glance.start_ns },
            start_ns: glance.start_ns,
            end_ns: glance.end_ns,
            errors: 0,
            places: Vec::new(),
            spans: Vec::new(),
            span_bytes: 0,
        }
    }

    pub fn add(&mut self, glance: &Glance<'_>, place: Place, name: Arc<str>, kept: Kept) -> Added {
        if self.spans.iter().any(|known| known.id == kept.id) {
            return Added::Known;
        }
        if self.spans.len() >= MOST_SPANS {
            return Added::Full;
        }
        self.start_ns = self.start_ns.min(glance.start_ns);
        self.end_ns = self.end_ns.max(glance.end_ns);
        self.errors += u32::from(glance.is_error);
        let is_better = (glance.is_root, self.head.start_ns) > (self.head.is_root, glance.start_ns);
        if !self.places.contains(&place) && self.places.len() < MOST_PLACES {
            self.places.push(place.clone());
        }
        if is_better {
            self.head = Head { place, name, is_root: glance.is_root, start_ns: glance.start_ns };
        }
        self.span_bytes += kept.span.len() + SPAN_OVERHEAD_BYTES;
        self.spans.push(kept);
        Added::Kept
    }

    /// The services it came by, in the order of the alphabet.
    pub fn services(&self) -> Vec<&str> {
        let mut services: Vec<&str> = self.places.iter().map(|place| &*place.service).collect();
        services.sort_unstable();
        services.dedup();
        services
    }

    pub fn duration_ns(&self) -> u64 {
        self.end_ns - self.start_ns
    }

    /// What it takes in memory.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + TRACE_OVERHEAD_BYTES
            + self.span_bytes
            + self.spans.capacity() * size_of::<Kept>()
            + self.places.capacity() * size_of::<Place>()
    }
}
