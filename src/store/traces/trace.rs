//! One trace: its spans, encoded, and what is known of the whole without unpacking them.

use std::sync::Arc;

use crate::store::otlp::{
    glance::{Glance, KIND_CLIENT, KIND_SERVER},
    sender::Sender,
};

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

/// A span that is new here. A client span that names nobody is shown once more when the server span that came of it is
/// known.
#[derive(Debug)]
pub struct Seen<'a> {
    pub sender: &'a Sender,
    pub span: &'a Glance<'a>,
    /// Who answered, where only the trace tells.
    pub server: Option<&'a Sender>,
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
            head: Head { place, name, is_root: glance.parent.is_none(), start_ns: glance.start_ns },
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
        let is_better = (glance.parent.is_none(), self.head.start_ns) > (self.head.is_root, glance.start_ns);
        if !self.places.contains(&place) && self.places.len() < MOST_PLACES {
            self.places.push(place.clone());
        }
        if is_better {
            self.head = Head { place, name, is_root: glance.parent.is_none(), start_ns: glance.start_ns };
        }
        self.span_bytes += kept.span.len() + SPAN_OVERHEAD_BYTES;
        self.spans.push(kept);
        Added::Kept
    }

    /// Shows `onlooker` each client span that names nobody beside the server span that came of it, of which one is
    /// `glance`, the newest here.
    pub fn meet(&self, sender: &Sender, glance: &Glance<'_>, onlooker: &mut impl FnMut(&Seen<'_>)) {
        if glance.kind == KIND_SERVER {
            let client = self.spans.iter().find(|kept| Some(kept.id) == glance.parent);
            let Some((kept, span)) = client.and_then(|kept| Some((kept, Glance::at(&kept.span).ok()?)))
            else {
                return;
            };
            if is_nameless(&span) && kept.sender.service != sender.service {
                onlooker(&Seen { sender: &kept.sender, span: &span, server: Some(sender) });
            }
        } else if is_nameless(glance) {
            let came_of_it = |kept: &&Kept| {
                let span = Glance::at(&kept.span).ok();
                kept.sender.service != sender.service
                    && span
                        .is_some_and(|span| span.kind == KIND_SERVER && span.parent == Some(glance.span_id))
            };
            if let Some(server) = self.spans.iter().find(came_of_it) {
                onlooker(&Seen { sender, span: glance, server: Some(&server.sender) });
            }
        }
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

/// Whether a client asked somebody whose name it does not say.
fn is_nameless(span: &Glance<'_>) -> bool {
    span.kind == KIND_CLIENT && span.database.is_none() && span.named_peer().is_none()
}
