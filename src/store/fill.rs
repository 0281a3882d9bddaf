//! How full the store is, and how its memory is shared out.

use serde::Serialize;
use utoipa::ToSchema;

use super::traces::priority::PriorityFill;

/// How full each part of the store is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Fill {
    pub limit_bytes: usize,
    pub traces: Part,
    pub logs: Part,
    pub metrics: Part,
    pub profiles: Part,
    pub graph: Part,
    /// What the traces are kept for, the lowest priority first: the one that is evicted first.
    pub priorities: Vec<PriorityFill>,
}

/// One part of the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = StorePart)]
pub struct Part {
    /// What it takes of the process's memory, with what the allocator needs beside it.
    pub bytes: usize,
    pub limit_bytes: usize,
    /// Spans, lines, series, stacks, or edges and nodes of the graph in slots of ten seconds.
    pub items: usize,
    /// What had to make room: of traces the lowest priority first, otherwise the oldest. Spans, lines, points, stacks, slots.
    pub evicted: u64,
    /// What was never kept, because it makes no sense or because there is too much of its kind.
    pub turned_away: u64,
    /// RFC 3339; nothing while it is empty.
    pub oldest: Option<String>,
}

/// How much a part may hold, and how often that was too little.
#[derive(Clone, Debug)]
pub struct Bound {
    pub limit_bytes: usize,
    pub evicted: u64,
    pub turned_away: u64,
}

impl Bound {
    pub fn new(limit_bytes: usize) -> Self {
        Bound { limit_bytes, evicted: 0, turned_away: 0 }
    }

    /// How full a part is that holds so many bytes and items, since when.
    pub fn part(&self, bytes: usize, items: usize, oldest: Option<String>) -> Part {
        let Bound { limit_bytes, evicted, turned_away } = *self;
        Part { bytes, limit_bytes, items, evicted, turned_away, oldest }
    }
}

/// What became of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub kept: u64,
    pub turned_away: u64,
}

/// How many bytes each part may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    pub traces: usize,
    pub logs: usize,
    pub metrics: usize,
    pub profiles: usize,
    pub graph: usize,
}

impl Shares {
    /// An eighth stays free for the holes between allocations, which the allocator keeps and no part can count (15 %
    /// of what is counted, measured on a store that was filled several times over). Of the rest, half for traces, of which
    /// most is asked; a quarter for lines; three twentieths for series; a twentieth each for profiles and the graph, which
    /// are sums already.
    pub fn of(limit_bytes: usize) -> Self {
        let twentieths = |count: usize| limit_bytes / 8 * 7 / 20 * count;
        Shares {
            traces: twentieths(10),
            logs: twentieths(5),
            metrics: twentieths(3),
            profiles: twentieths(1),
            graph: twentieths(1),
        }
    }
}
