//! The store as a whole: a part for each kind of signal, each behind a lock of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};

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
        answer::{self as series, Metric, Shown},
        refusal::Outcome,
        shelf::Shelf as Metrics,
    },
    otlp::values,
    profiles::shelf::{Batch, Profile, Profiled, Shelf as Profiles},
    traces::{
        search::{self, Summary},
        shelf::{Shelf as Traces, TraceId},
        tree::{Tree, tree},
    },
};
use crate::kernel::clock;

/// The recent past of all signals.
#[derive(Debug)]
pub struct Store {
    limit_bytes: usize,
    traces: Mutex<Traces>,
    logs: Mutex<Ring>,
    metrics: Mutex<Metrics>,
    profiles: Mutex<Profiles>,
    graph: Mutex<Slots>,
}

impl Store {
    /// An empty store that may take `limit_bytes` of memory.
    pub fn new(limit_bytes: usize) -> Self {
        let shares = Shares::of(limit_bytes);
        Store {
            limit_bytes,
            traces: Mutex::new(Traces::new(shares.traces)),
            logs: Mutex::new(Ring::new(shares.logs)),
            metrics: Mutex::new(Metrics::new(shares.metrics)),
            profiles: Mutex::new(Profiles::new(shares.profiles)),
            graph: Mutex::new(Slots::new(shares.graph)),
        }
    }

    /// Takes an encoded `ExportTraceServiceRequest`.
    pub fn take_spans(&self, request: &[u8]) -> Taken {
        let now_ms = clock::now_millis();
        let mut graph = held(&self.graph);
        held(&self.traces).take(request, |seen| graph.note(seen, now_ms))
    }

    /// Takes what the lab measured itself.
    pub fn take_metrics(&self, request: &ExportMetricsServiceRequest) -> Outcome {
        held(&self.metrics).take_own(request, clock::now_millis())
    }

    /// Takes an encoded `ExportMetricsServiceRequest` of a sender, which has been checked.
    pub fn take_foreign_metrics(&self, request: &[u8]) -> Outcome {
        held(&self.metrics).take_encoded(request, clock::now_millis())
    }

    /// Takes an encoded `ExportLogsServiceRequest`, which has been checked, as lines like our own. Some records are
    /// decoded at a time, without the lock.
    pub fn take_records(&self, request: &[u8]) -> Taken {
        let now_ns = clock::now_millis().unsigned_abs() * 1_000_000;
        let mut taken = Taken::default();
        let mut records = Records::of(request, now_ns);
        while let Some(batch) = records.next_batch() {
            let mut logs = held(&self.logs);
            let kept = logs.take(batch.lines);
            logs.turn_away(batch.too_large);
            taken.kept += kept.kept;
            taken.turned_away += kept.turned_away + batch.too_large;
        }
        taken
    }

    pub fn take_lines(&self, lines: impl IntoIterator<Item = Line>) -> Taken {
        held(&self.logs).take(lines)
    }

    pub fn take_samples(&self, batch: &Batch) -> Taken {
        held(&self.profiles).take(batch, clock::now_millis())
    }

    /// The newest traces that are as `wanted`, newest first.
    pub fn traces(&self, wanted: &search::Wanted) -> Vec<Summary> {
        search::search(&self.traces, wanted)
    }

    /// One trace as a tree.
    pub fn trace(&self, id: &TraceId) -> Option<Tree> {
        // Unpacked without the lock: a trace may have thousands of spans.
        let trace = held(&self.traces).get(id)?.clone();
        Some(tree(values::hex(id), &trace))
    }

    /// The newest lines that are as `wanted`, each a JSON object, in the order of time.
    pub fn lines(&self, wanted: &ring::Wanted) -> Vec<Box<str>> {
        ring::search(&self.logs, wanted)
    }

    /// All metrics by name.
    pub fn metrics(&self) -> Vec<Metric> {
        series::metrics(&held(&self.metrics))
    }

    /// The series that are as `wanted`; nothing when there is no metric of that name.
    pub fn series(&self, wanted: &series::Wanted) -> Option<Vec<Shown>> {
        series::series(&held(&self.metrics), wanted)
    }

    /// Who called whom in the last `seconds`.
    pub fn graph(&self, seconds: i64) -> Graph {
        graphs::graph(&held(&self.graph), seconds, clock::now_millis())
    }

    /// Services and routes of which there are samples.
    pub fn profiled(&self) -> Vec<Profiled> {
        held(&self.profiles).list()
    }

    /// The samples of `service`, on one route or on all, of the last `seconds`.
    pub fn profile(&self, service: &str, route: Option<&str>, seconds: i64) -> Option<Profile> {
        held(&self.profiles).profile(service, route, clock::now_millis() - seconds * 1_000)
    }

    /// How full it is.
    pub fn fill(&self) -> Fill {
        Fill {
            limit_bytes: self.limit_bytes,
            traces: held(&self.traces).fill(),
            logs: held(&self.logs).fill(),
            metrics: held(&self.metrics).fill(),
            profiles: held(&self.profiles).fill(),
            graph: held(&self.graph).fill(),
        }
    }
}

/// A part that somebody failed with is still whole enough to look at: the store must never take the lab down.
fn held<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
