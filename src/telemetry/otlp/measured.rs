//! Everything measured up to now, as one OTLP request: what a scrape reads and what is sent.

use std::sync::Arc;

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{Metric, metric::Data},
};

use crate::telemetry::{
    presence,
    scope::{Buckets, Scope},
    siblings,
};

/// Everything measured up to now, by all of `scopes`.
pub fn measured(scopes: &[Arc<Scope>], buckets: Buckets) -> ExportMetricsServiceRequest {
    let heard = scopes.iter().filter(|scope| !scope.presence.is_mute());
    let resource_metrics = heard.filter_map(|scope| {
        let mut request = scope.signals()?.collect(buckets);
        if let Some(version) = scope.presence.version() {
            let senders = request.resource_metrics.iter_mut().filter_map(|one| one.resource.as_mut());
            senders.for_each(|sender| presence::stamp(&mut sender.attributes, &version));
        }
        Some(request.resource_metrics)
    });
    let mut request = ExportMetricsServiceRequest { resource_metrics: resource_metrics.flatten().collect() };
    siblings::add(&mut request);
    request
}

/// How many data points are in `request`: what the counters of the egress call records, and what a backend rejects.
pub fn records(request: &ExportMetricsServiceRequest) -> u64 {
    let scopes = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    scopes.flat_map(|scope| &scope.metrics).map(points).sum()
}

fn points(metric: &Metric) -> u64 {
    let points = match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
        None => 0,
    };
    points as u64
}
