//! The store as a whole: a part for each kind of signal, each behind a lock of its own.
//!
//! The parts are locked one after another and not together, so that a question about one never waits for another. Where a
//! question concerns two (an exemplar and its trace), the first part answers, its lock is released, and then the second is
//! asked: between the two things may go, which is why the last word is with the part that is asked last.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicI64, Ordering},
};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;

use super::{
    fill::{Fill, Shares, Taken},
    graph::{
        answer::{self as graphs, Graph},
        slots::Slots,
    },
    logs::{
        line::Line,
        record::Records,
        ring::{self, Ring},
    },
    metrics::{
        answer::{self as series, Metric, Shown, ShownExemplar},
        referred::referred,
        refusal::Outcome,
        shelf::Shelf as Metrics,
    },
    otlp::values,
    profiles::shelf::{Batch, Profile, Profiled, Shelf as Profiles},
    traces::{
        kept::TraceId,
        search::{self, Summary},
        shelf::{Pinned, Shelf as Traces},
        tree::{Tree, tree},
    },
};
use crate::kernel::{clock, lock::Mutex};

/// A trace that was in a list, or behind an exemplar that was shown, is kept for so long: long enough to read the
/// answer and click.
const LISTED_MS: i64 = 60_000;
/// A trace that was opened is kept for so long: its page may be reloaded, and its address sent to a colleague.
const OPENED_MS: i64 = 15 * 60_000;
/// All exemplars are looked through, so not for each of many small requests.
const REFER_EVERY_MS: u64 = 100;

/// The recent past of all signals.
///
/// Order of locks, where one is taken while another is held: `traces`, then `graph` ([`Store::take_spans`] alone). No other
/// method holds two. Debug builds check it: see [`Mutex`].
#[derive(Debug)]
pub struct Store {
    limit_bytes: usize,
    traces: Mutex<Traces>,
    graph: Mutex<Slots>,
    metrics: Mutex<Metrics>,
    logs: Mutex<Ring>,
    profiles: Mutex<Profiles>,
    /// When the traces that exemplars lead to were last found out.
    referred_ms: AtomicI64,
}

impl Store {
    /// An empty store that may take `limit_bytes` of memory.
    pub fn new(limit_bytes: usize) -> Self {
        let shares = Shares::of(limit_bytes);
        Store {
            limit_bytes,
            traces: Mutex::new(Traces::new(shares.traces)),
            graph: Mutex::new(Slots::new(shares.graph)),
            metrics: Mutex::new(Metrics::new(shares.metrics)),
            logs: Mutex::new(Ring::new(shares.logs)),
            profiles: Mutex::new(Profiles::new(shares.profiles)),
            referred_ms: AtomicI64::new(0),
        }
    }

    /// Takes an encoded `ExportTraceServiceRequest`.
    pub fn take_spans(&self, request: &[u8]) -> Taken {
        let now_ms = clock::now_millis();
        let mut traces = self.traces.lock();
        let mut graph = self.graph.lock();
        traces.take(request, now_ms, |seen| graph.note(seen, now_ms))
    }

    /// Takes what the lab measured itself.
    pub fn take_metrics(&self, request: &ExportMetricsServiceRequest) -> Outcome {
        let now_ms = clock::now_millis();
        let outcome = {
            let mut metrics = self.metrics.lock();
            metrics.take_own(request, now_ms)
        };
        self.refer(now_ms);
        outcome
    }

