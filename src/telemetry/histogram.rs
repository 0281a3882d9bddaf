//! A histogram with exemplars and, when it was asked for, an exponential twin that is sent by OTLP in its place.

use std::{sync::Arc, time::SystemTime};

use opentelemetry::{KeyValue, metrics, trace::SpanContext};
use opentelemetry_proto::tonic::metrics::v1::Metric;

use super::exemplars::Exemplars;

/// Clones share the measurements.
#[derive(Clone, Debug)]
pub struct Histogram {
    name: &'static str,
    explicit: metrics::Histogram<f64>,
    exponential: Option<metrics::Histogram<f64>>,
    exemplars: Arc<Exemplars>,
}

impl Histogram {
    pub fn new(
        name: &'static str,
        exemplars: Exemplars,
        explicit: metrics::Histogram<f64>,
        exponential: Option<metrics::Histogram<f64>>,
    ) -> Self {
        Histogram { name, explicit, exponential, exemplars: Arc::new(exemplars) }
    }

    /// Records `value`, measured in `span`.
    pub fn record(&self, value: f64, labels: &[KeyValue], span: &SpanContext) {
        self.explicit.record(value, labels);
        if let Some(exponential) = &self.exponential {
            exponential.record(value, labels);
        }
        self.exemplars.offer(value, labels, span, SystemTime::now());
    }

    /// Puts the exemplars into `metric`, if it is this one.
    pub fn exemplify(&self, metric: &mut Metric, now: SystemTime) {
        if metric.name == self.name {
            self.exemplars.fill(metric, now);
        }
    }
}
