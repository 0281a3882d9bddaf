//! One trace as a tree: what called what, unpacked for whoever looks at it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use opentelemetry_proto::tonic::trace::v1::{Span, span};
use prost::Message;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    search::{millis, status},
    shelf::rfc3339,
    trace::Trace,
};
use crate::store::otlp::{sender::Sender, values};

/// Spans that lie deeper stand beside one another at this depth: readers of JSON give up at 128 brackets, and each
/// span opens two.
const DEEPEST: usize = 50;

/// A trace.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Tree {
    pub trace_id: String,
    /// RFC 3339.
    pub started: String,
    pub duration_ms: f64,
    /// `error` when any span failed, otherwise `ok`.
    pub status: &'static str,
    pub services: Vec<String>,
    /// How many spans of it are kept.
    pub spans: usize,
    /// Spans that came and were not kept, because the trace has too many. One that was sent twice counts twice.
    pub turned_away: u64,
    /// Whether it is kept until it is unpinned.
    pub pinned: bool,
    /// Spans without a parent in this trace; more than one when some are missing, or still to come.
    pub roots: Vec<Branch>,
}

/// A span, and those it called.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = SpanBranch)]
pub struct Branch {
    pub span_id: String,
    pub parent_span_id: Option<String>,
    pub service: String,
    pub version: Option<String>,
    pub name: String,
    /// `internal`, `server`, `client`, `producer` or `consumer`.
    pub kind: &'static str,
    /// RFC 3339.
    pub started: String,
    /// Since the trace began.
    pub offset_ms: f64,
    pub duration_ms: f64,
    /// `unset`, `ok` or `error`.
    pub status: &'static str,
    pub status_message: Option<String>,
    pub attributes: Map<String, Value>,
    pub events: Vec<Event>,
    /// In the order they began.
    #[schema(no_recursion)]
    pub children: Vec<Branch>,
}

/// Something that happened within a span.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Event {
    pub name: String,
    /// Since the trace began.
    pub offset_ms: f64,
    pub attributes: Map<String, Value>,
}

/// Unpacks `trace`, whose id is written `trace_id`.
pub fn tree(trace_id: String, trace: &Trace, pinned: bool) -> Tree {
    let grove = Grove::of(trace);
    let roots = grove.roots();
    let mut seen = HashSet::new();
    let mut grown: Vec<Branch> =
        roots.into_iter().filter_map(|root| grove.grow(root, 1, &mut seen)).collect();
    // Spans that are one another's parents hang on no root.
    for index in 0..grove.spans.len() {
        grown.extend(grove.grow(index, 1, &mut seen));
    }
    Tree {
        trace_id,
        started: rfc3339(trace.start_ns),
        duration_ms: millis(trace.duration_ns()),
        status: status(trace.errors),
        services: trace.services().into_iter().map(str::to_owned).collect(),
        spans: grove.spans.len(),
        turned_away: trace.turned_away,
        pinned,
        roots: grown,
    }
}

/// The spans of a trace in the order they began, and who called whom.
struct Grove {
    start_ns: u64,
    spans: Vec<(Arc<Sender>, Span)>,
    children: HashMap<Vec<u8>, Vec<usize>>,
}

impl Grove {
    fn of(trace: &Trace) -> Self {
        let unpacked = trace.spans.iter().filter_map(|kept| {
            let span = Span::decode(&*kept.span).ok()?;
            Some((kept.sender.clone(), span))
        });
        let mut spans: Vec<(Arc<Sender>, Span)> = unpacked.collect();
        spans.sort_by_key(|(_, span)| span.start_time_unix_nano);
        let mut children: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (index, (_, span)) in spans.iter().enumerate() {
            children.entry(span.parent_span_id.clone()).or_default().push(index);
        }
        Grove { start_ns: trace.start_ns, spans, children }
    }

    fn roots(&self) -> Vec<usize> {
        let ids: HashSet<&[u8]> = self.spans.iter().map(|(_, span)| &*span.span_id).collect();
        let is_root = |index: &usize| !ids.contains(&*self.spans[*index].1.parent_span_id);
        (0..self.spans.len()).filter(is_root).collect()
    }

    /// The branch at `index`; nothing when it has grown already.
    fn grow(&self, index: usize, depth: usize, seen: &mut HashSet<usize>) -> Option<Branch> {
        if !seen.insert(index) {
            return None;
        }
        let mut branch = self.branch(index);
        if depth < DEEPEST {
            let children = self.below(index).iter();
            branch.children = children.filter_map(|child| self.grow(*child, depth + 1, seen)).collect();
            return Some(branch);
        }
        let mut open: Vec<usize> = self.below(index).iter().rev().copied().collect();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                branch.children.push(self.branch(next));
                open.extend(self.below(next).iter().rev());
            }
        }
        Some(branch)
    }

    fn below(&self, index: usize) -> &[usize] {
        self.children.get(&self.spans[index].1.span_id).map_or(&[], Vec::as_slice)
    }

    fn branch(&self, index: usize) -> Branch {
        let (sender, span) = &self.spans[index];
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let status = span.status.as_ref();
        let begun = span.start_time_unix_nano;
        Branch {
            span_id: values::hex(&span.span_id),
            parent_span_id: some(&values::hex(&span.parent_span_id)),
            service: sender.service.to_string(),
            version: some(&sender.version),
            name: span.name.clone(),
            kind: kind(span.kind),
            started: rfc3339(begun),
            offset_ms: self.offset_ms(begun),
            duration_ms: millis(span.end_time_unix_nano.saturating_sub(begun)),
            status: match status.map_or(0, |status| status.code) {
                1 => "ok",
                2 => "error",
                _ => "unset",
            },
            status_message: status.and_then(|status| some(&status.message)),
            attributes: values::object(&span.attributes),
            events: span.events.iter().map(|event| self.event(event)).collect(),
            children: Vec::new(),
        }
    }

    fn event(&self, event: &span::Event) -> Event {
        Event {
            name: event.name.clone(),
            offset_ms: self.offset_ms(event.time_unix_nano),
            attributes: values::object(&event.attributes),
        }
    }

    fn offset_ms(&self, at_ns: u64) -> f64 {
        millis(at_ns.saturating_sub(self.start_ns))
    }
}

fn kind(number: i32) -> &'static str {
    match number {
        2 => "server",
        3 => "client",
        4 => "producer",
        5 => "consumer",
        _ => "internal",
    }
}
