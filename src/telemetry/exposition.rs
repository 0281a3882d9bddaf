//! OpenMetrics text for a scrape. By hand, because no crate writes the metrics of several resources as one exposition
//! with the service's name on every series.
//!
//! Names and units follow OpenTelemetry's compatibility rules, so that a query finds the same series by scrape and by
//! OTLP: dots become underscores, `s` becomes `_seconds`, `By` becomes `_bytes`, counters end in `_total`.

use std::{collections::BTreeMap, fmt::Write};

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{
        Exemplar, HistogramDataPoint, Metric, NumberDataPoint, exemplar, metric::Data, number_data_point,
    },
};

use super::names::resource::SERVICE_LABEL;
use crate::kernel::id::hex;

pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Samples of one metric, from all services.
struct Family {
    kind: &'static str,
    unit: &'static str,
    help: String,
    /// One entry a series, with all its lines.
    series: Vec<String>,
}

/// Writes all metrics of all services.
pub fn render(request: &ExportMetricsServiceRequest) -> String {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for resource in &request.resource_metrics {
        let attributes = resource.resource.as_ref().map(|resource| resource.attributes.as_slice());
        let service = attributes.and_then(|all| all.iter().find(|one| one.key == "service.name"));
        let service = service.map(value).unwrap_or_default();
        introduce(&mut families, &service, attributes.unwrap_or_default());
        for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            add(&mut families, metric, &service);
        }
    }
    let mut out = String::new();
    for (name, family) in &mut families {
        let _ = writeln!(out, "# TYPE {name} {}", family.kind);
        if !family.unit.is_empty() {
            let _ = writeln!(out, "# UNIT {name} {}", family.unit);
        }
        if !family.help.is_empty() {
            let _ = writeln!(out, "# HELP {name} {}", escaped(&family.help));
        }
        // In order, so that two expositions can be compared line by line.
        family.series.sort_unstable();
        family.series.iter().for_each(|series| out.push_str(series));
    }
    out.push_str("# EOF\n");
    out
}

/// Who sends, as OpenMetrics tells it: a query joins its version to any other series by the service's name.
fn introduce(families: &mut BTreeMap<String, Family>, service: &str, attributes: &[KeyValue]) {
    let family = families.entry("target".to_owned()).or_insert_with(|| Family {
        kind: "info",
        unit: "",
        help: "What is known of the service that a series is about.".to_owned(),
        series: Vec::new(),
    });
    family.series.push(format!("target_info{{{}}} 1\n", labels(service, attributes)));
}

fn add(families: &mut BTreeMap<String, Family>, metric: &Metric, service: &str) {
    let unit = unit_word(&metric.unit);
    let name = name(&metric.name, unit);
    let kind = match &metric.data {
        Some(Data::Sum(sum)) if sum.is_monotonic => "counter",
        Some(Data::Sum(_) | Data::Gauge(_)) => "gauge",
        Some(Data::Histogram(_)) => "histogram",
        Some(Data::ExponentialHistogram(_) | Data::Summary(_)) | None => return,
    };
    let family = families.entry(name.clone()).or_insert_with(|| Family {
        kind,
        unit,
        help: metric.description.clone(),
        series: Vec::new(),
    });
    match &metric.data {
        Some(Data::Sum(sum)) => {
            let suffix = if sum.is_monotonic { "_total" } else { "" };
            family.series.extend(sum.data_points.iter().map(|point| number(&name, suffix, service, point)));
        }
        Some(Data::Gauge(gauge)) => {
            family.series.extend(gauge.data_points.iter().map(|point| number(&name, "", service, point)));
        }
        Some(Data::Histogram(histogram)) => {
            family.series.extend(histogram.data_points.iter().map(|point| buckets(&name, service, point)));
        }
        Some(Data::ExponentialHistogram(_) | Data::Summary(_)) | None => {}
    }
}

fn number(name: &str, suffix: &str, service: &str, point: &NumberDataPoint) -> String {
    let labels = labels(service, &point.attributes);
    match point.value {
        Some(number_data_point::Value::AsInt(value)) => format!("{name}{suffix}{{{labels}}} {value}\n"),
        Some(number_data_point::Value::AsDouble(value)) => format!("{name}{suffix}{{{labels}}} {value}\n"),
        None => String::new(),
    }
}

