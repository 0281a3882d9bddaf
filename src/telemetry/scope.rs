//! One service's telemetry: its tracer, its instruments, its name. Layers that dress a seam hold one of these.

use std::{fmt, sync::Arc};

use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    metrics::{
        InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality, data::ResourceMetrics,
        reader::MetricReader,
    },
    trace::{SdkTracer, SdkTracerProvider},
};
use std::{sync::Weak, time::Duration};

use super::{instruments::Instruments, presence::Presence, profile::routes::Routes, routing};
use crate::kernel::service::Service;

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
    meters: SdkMeterProvider,
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
    ) -> Self {
        use opentelemetry::trace::TracerProvider;
        let reader = Reader(Arc::new(ManualReader::builder().build()));
        let meters = SdkMeterProvider::builder().with_reader(reader.clone()).with_resource(resource).build();
        let instruments = Instruments::new(meters.meter(INSTRUMENTATION));
        instruments.start_at_zero(service);
        let signals = Signals { tracer: traces.tracer(INSTRUMENTATION), instruments, reader, meters };
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
    /// All measurements up to now.
    pub fn collect(&self) -> ResourceMetrics {
        let mut metrics = ResourceMetrics::default();
        // Fails only after shutdown; then there is nothing to report.
        let _ = self.reader.collect(&mut metrics);
        metrics
    }

    /// No measurement is taken after this.
    pub fn shutdown(&self) {
        let _ = self.meters.shutdown();
    }
}

/// A reader the scope keeps a hand on: one collection serves the exposition and OTLP alike.
#[derive(Clone)]
struct Reader(Arc<ManualReader>);

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
