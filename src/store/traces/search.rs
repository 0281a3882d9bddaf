//! Traces by what is asked for. What is noted of a trace decides first; its spans are looked into only for attributes,
//! and without unpacking them.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use prost::Message;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    kept::{Kept, TraceId},
    shelf::{Shelf, Shown, rfc3339},
    trace::{Place, Trace},
};
use crate::{
    kernel::lock::Mutex,
    store::otlp::{
        glance::{self, Glance},
        values,
    },
};

/// So many traces are looked at before those who bring new ones get their turn.
const AT_ONCE: usize = 64;

/// What is asked for. `service`, `route` and `attributes` must hold for one span together; where a failure is asked for,
/// that span is one that failed.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub service: Option<String>,
    pub route: Option<String>,
    /// Whether anything in it failed.
    pub has_errors: Option<bool>,
    pub min_duration_ns: u64,
    pub attributes: Vec<(String, String)>,
    /// Begun no earlier, in nanoseconds since 1970.
    pub since_ns: u64,
    /// Ended no later, where that is asked for.
    pub until_ns: Option<u64>,
    pub limit: usize,
}

impl Wanted {
    /// Whether the trace as a whole does not tell: its spans have to be looked at.
    fn is_of_spans(&self) -> bool {
        let is_somewhere = self.service.is_some() || self.route.is_some();
        !self.attributes.is_empty() || (is_somewhere && self.has_errors == Some(true))
    }
}

/// A trace in a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Summary {
    pub trace_id: String,
    /// Service, name and route of its first span.
    pub service: String,
    pub name: String,
    pub route: Option<String>,
    /// RFC 3339.
    pub started: String,
    pub duration_ms: f64,
    /// Spans that are kept.
    pub spans: usize,
    /// Spans that came and were not kept, because the trace has too many. One that was sent twice counts twice.
    pub turned_away: u64,
    /// Whether it is kept until it is unpinned.
    pub pinned: bool,
    /// Spans that failed.
    pub errors: u32,
    /// `error` when any span failed, otherwise `ok`.
    pub status: &'static str,
    pub services: Vec<String>,
}

/// The newest traces that are as `wanted`, newest first, and their ids.
pub fn search(shelf: &Mutex<Shelf>, wanted: &Wanted) -> (Vec<Summary>, Vec<TraceId>) {
    let mut ids = {
        let shelf = shelf.lock();
        shelf.ids()
    };
    ids.sort_unstable();
    let mut found: Vec<(u64, TraceId, Summary)> = Vec::new();
    for some in ids.rchunks(AT_ONCE) {
        let shelf = shelf.lock();
        let fitting = some.iter().rev().filter_map(|(_, id)| {
            let shown = shelf.get(id).filter(|shown| fits(shown.trace, wanted))?;
            Some((shown.trace.start_ns, *id, summary(id, shown)))
        });
        found.extend(fitting.take(wanted.limit - found.len()));
        if found.len() >= wanted.limit {
            break;
        }
    }
    found.sort_by_key(|(start_ns, ..)| std::cmp::Reverse(*start_ns));
    found.into_iter().map(|(_, id, summary)| (summary, id)).unzip()
}

/// How a trace ended, in a word.
pub fn status(errors: u32) -> &'static str {
    if errors > 0 { "error" } else { "ok" }
}

/// Nanoseconds as milliseconds.
pub fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

fn summary(id: &TraceId, shown: Shown<'_>) -> Summary {
    let trace = shown.trace;
    Summary {
        trace_id: values::hex(id),
        service: trace.head.place.service.to_string(),
        name: trace.head.name.to_string(),
        route: trace.head.place.route.as_deref().map(str::to_owned),
        started: rfc3339(trace.start_ns),
        duration_ms: millis(trace.duration_ns()),
        spans: trace.spans.len(),
        turned_away: trace.turned_away,
        pinned: shown.is_pinned,
        errors: trace.errors,
        status: status(trace.errors),
        services: trace.services().into_iter().map(str::to_owned).collect(),
    }
}

fn fits(trace: &Trace, wanted: &Wanted) -> bool {
    trace.start_ns >= wanted.since_ns
        && wanted.until_ns.is_none_or(|until_ns| trace.start_ns + trace.duration_ns() <= until_ns)
        && trace.duration_ns() >= wanted.min_duration_ns
        && wanted.has_errors.is_none_or(|has_errors| has_errors == (trace.errors > 0))
        && trace.places.iter().any(|place| is_at(place, wanted))
        && (!wanted.is_of_spans() || trace.spans.iter().any(|kept| is_like(kept, wanted)))
}

fn is_at(place: &Place, wanted: &Wanted) -> bool {
    wanted.service.as_deref().is_none_or(|service| service == &*place.service)
        && wanted.route.as_deref().is_none_or(|route| Some(route) == place.route.as_deref())
}

/// Whether one span fits all that is asked of one.
fn is_like(kept: &Kept, wanted: &Wanted) -> bool {
    let has = |(key, value): &(String, String)| says(&kept.span, key, value) || kept.sender.says(key, value);
    let at_route =
        |route: &String| says(&kept.span, "http.route", route) || says(&kept.span, "url.template", route);
    wanted.service.as_deref().is_none_or(|service| service == &*kept.sender.service)
        && wanted.attributes.iter().all(has)
        && wanted.route.as_ref().is_none_or(at_route)
        && (wanted.has_errors != Some(true) || Glance::at(&kept.span).is_ok_and(|span| span.is_error))
}

fn says(span: &[u8], wanted: &str, value: &str) -> bool {
    let text = |encoded: &[u8]| AnyValue::decode(encoded).is_ok_and(|any| values::text(&any) == value);
    glance::attributes(span).any(|(key, encoded)| key == wanted && text(encoded))
}
