//! Stands in for a collector, none of which can be had here: takes metrics by OTLP, and shows what a collector's Prometheus
//! exporter makes of them: names by the published rules, `job` and `instance` for who it is, bounds as Go writes them.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    routing::{get, post},
};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{KeyValue, any_value},
    metrics::v1::{HistogramDataPoint, Metric, NumberDataPoint, metric::Data, number_data_point},
    resource::v1::Resource,
};
use prost::Message;

use super::{served::Served, translation::translated};

/// Longer than three exports: who falls silent is gone then, as `metric_expiration` has it.
const EXPIRES: Duration = Duration::from_secs(16);

type Series = Arc<Mutex<BTreeMap<String, (f64, Instant)>>>;
type Labels = BTreeMap<String, String>;

/// OTLP/HTTP at `/v1/metrics`, the page at `/metrics`.
pub fn serve() -> Served {
    let app = Router::new()
        .route("/v1/metrics", post(take))
        .route("/metrics", get(page))
        .layer(DefaultBodyLimit::disable())
        .with_state(Series::default());
    Served::start(app)
}

async fn page(State(series): State<Series>) -> String {
    let mut series = series.lock().unwrap_or_else(PoisonError::into_inner);
    series.retain(|_, (_, since)| since.elapsed() < EXPIRES);
    let mut page = String::new();
    series.iter().for_each(|(name, (value, _))| writeln!(page, "{name} {value}").expect("a text takes it"));
    page
}

async fn take(State(series): State<Series>, body: Bytes) {
    let request = ExportMetricsServiceRequest::decode(body).expect("OTLP");
    let mut series = series.lock().unwrap_or_else(PoisonError::into_inner);
    let mut add = |name: &str, labels: &Labels, value: f64| {
        let labels = labels.iter().map(|(label, value)| format!("{label}={value:?}"));
        let labels = labels.collect::<Vec<_>>().join(",");
        series.insert(format!("{name}{{{labels}}}"), (value, Instant::now()));
    };
    for part in request.resource_metrics {
        let (who, rest) = who(part.resource.unwrap_or_default());
        add("target_info", &rest.into_iter().chain(who.clone()).collect(), 1.0);
        part.scope_metrics
            .into_iter()
            .flat_map(|scope| scope.metrics)
            .for_each(|metric| show(metric, &who, &mut add));
    }
}

/// `job` and `instance`, and what else the resource says.
fn who(resource: Resource) -> (Labels, Labels) {
    let mut said = labels(&resource.attributes);
    let mut take = |name: &str| said.remove(name).unwrap_or_default();
    let job = format!("{}/{}", take("service_namespace"), take("service_name"));
    let who = [("job".to_owned(), job), ("instance".to_owned(), take("service_instance_id"))];
    (who.into(), said)
}

fn labels(attributes: &[KeyValue]) -> Labels {
    let text = |pair: &KeyValue| match pair.value.as_ref().and_then(|any| any.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(yes)) => yes.to_string(),
        other => panic!("{}: {other:?}", pair.key),
    };
    attributes.iter().map(|pair| (pair.key.replace(['.', '-'], "_"), text(pair))).collect()
}

fn show(metric: Metric, who: &Labels, add: &mut impl FnMut(&str, &Labels, f64)) {
    let kind = match &metric.data {
        Some(Data::Sum(sum)) if sum.is_monotonic => "counter",
        Some(Data::Sum(_)) => "updown",
        Some(Data::Histogram(_)) => "histogram",
        _ => "gauge",
    };
    let name = translated(&metric.name, &metric.unit, kind);
    let whole =
        |attributes: &[KeyValue]| -> Labels { labels(attributes).into_iter().chain(who.clone()).collect() };
    let mut number = |point: NumberDataPoint| {
        let value = match point.value {
            Some(number_data_point::Value::AsDouble(value)) => value,
            Some(number_data_point::Value::AsInt(value)) => value as f64,
            None => f64::NAN,
        };
        add(&name, &whole(&point.attributes), value);
    };
    match metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.into_iter().for_each(number),
        Some(Data::Sum(sum)) => sum.data_points.into_iter().for_each(&mut number),
        Some(Data::Histogram(histogram)) => {
            for point in histogram.data_points {
                distribution(&name, &whole(&point.attributes), &point, add);
            }
        }
        other => panic!("{name}: {other:?}"),
    }
}

fn distribution(
    name: &str,
    labels: &Labels,
    point: &HistogramDataPoint,
    add: &mut impl FnMut(&str, &Labels, f64),
) {
    let bounds = point.explicit_bounds.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
    let mut sum = 0;
    for (bound, count) in bounds.zip(&point.bucket_counts) {
        sum += count;
        let mut labels = labels.clone();
        labels.insert("le".to_owned(), bound);
        add(&format!("{name}_bucket"), &labels, sum as f64);
    }
    add(&format!("{name}_sum"), labels, point.sum.unwrap_or_default());
    add(&format!("{name}_count"), labels, point.count as f64);
}
