//! Finds a span of a trace by its id, and the server span that answered a client span. A short list is searched from end to
//! end, which is faster than any table; a long one gets two hash tables, so that a trace of thousands of spans costs no more
//! per span than one of ten.

use std::collections::HashMap;

use super::kept::{Kept, Role, SpanId};
use crate::store::allocation::table;

/// A trace with more spans has the tables.
const LISTED: usize = 32;

/// The tables, while there are any.
#[derive(Clone, Debug, Default)]
pub struct Index(Option<Box<Tables>>);

#[derive(Clone, Debug, Default)]
struct Tables {
    /// Where each span is in the list.
    spans: HashMap<SpanId, u32>,
    /// The first server span below each client span.
    servers: HashMap<SpanId, u32>,
}

impl Index {
    /// The span of that id.
    pub fn span<'a>(&self, spans: &'a [Kept], id: SpanId) -> Option<&'a Kept> {
        match &self.0 {
            None => spans.iter().find(|kept| kept.id == id),
            Some(tables) => spans.get(*tables.spans.get(&id)? as usize),
        }
    }

    /// The first server span whose parent is the client span `client`.
    pub fn server<'a>(&self, spans: &'a [Kept], client: SpanId) -> Option<&'a Kept> {
        match &self.0 {
            None => spans.iter().find(|kept| kept.role == Role::Server && kept.parent == Some(client)),
            Some(tables) => spans.get(*tables.servers.get(&client)? as usize),
        }
    }

    /// The newest of `spans` was added.
    pub fn added(&mut self, spans: &[Kept]) {
        match &mut self.0 {
            Some(tables) => {
                if let Some((kept, place)) = spans.last().zip(spans.len().checked_sub(1)) {
                    tables.note(kept, place);
                }
            }
            None if spans.len() > LISTED => {
                let mut tables = Box::<Tables>::default();
                spans.iter().enumerate().for_each(|(place, kept)| tables.note(kept, place));
                self.0 = Some(tables);
            }
            None => {}
        }
    }

    /// What it takes in memory beside itself.
    pub fn bytes(&self) -> usize {
        const ENTRY_BYTES: usize = size_of::<(SpanId, u32)>();
        self.0.as_ref().map_or(0, |tables| {
            size_of::<Tables>()
                + table(tables.spans.capacity(), ENTRY_BYTES)
                + table(tables.servers.capacity(), ENTRY_BYTES)
        })
    }
}

impl Tables {
    fn note(&mut self, kept: &Kept, place: usize) {
        let Ok(place) = u32::try_from(place) else { return };
        self.spans.insert(kept.id, place);
        if let Some(parent) = kept.parent.filter(|_| kept.role == Role::Server) {
            self.servers.entry(parent).or_insert(place);
        }
    }
}
