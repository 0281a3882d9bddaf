//! Shows the built-in store all signals of this process, without a network between: what telemetry calls an onlooker,
//! in the words of the store.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use tracing::Level as Spoken;

use super::{cli::ShowFlags, table::Row};
use crate::{
    kernel::service::Service,
    store::{
        keep::Store,
        logs::line::{Level, Line as Kept},
        profiles::shelf::{Batch, Sample},
    },
    telemetry::{egress::onlooker::Onlooker, line::Line, profile::samples::Profile},
};

const MIB: usize = 1024 * 1024;

/// Hands on what it is shown.
pub struct Keeper {
    store: Arc<Store>,
    /// By [`Service::index`]: each name once, however many lines bear it.
    names: Vec<Arc<str>>,
}

/// The store of a lab with these flags; nothing when it is off.
pub fn store(flags: &ShowFlags) -> Option<Arc<Store>> {
    (flags.store_mb > 0).then(|| Arc::new(Store::new(flags.store_mb * MIB)))
}

/// What the table says of the store.
pub fn row(flags: &ShowFlags) -> Row {
    match flags.store_mb {
        0 => Row::new("store", "off", "--store-mb is 0"),
        size => Row::new(
            "store",
            format!("the last {size} MiB"),
            "at /api/traces, /api/logs, /api/series, /api/graph",
        ),
    }
}

impl Keeper {
    pub fn of(store: Arc<Store>) -> Arc<dyn Onlooker> {
        Arc::new(Keeper { store, names: Service::ALL.iter().map(|service| service.name().into()).collect() })
    }

    fn name(&self, service: Service) -> Arc<str> {
        self.names.get(service.index()).cloned().unwrap_or_else(|| service.name().into())
    }
}

impl Onlooker for Keeper {
    fn spans(&self, request: &Bytes, _: u64) {
        self.store.take_spans(request);
    }

    fn metrics(&self, request: &ExportMetricsServiceRequest) {
        self.store.take_metrics(request);
    }

    fn lines(&self, lines: Vec<Line>) {
        let kept = lines.into_iter().map(|line| Kept {
            at_ns: since_1970(line.at).as_nanos().try_into().unwrap_or(u64::MAX),
            service: self.name(line.service),
            level: level(line.level),
            trace_id: line.ids.map(|(trace_id, _)| trace_id.to_bytes()),
            span_id: line.ids.map(|(_, span_id)| span_id.to_bytes()),
            text: line.text,
        });
        self.store.take_lines(kept);
    }

    fn profile(&self, profile: &Profile) {
        let samples = profile.samples.iter().map(|sample| Sample {
            service: self.name(sample.service),
            route: sample.route.clone(),
            frames: sample.frames.clone(),
            count: sample.count,
        });
        self.store.take_samples(&Batch {
            ended_ms: since_1970(profile.ended).as_millis().try_into().unwrap_or(i64::MAX),
            hertz: profile.hertz,
            samples: samples.collect(),
        });
    }
}

