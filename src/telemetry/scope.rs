//! One service's telemetry: its tracer, its instruments, its name. Layers that dress a seam hold one of these.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::{Duration, SystemTime},
};

use super::{
    exemplars::Filter, instruments::Instruments, names::metric, otlp::rule::Rule, presence::Presence,
    profile::routes::Routes, routing,
};
use crate::kernel::service::Service;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{self as proto, Metric},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    metrics::{
        Aggregation, Instrument, InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Stream,
        Temporality, data::ResourceMetrics, reader::MetricReader,
    },
    trace::{SdkTracer, SdkTracerProvider},
};

/// The instrumentation scope's name: who made a signal inside a service.
pub const INSTRUMENTATION: &str = "doorbuster";

/// What a seam needs to tell what passes through it.
#[derive(Debug)]
pub struct Scope {
    pub service: Service,
    pub presence: Arc<Presence>,
    /// The routes that profiles are split by, where profiles are taken.
    pub routes: Option<Arc<Routes>>,
    signals: Option<Signals>,
}

/// A service's spans and measurements; absent when the SDK is disabled.
#[derive(Debug)]
pub struct Signals {
    pub tracer: SdkTracer,
    pub instruments: Instruments,
    reader: Reader,
    /// What leaves by OTLP, where that is not cumulative as a scrape is.
    sent: Option<Reader>,
    meters: SdkMeterProvider,
    exponential: Option<(Reader, SdkMeterProvider)>,
}

/// What histograms there are, and which traces their exemplars may point at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kinds {
    /// Exponential ones beside those with fixed bounds.
    pub exponential: bool,
    /// Of what leaves by OTLP.
    pub temporality: Temporality,
    pub exemplars: Filter,
    pub tail: Option<Rule>,
}

/// The histograms of which there are two kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buckets {
    /// Between fixed bounds: what a scrape reads, and what rules and dashboards match.
    Explicit,
    /// By powers of two, where they were asked for: what leaves by OTLP.
    AsSent,
}

impl Scope {
    /// A scope that measures nothing; log lines are still written.
    pub fn silent(service: Service) -> Self {
        Scope { service, presence: Arc::default(), routes: None, signals: None }
    }

    pub fn new(
        service: Service,
        presence: Arc<Presence>,
        traces: &SdkTracerProvider,
        resource: Resource,
        kinds: Kinds,
    ) -> Self {
        use opentelemetry::trace::TracerProvider;
        let reader = Reader::of(Temporality::Cumulative);
        let sent = (kinds.temporality != Temporality::Cumulative).then(|| Reader::of(kinds.temporality));
        let meters = SdkMeterProvider::builder()
            .with_reader(reader.clone())
            .with_resource(resource)
            .with_view(bounded);
        let meters = sent.iter().cloned().fold(meters, |meters, reader| meters.with_reader(reader)).build();
        // Views are a provider's, not a reader's: two kinds of one histogram take two providers.
        let exponential = kinds.exponential.then(|| {
            let reader = Reader::of(kinds.temporality);
            let meters = SdkMeterProvider::builder().with_reader(reader.clone()).with_view(by_powers);
            (reader, meters.build())
        });
        let other = exponential.as_ref().map(|(_, meters)| meters.meter(INSTRUMENTATION));
        let instruments =
            Instruments::new(meters.meter(INSTRUMENTATION), other.as_ref(), kinds.exemplars, kinds.tail);
        instruments.start_at_zero(service);
        let tracer = traces.tracer(INSTRUMENTATION);
        let signals = Signals { tracer, instruments, reader, sent, meters, exponential };
        Scope { service, presence, routes: None, signals: Some(signals) }
    }

    /// The same scope, in whose profiles `routes` can be told apart.
    pub fn split_by(self, routes: Option<Arc<Routes>>) -> Self {
        Scope { routes, ..self }
    }

    pub fn signals(&self) -> Option<&Signals> {
        self.signals.as_ref()
    }

    /// Runs `speak` so that its log lines are this service's.
    pub fn speak<T>(&self, speak: impl FnOnce() -> T) -> T {
        routing::on_behalf(self.service, speak)
    }
}

impl Signals {
    /// All measurements up to now, with exemplars.
    pub fn collect(&self, buckets: Buckets) -> ExportMetricsServiceRequest {
        let sent = self.sent.as_ref().filter(|_| buckets == Buckets::AsSent);
        let mut request = collect(sent.unwrap_or(&self.reader));
        if let (Buckets::AsSent, Some((reader, _))) = (buckets, &self.exponential) {
            let mut twins: Vec<Metric> =
                collect(reader).resource_metrics.into_iter().flat_map(metrics).collect();
            for metric in each(&mut request) {
                if let Some(at) = twins.iter().position(|twin| twin.name == metric.name) {
                    *metric = twins.swap_remove(at);
                }
            }
        }
        let (now, histograms) = (SystemTime::now(), self.instruments.histograms());
        for metric in each(&mut request) {
            histograms.iter().for_each(|histogram| histogram.exemplify(metric, now));
        }
        request
    }