fn buckets(name: &str, service: &str, point: &HistogramDataPoint) -> String {
    let mut out = String::new();
    let labels = labels(service, &point.attributes);
    let mut below = 0;
    let bounds = point.explicit_bounds.iter().copied().chain([f64::INFINITY]);
    let mut above = f64::NEG_INFINITY;
    for (bound, count) in bounds.zip(&point.bucket_counts) {
        below += count;
        let le = if bound.is_finite() { format!("{bound:?}") } else { "+Inf".to_owned() };
        let _ = write!(out, "{name}_bucket{{{labels},le=\"{le}\"}} {below}");
        let here = |one: &&Exemplar| number_of(one).is_some_and(|value| value > above && value <= bound);
        if let Some(exemplar) = point.exemplars.iter().find(here) {
            exemplify(&mut out, exemplar);
        }
        out.push('\n');
        above = bound;
    }
    let _ = writeln!(out, "{name}_count{{{labels}}} {}", point.count);
    let _ = writeln!(out, "{name}_sum{{{labels}}} {}", point.sum.unwrap_or(0.0));
    out
}

/// ` # {trace_id="…",span_id="…"} value timestamp`
fn exemplify(out: &mut String, exemplar: &Exemplar) {
    let (trace_id, span_id) = (hex(&exemplar.trace_id), hex(&exemplar.span_id));
    let (value, seconds) = (number_of(exemplar).unwrap_or_default(), exemplar.time_unix_nano as f64 / 1e9);
    let _ = write!(out, " # {{trace_id=\"{trace_id}\",span_id=\"{span_id}\"}} {value} {seconds:.3}");
}

fn number_of(exemplar: &Exemplar) -> Option<f64> {
    match exemplar.value {
        Some(exemplar::Value::AsDouble(value)) => Some(value),
        Some(exemplar::Value::AsInt(value)) => Some(value as f64),
        None => None,
    }
}

fn labels(service: &str, attributes: &[KeyValue]) -> String {
    let mut pairs: BTreeMap<String, String> =
        attributes.iter().map(|one| (one.key.replace(['.', '-'], "_"), value(one))).collect();
    pairs.insert(SERVICE_LABEL.to_owned(), service.to_owned());
    let mut out = String::new();
    for (key, value) in pairs {
        let comma = if out.is_empty() { "" } else { "," };
        let _ = write!(out, "{comma}{key}=\"{}\"", escaped(&value));
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn value(pair: &KeyValue) -> String {
    match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        _ => String::new(),
    }
}

/// The family's name: what OpenMetrics calls it before `_total`, `_bucket` and the like.
fn name(dotted: &str, unit: &str) -> String {
    let name = dotted.replace('.', "_");
    let carries_unit = unit.is_empty() || name.split('_').any(|word| word == unit);
    if carries_unit { name } else { format!("{name}_{unit}") }
}

/// The unit as a word at the end of the name; what is counted, in braces, is no unit.
fn unit_word(ucum: &str) -> &'static str {
    match ucum {
        "s" => "seconds",
        "By" => "bytes",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_their_unit_once() {
        assert_eq!(name("http.server.request.duration", "seconds"), "http_server_request_duration_seconds");
        assert_eq!(name("lab.telemetry.queue.bytes", "bytes"), "lab_telemetry_queue_bytes");
        assert_eq!(name("shop.revenue", ""), "shop_revenue");
    }

    #[test]
    fn an_exemplar_stands_on_the_bucket_it_fell_into() {
        let exemplar = |value, id| Exemplar {
            value: Some(exemplar::Value::AsDouble(value)),
            trace_id: vec![id; 16],
            span_id: vec![id; 8],
            time_unix_nano: 1_500_000_000,
            ..Default::default()
        };
        let point = HistogramDataPoint {
            count: 3,
            sum: Some(7.5),
            bucket_counts: vec![1, 1, 1],
            explicit_bounds: vec![0.5, 1.0],
            exemplars: vec![exemplar(6.0, 2), exemplar(1.0, 1)],
            ..Default::default()
        };
        let of = |id: &str| format!("{{trace_id=\"{}\",span_id=\"{}\"}}", id.repeat(16), id.repeat(8));
        let expected = [
            r#"d_bucket{service_name="cart",le="0.5"} 1"#.to_owned(),
            format!(r#"d_bucket{{service_name="cart",le="1.0"}} 2 # {} 1 1.500"#, of("01")),
            format!(r#"d_bucket{{service_name="cart",le="+Inf"}} 3 # {} 6 1.500"#, of("02")),
            r#"d_count{service_name="cart"} 3"#.to_owned(),
            r#"d_sum{service_name="cart"} 7.5"#.to_owned(),
        ];
        assert_eq!(buckets("d", "cart", &point).lines().collect::<Vec<_>>(), expected);
    }
}