fn since_1970(at: SystemTime) -> std::time::Duration {
    at.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn level(spoken: Spoken) -> Level {
    match spoken {
        Spoken::TRACE => Level::Trace,
        Spoken::DEBUG => Level::Debug,
        Spoken::INFO => Level::Info,
        Spoken::WARN => Level::Warn,
        Spoken::ERROR => Level::Error,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use opentelemetry_proto::tonic::{
        collector::trace::v1::ExportTraceServiceRequest,
        metrics::v1::{
            Exemplar, Histogram, HistogramDataPoint, Metric, ResourceMetrics, ScopeMetrics, exemplar,
            metric::Data,
        },
        trace::v1::{ResourceSpans, ScopeSpans, Span},
    };
    use prost::Message;

    use super::*;
    use crate::{kernel::clock, store::metrics::answer::Wanted};

    const TRACES: u64 = 100;
    const METRICS: u64 = 40;

    fn trace_id(round: u64, number: u64) -> Vec<u8> {
        [(round + 1).to_be_bytes(), (number + 1).to_be_bytes()].concat()
    }

    fn spans(round: u64) -> Bytes {
        let now_ns = clock::now_millis().unsigned_abs() * 1_000_000;
        let span = |number: u64, step: u64| Span {
            trace_id: trace_id(round, number),
            span_id: (step + 1).to_be_bytes().to_vec(),
            parent_span_id: if step == 0 { Vec::new() } else { vec![0, 0, 0, 0, 0, 0, 0, 1] },
            name: format!("GET /step/{step}{}", " ".repeat(200)),
            start_time_unix_nano: now_ns,
            end_time_unix_nano: now_ns + 1_000_000,
            ..Span::default()
        };
        let spans = (0..TRACES).flat_map(|number| (0..4).map(move |step| span(number, step))).collect();
        let scope_spans = vec![ScopeSpans { spans, ..Default::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..Default::default() }];
        ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
    }

    /// Histograms whose exemplars are traces of this round, a minute after those of the round before.
    fn measured(round: u64) -> ExportMetricsServiceRequest {
        let now_ns = clock::now_millis().unsigned_abs() * 1_000_000;
        let metric = |number: u64| {
            let exemplar = Exemplar {
                time_unix_nano: now_ns - 900_000_000_000 + round * 20_000_000_000,
                trace_id: trace_id(round, (number * 7) % TRACES),
                span_id: vec![0, 0, 0, 0, 0, 0, 0, 1],
                value: Some(exemplar::Value::AsDouble(0.5)),
                ..Default::default()
            };
            let point = HistogramDataPoint {
                time_unix_nano: now_ns,
                count: round + 1,
                exemplars: vec![exemplar],
                ..Default::default()
            };
            let histogram = Histogram { data_points: vec![point], aggregation_temporality: 2 };
            Metric {
                name: format!("m{number}"),
                data: Some(Data::Histogram(histogram)),
                ..Default::default()
            }
        };
        let metrics = (0..METRICS).map(metric).collect();
        let scope_metrics = vec![ScopeMetrics { metrics, ..Default::default() }];
        ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics { scope_metrics, ..Default::default() }],
        }
    }

    fn exemplars(store: &Store) -> Vec<[u8; 16]> {
        let wanted = |number: u64| Wanted { metric: format!("m{number}"), limit: 10, ..Wanted::default() };
        let series = (0..METRICS).filter_map(|number| store.series(&wanted(number))).flatten();
        let ids = series.flat_map(|series| series.exemplars).map(|exemplar| {
            u128::from_str_radix(&exemplar.trace_id, 16).expect("hexadecimal digits").to_be_bytes()
        });
        ids.collect()
    }

    #[test]
    fn no_exemplar_that_is_shown_leads_nowhere_though_the_store_was_filled_many_times_over() {
        let store = Arc::new(Store::new(2 << 20));
        let keeper = Keeper::of(store.clone());
        let round = |round: u64| {
            keeper.spans(&spans(round), TRACES * 4);
            keeper.metrics(&measured(round));
            std::thread::sleep(Duration::from_millis(110));
        };
        (0..30).for_each(round);
        let shown = exemplars(&store);
        // A reader looks at the chart for a while before the click.
        (30..40).for_each(round);
        let fill = store.fill();
        assert!(fill.traces.evicted > 3 * fill.traces.items as u64, "{fill:?}");
        assert!(shown.len() >= 60, "{} exemplars are shown", shown.len());
        let gone = shown.iter().filter(|id| store.trace(id).is_none()).count();
        assert_eq!(gone, 0, "of {} exemplars: {:?}", shown.len(), store.fill());
        let now = exemplars(&store);
        assert!(now.len() >= 60 && now.iter().all(|id| store.trace(id).is_some()), "{}", now.len());
    }
}