    /// Marks the traces that exemplars lead to, unless that was just done.
    fn refer(&self, now_ms: i64) {
        let last_ms = self.referred_ms.load(Ordering::Relaxed);
        let is_due = now_ms.abs_diff(last_ms) >= REFER_EVERY_MS;
        // Of several that come at once, one does it.
        let is_ours = || {
            self.referred_ms.compare_exchange(last_ms, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        if !is_due || !is_ours() {
            return;
        }
        let exemplars = {
            let metrics = self.metrics.lock();
            referred(&metrics)
        };
        let mut traces = self.traces.lock();
        traces.refer(&exemplars, now_ms);
    }

    /// Takes an encoded `ExportMetricsServiceRequest` of a sender, which has been checked.
    pub fn take_foreign_metrics(&self, request: &[u8]) -> Outcome {
        let now_ms = clock::now_millis();
        let outcome = {
            let mut metrics = self.metrics.lock();
            metrics.take_encoded(request, now_ms)
        };
        self.refer(now_ms);
        outcome
    }

    /// Takes an encoded `ExportLogsServiceRequest`, which has been checked, as lines like our own. Some records are
    /// decoded at a time, without the lock.
    pub fn take_records(&self, request: &[u8]) -> Taken {
        let now_ns = clock::now_millis().unsigned_abs() * 1_000_000;
        let mut taken = Taken::default();
        let mut records = Records::of(request, now_ns);
        while let Some(batch) = records.next_batch() {
            let mut logs = self.logs.lock();
            let kept = logs.take(batch.lines);
            logs.turn_away(batch.turned_away);
            taken.kept += kept.kept;
            taken.turned_away += kept.turned_away + batch.turned_away;
        }
        taken
    }

    pub fn take_lines(&self, lines: impl IntoIterator<Item = Line>) -> Taken {
        // What makes the lines is not ours, and may take a lock of its own.
        let lines: Vec<Line> = lines.into_iter().collect();
        let mut logs = self.logs.lock();
        logs.take(lines)
    }

    /// Does `work` while the part for log lines is locked, as if its owner did not come to an end.
    #[cfg(test)]
    pub fn with_locked_logs(&self, work: impl FnOnce()) {
        let _logs = self.logs.lock();
        work();
    }

    pub fn take_samples(&self, batch: &Batch) -> Taken {
        let mut profiles = self.profiles.lock();
        profiles.take(batch, clock::now_millis())
    }

    /// The newest traces that are as `wanted`, newest first. They are kept for a while: a click on one leads to it.
    pub fn traces(&self, wanted: &search::Wanted) -> Vec<Summary> {
        let (found, ids) = search::search(&self.traces, wanted);
        self.cite(&ids, LISTED_MS);
        found
    }

    /// One trace as a tree. It is kept for a while.
    pub fn trace(&self, id: &TraceId) -> Option<Tree> {
        let now_ms = clock::now_millis();
        // Unpacked without the lock: a trace may have thousands of spans.
        let (trace, is_pinned) = {
            let mut traces = self.traces.lock();
            traces.cite(id, now_ms + OPENED_MS, now_ms);
            let shown = traces.get(id)?;
            (shown.trace.clone(), shown.is_pinned)
        };
        Some(tree(values::hex(id), &trace, is_pinned))
    }

    /// An answer refers to these traces: those that are here are kept for so long, as far as there is room.
    pub fn cite(&self, ids: &[TraceId], for_ms: i64) {
        let now_ms = clock::now_millis();
        let mut traces = self.traces.lock();
        for id in ids {
            traces.cite(id, now_ms + for_ms, now_ms);
        }
    }

    /// Keeps a trace until it is unpinned.
    pub fn pin(&self, id: &TraceId) -> Pinned {
        let mut traces = self.traces.lock();
        traces.pin(id, clock::now_millis())
    }

    /// Unpins a trace. Whether it was pinned.
    pub fn unpin(&self, id: &TraceId) -> bool {
        let mut traces = self.traces.lock();
        traces.unpin(id, clock::now_millis())
    }

    /// The newest lines that are as `wanted`, each a JSON object, in the order of time.
    pub fn lines(&self, wanted: &ring::Wanted) -> Vec<Box<str>> {
        ring::search(&self.logs, wanted)
    }

    /// All metrics by name.
    pub fn metrics(&self) -> Vec<Metric> {
        let metrics = self.metrics.lock();
        series::metrics(&metrics)
    }

    /// The series that are as `wanted`; nothing when there is no metric of that name. An exemplar whose trace is gone is not
    /// shown, and the traces of those that are shown are kept for a while.
    pub fn series(&self, wanted: &series::Wanted) -> Option<Vec<Shown>> {
        let mut shown = {
            let metrics = self.metrics.lock();
            series::series(&metrics, wanted)?
        };
        let ids: HashSet<TraceId> =
            shown.iter().flat_map(|one| &one.exemplars).filter_map(trace_of).collect();
        let now_ms = clock::now_millis();
        let here: HashSet<TraceId> = {
            let mut traces = self.traces.lock();
            ids.into_iter().filter(|id| traces.cite_exemplar(id, now_ms + LISTED_MS, now_ms)).collect()
        };
        for one in &mut shown {
            one.exemplars.retain(|exemplar| trace_of(exemplar).is_some_and(|id| here.contains(&id)));
        }
        Some(shown)
    }

    /// Who called whom in the last `seconds`.
    pub fn graph(&self, seconds: i64) -> Graph {
        let graph = self.graph.lock();
        graphs::graph(&graph, seconds, clock::now_millis())
    }

    /// Services and routes of which there are samples.
    pub fn profiled(&self) -> Vec<Profiled> {
        let profiles = self.profiles.lock();
        profiles.list()
    }

    /// The samples of `service`, on one route or on all, of the last `seconds`.
    pub fn profile(&self, service: &str, route: Option<&str>, seconds: i64) -> Option<Profile> {
        let profiles = self.profiles.lock();
        profiles.profile(service, route, clock::now_millis() - seconds * 1_000)
    }

    /// How full it is. Part by part: each is locked while it is looked at, and no other is.
    pub fn fill(&self) -> Fill {
        let (traces, priorities) = {
            let traces = self.traces.lock();
            (traces.fill(), traces.priorities())
        };
        let graph = {
            let graph = self.graph.lock();
            graph.fill()
        };
        let metrics = {
            let metrics = self.metrics.lock();
            metrics.fill()
        };
        let logs = {
            let logs = self.logs.lock();
            logs.fill()
        };
        let profiles = {
            let profiles = self.profiles.lock();
            profiles.fill()
        };
        Fill { limit_bytes: self.limit_bytes, traces, logs, metrics, profiles, graph, priorities }
    }
}

/// The trace that an exemplar leads to.
fn trace_of(exemplar: &ShownExemplar) -> Option<TraceId> {
    u128::from_str_radix(&exemplar.trace_id, 16).ok().map(u128::to_be_bytes)
}
