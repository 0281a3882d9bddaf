//! One trace: its spans, encoded, and what is known of the whole without unpacking them.

use std::sync::Arc;

use super::{
    index::Index,
    kept::{Kept, Role},
};
use crate::store::{
    allocation::allocated,
    otlp::{glance::Glance, sender::Sender},
};

/// A trace may have so many spans, and so many bytes of them; more are turned away and counted. One more is kept: the root,
/// which often ends and therefore comes last.
pub const MOST_SPANS: usize = 5_000;
/// So many places of a trace can be searched by; real traces have a few dozen at most.
const MOST_PLACES: usize = 100;

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
    /// Spans that were not kept because the trace has too many.
    pub turned_away: u64,
    index: Index,
    span_bytes: usize,
    /// The most bytes that its spans may have.
    most_bytes: usize,
}

impl Trace {
    /// A trace without spans, which will be called after the first that is added.
    pub fn new(glance: &Glance<'_>, place: Place, name: Arc<str>, most_bytes: usize) -> Self {
        Trace {
            head: Head { place, name, is_root: glance.parent.is_none(), start_ns: glance.start_ns },
            start_ns: glance.start_ns,
            end_ns: glance.end_ns,
            errors: 0,
            places: Vec::new(),
            spans: Vec::new(),
            turned_away: 0,
            index: Index::default(),
            span_bytes: 0,
            most_bytes,
        }
    }

    pub fn add(&mut self, glance: &Glance<'_>, place: Place, name: Arc<str>, kept: Kept) -> Added {
        if self.index.span(&self.spans, kept.id).is_some() {
            return Added::Known;
        }
        let is_root = glance.parent.is_none();
        let is_full = self.spans.len() >= MOST_SPANS || self.span_bytes + kept.span.len() > self.most_bytes;
        // Without its root a trace has no name and no whole duration.
        let is_missed_root = is_root && (!self.head.is_root || self.spans.is_empty());
        if is_full && !is_missed_root {
            self.turned_away += 1;
            return Added::Full;
        }
        self.start_ns = self.start_ns.min(glance.start_ns);
        self.end_ns = self.end_ns.max(glance.end_ns);
        self.errors += u32::from(glance.is_error);
        let is_better = (is_root, self.head.start_ns) > (self.head.is_root, glance.start_ns);
        if !self.places.contains(&place) && self.places.len() < MOST_PLACES {
            self.places.push(place.clone());
        }
        if is_better {
            self.head = Head { place, name, is_root, start_ns: glance.start_ns };
        }
        self.span_bytes += allocated(kept.span.len());
        self.spans.push(kept);
        self.index.added(&self.spans);
        Added::Kept
    }

    /// Shows `onlooker` each client span that names nobody beside the server span that came of it, of which one is
    /// `glance`, the newest here.
    pub fn meet(&self, sender: &Sender, glance: &Glance<'_>, onlooker: &mut impl FnMut(&Seen<'_>)) {
        let (id, parent) = (glance.span_id, glance.parent);
        match Role::of(glance) {
            Role::Server => {
                let client = parent.and_then(|parent| self.index.span(&self.spans, parent));
                let nameless = client.filter(|kept| kept.role == Role::NamelessClient);
                let Some(kept) = nameless.filter(|kept| kept.sender.service != sender.service) else {
                    return;
                };
                if let Ok(span) = Glance::at(&kept.span) {
                    onlooker(&Seen { sender: &kept.sender, span: &span, server: Some(sender) });
                }
            }
            Role::NamelessClient => {
                let server = self.index.server(&self.spans, id);
                if let Some(server) = server.filter(|kept| kept.sender.service != sender.service) {
                    onlooker(&Seen { sender, span: glance, server: Some(&server.sender) });
                }
            }
            Role::Other => {}
        }
    }

    /// Gives back the room that was left for spans to come.
    pub fn shrink(&mut self) {
        self.spans.shrink_to_fit();
        self.places.shrink_to_fit();
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
            + self.span_bytes
            + allocated(self.spans.capacity() * size_of::<Kept>())
            + allocated(self.places.capacity() * size_of::<Place>())
            + self.index.bytes()
    }
}