    /// No measurement is taken after this.
    pub fn shutdown(&self) {
        let _ = self.meters.shutdown();
    }
}

fn collect(reader: &Reader) -> ExportMetricsServiceRequest {
    let mut collected = ResourceMetrics::default();
    // Fails only after shutdown; then there is nothing to report.
    let _ = reader.collect(&mut collected);
    ExportMetricsServiceRequest::from(&collected)
}

fn metrics(of: proto::ResourceMetrics) -> impl Iterator<Item = Metric> {
    of.scope_metrics.into_iter().flat_map(|scope| scope.metrics)
}

fn each(request: &mut ExportMetricsServiceRequest) -> impl Iterator<Item = &mut Metric> {
    let scopes = request.resource_metrics.iter_mut().flat_map(|resource| &mut resource.scope_metrics);
    scopes.flat_map(|scope| &mut scope.metrics)
}

/// How many sets of attributes an instrument may have. The SDK reserves a table of that size for each: with its default of
/// 2,000 the two hundred instruments of a lab take 32 MB before anything is measured. Only products can be added at will.
fn most_series(instrument: &Instrument) -> usize {
    if instrument.name() == metric::CART_ADDITIONS { 2_000 } else { 447 }
}

fn bounded(instrument: &Instrument) -> Option<Stream> {
    Stream::builder().with_cardinality_limit(most_series(instrument)).build().ok()
}

/// Sizes are the specification's defaults.
fn by_powers(instrument: &Instrument) -> Option<Stream> {
    let aggregation =
        Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 20, record_min_max: true };
    let is_histogram = instrument.kind() == InstrumentKind::Histogram;
    let stream = Stream::builder().with_cardinality_limit(most_series(instrument));
    is_histogram.then(|| stream.with_aggregation(aggregation).build().ok())?
}

/// A reader the scope keeps a hand on: one collection serves the exposition and OTLP alike.
#[derive(Clone)]
struct Reader(Arc<ManualReader>);

impl Reader {
    fn of(temporality: Temporality) -> Self {
        Reader(Arc::new(ManualReader::builder().with_temporality(temporality).build()))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::{Context, KeyValue, trace::TraceContextExt};
    use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point::Value};

    use super::*;

    /// The orders, the count of measured requests and whether both are deltas.
    fn read(signals: &Signals, buckets: Buckets) -> (i64, u64, [i32; 2]) {
        let mut request = signals.collect(buckets);
        let (mut orders, mut requests, mut temporality) = (0, 0, [0; 2]);
        for metric in each(&mut request) {
            match &metric.data {
                Some(Data::Sum(sum)) if metric.name == "shop.orders" => {
                    temporality[0] = sum.aggregation_temporality;
                    let values = sum.data_points.iter().filter_map(|point| point.value);
                    orders =
                        values.map(|value| if let Value::AsInt(value) = value { value } else { 0 }).sum();
                }
                Some(Data::Histogram(histogram)) => {
                    temporality[1] = histogram.aggregation_temporality;
                    requests = histogram.data_points.iter().map(|point| point.count).sum();
                }
                Some(Data::ExponentialHistogram(histogram)) => {
                    temporality[1] = histogram.aggregation_temporality;
                    requests = histogram.data_points.iter().map(|point| point.count).sum();
                }
                _ => {}
            }
        }
        (orders, requests, temporality)
    }

    #[test]
    fn deltas_leave_by_otlp_while_a_scrape_stays_cumulative() {
        const DELTA: i32 = 1;
        const CUMULATIVE: i32 = 2;
        for exponential in [false, true] {
            let kinds = Kinds { exponential, temporality: Temporality::Delta, ..Kinds::default() };
            let provider = SdkTracerProvider::builder().build();
            let resource = Resource::builder_empty().build();
            let scope = Scope::new(Service::Checkout, Arc::default(), &provider, resource, kinds);
            let signals = scope.signals().expect("signals");
            let span = Context::new().span().span_context().clone();
            for round in 1..=3 {
                signals.instruments.orders.add(5, &[KeyValue::new("country", "BR")]);
                signals.instruments.server_duration.record(0.1, &[], &span);
                let scraped = read(signals, Buckets::Explicit);
                assert_eq!(scraped, (5 * round, round as u64, [CUMULATIVE; 2]), "{exponential}");
                assert_eq!(read(signals, Buckets::AsSent), (5, 1, [DELTA; 2]), "{exponential} {round}");
            }
        }
    }
}
