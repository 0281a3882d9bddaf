//! Series as they are shown.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    exemplars::Exemplar,
    read::Kind,
    series::{Key, Series},
    shelf::{About, Shelf},
};
use crate::{kernel::clock, store::otlp::values};

/// What Prometheus adds to a name: units, and what is counted of a histogram.
const SUFFIXES: [&str; 7] = ["seconds", "bytes", "ratio", "total", "bucket", "count", "sum"];

/// A metric of which there are series.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Metric {
    pub name: String,
    pub kind: Kind,
    /// In UCUM, as OTLP has it.
    pub unit: String,
    pub help: String,
    pub series: usize,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub metric: String,
    pub service: Option<String>,
    /// All of these.
    pub labels: Vec<(String, String)>,
    /// No earlier, in milliseconds since 1970.
    pub since_ms: i64,
    pub limit: usize,
}

/// A series.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Shown {
    pub metric: String,
    pub service: String,
    /// `service.instance.id`: two processes of one service count apart.
    pub instance: String,
    pub kind: Kind,
    pub unit: String,
    pub labels: BTreeMap<String, String>,
    /// Seconds since 1970 and the value; of a histogram, the count and the sum. A value that stayed is told by its first
    /// and its last time.
    #[schema(value_type = Vec<Vec<f64>>)]
    pub points: Vec<Numbers>,
    /// A histogram's upper bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Vec<f64>>,
    /// A histogram's newest counts: one for each bound, and one for what is above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buckets: Option<Vec<u64>>,
    pub exemplars: Vec<ShownExemplar>,
}

/// A point as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Numbers {
    Value(f64, f64),
    Total(f64, u64, f64),
}

/// A trace during which something was measured.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ShownExemplar {
    pub value: f64,
    pub trace_id: String,
    pub span_id: String,
    /// RFC 3339.
    pub at: String,
}

/// All metrics by name.
pub fn metrics(shelf: &Shelf) -> Vec<Metric> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    shelf.series.keys().for_each(|key| *counts.entry(&key.metric).or_default() += 1);
    let metric = |(name, about): (&Arc<str>, &About)| Metric {
        name: name.to_string(),
        kind: about.kind,
        unit: about.unit.to_string(),
        help: about.help.to_string(),
        series: counts.get(&**name).copied().unwrap_or_default(),
    };
    shelf.metrics.iter().map(metric).collect()
}

/// The series that are as `wanted`, by service and labels; nothing when there is no metric of that name.
pub fn series(shelf: &Shelf, wanted: &Wanted) -> Option<Vec<Shown>> {
    let (name, about) = named(shelf, &wanted.metric)?;
    let mut found: Vec<(&Key, &Series)> =
        shelf.series.iter().filter(|(key, _)| key.metric == *name && fits(key, wanted)).collect();
    found.sort_unstable_by_key(|(key, _)| *key);
    let shown = found.into_iter().take(wanted.limit).map(|(key, series)| {
        let mut series = series.clone();
        series.forget(wanted.since_ms);
        show(key, &series, about.kind, &about.unit)
    });
    Some(shown.collect())
}

/// The metric of that name: as OTLP has it, or as Prometheus shows it, `webstore_checkouts_total`.
fn named<'a>(shelf: &'a Shelf, wanted: &str) -> Option<(&'a Arc<str>, &'a About)> {
    let shown = |name: &str| {
        let rest = wanted.strip_prefix(name.replace('.', "_").as_str())?;
        rest.split('_').all(|word| word.is_empty() || SUFFIXES.contains(&word)).then_some(())
    };
    let exact = shelf.metrics.get_key_value(wanted);
    exact.or_else(|| {
        shelf.metrics.iter().filter(|(name, _)| shown(name).is_some()).max_by_key(|(name, _)| name.len())
    })
}

fn fits(key: &Key, wanted: &Wanted) -> bool {
    let has = |(name, value): &(String, String)| {
        key.labels.iter().any(|(ours, said)| **ours == **name && **said == **value)
    };
    wanted.service.as_deref().is_none_or(|service| service == &*key.service) && wanted.labels.iter().all(has)
}

fn show(key: &Key, series: &Series, kind: Kind, unit: &str) -> Shown {
    let is_histogram = kind == Kind::Histogram;
    let points = series.points.iter().map(|point| {
        let seconds = point.at_ms as f64 / 1_000.0;
        match is_histogram {
            true => Numbers::Total(seconds, point.count, point.value),
            false => Numbers::Value(seconds, point.value),
        }
    });
    Shown {
        metric: key.metric.to_string(),
        service: key.service.to_string(),
        instance: key.instance.to_string(),
        kind,
        unit: unit.to_owned(),
        labels: key.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        points: points.collect(),
        bounds: is_histogram.then(|| series.bounds.to_vec()),
        buckets: is_histogram.then(|| series.buckets.clone()),
        exemplars: series.exemplars.iter().map(show_exemplar).collect(),
    }
}

fn show_exemplar(exemplar: &Exemplar) -> ShownExemplar {
    ShownExemplar {
        value: exemplar.value,
        trace_id: values::hex(&exemplar.trace_id),
        span_id: values::hex(&exemplar.span_id),
        at: clock::rfc3339(exemplar.at_ms),
    }
}
