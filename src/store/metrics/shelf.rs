//! All series that are kept: fifteen minutes, within a bound in bytes and in number. When there is too much, the oldest
//! points of all go.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest, common::v1::KeyValue, metrics::v1::Metric,
};

use super::{
    read::{self, Kind},
    series::{Key, Series},
};
use crate::{
    kernel::clock,
    store::{
        fill::{Bound, Part, Taken},
        otlp::{sender::Sender, values},
        words::Words,
    },
};

/// How far back points are kept.
pub const KEPT_MS: i64 = 15 * 60 * 1_000;
/// So many series there may be; a new one beyond is turned away.
const MOST_SERIES: usize = 20_000;
/// The most bytes of the labels of one series, and of the bounds of a histogram in number.
const LABEL_BYTES: usize = 4 * 1024;
const MOST_BUCKETS: usize = 512;
/// A point this far in the future is of a clock that cannot be believed.
const AHEAD_MS: i64 = 60_000;
/// How often series are looked through for what is too old.
const SWEEP_EVERY_MS: i64 = 10_000;

/// What is known of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    pub kind: Kind,
    pub unit: Arc<str>,
    pub help: Arc<str>,
}

/// The series.
#[derive(Debug)]
pub struct Shelf {
    bound: Bound,
    pub(super) metrics: BTreeMap<Arc<str>, About>,
    pub(super) series: HashMap<Key, Series>,
    words: Words,
    bytes: usize,
    swept_at_ms: i64,
}

impl Shelf {
    pub fn new(limit_bytes: usize) -> Self {
        Shelf {
            bound: Bound::new(limit_bytes),
            metrics: BTreeMap::new(),
            series: HashMap::new(),
            words: Words::default(),
            bytes: 0,
            swept_at_ms: 0,
        }
    }

    /// Takes what was measured, by a clock that shows `now_ms`.
    pub fn take(&mut self, request: &ExportMetricsServiceRequest, now_ms: i64) -> Taken {
        let mut taken = Taken::default();
        for resource_metrics in &request.resource_metrics {
            let sender = Sender::of(resource_metrics.resource.clone());
            for metric in resource_metrics.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
                self.add(metric, &sender, now_ms, &mut taken);
            }
        }
        self.bound.turned_away += taken.turned_away;
        if now_ms - self.swept_at_ms >= SWEEP_EVERY_MS {
            self.swept_at_ms = now_ms;
            self.forget(now_ms - KEPT_MS);
        }
        self.make_room();
        taken
    }

    pub fn fill(&self) -> Part {
        let firsts = self.series.values().filter_map(|series| series.points.first());
        self.bound.part(
            self.bytes(),
            self.series.len(),
            firsts.map(|point| point.at_ms).min().map(clock::rfc3339),
        )
    }

    fn add(&mut self, metric: &Metric, sender: &Sender, now_ms: i64, taken: &mut Taken) {
        let Some((kind, points)) = read::points(metric) else { return };
        if metric.name.is_empty() || metric.name.len() + metric.description.len() > LABEL_BYTES {
            taken.turned_away += points.len() as u64;
            return;
        }
        let name = self.words.keep(&metric.name);
        for (attributes, measured) in points {
            let is_in_time = (now_ms - KEPT_MS..=now_ms + AHEAD_MS).contains(&measured.at_ms);
            let key = self.key(name.clone(), sender, attributes).filter(|key| {
                let is_small =
                    measured.buckets.len() <= MOST_BUCKETS && measured.bounds.len() <= MOST_BUCKETS;
                is_in_time && is_small && (self.series.len() < MOST_SERIES || self.series.contains_key(key))
            });
            let Some(key) = key else {
                taken.turned_away += 1;
                continue;
            };
            taken.kept += 1;
            let before = self.series.get(&key).map_or(0, |series| series.bytes(&key));
            let series = self.series.entry(key.clone()).or_default();
            series.add(measured);
            self.bytes = self.bytes - before + series.bytes(&key);
        }
        if !self.metrics.contains_key(&name) {
            let (unit, help) = (self.words.keep(&metric.unit), self.words.keep(&metric.description));
            self.metrics.insert(name, About { kind, unit, help });
        }
    }

    fn key(&mut self, metric: Arc<str>, sender: &Sender, attributes: &[KeyValue]) -> Option<Key> {
        let mut labels = Vec::with_capacity(attributes.len());
        let mut bytes = 0;
        for one in attributes {
            let value = one.value.as_ref().map(values::text).unwrap_or_default();
            bytes += one.key.len() + value.len();
            if bytes > LABEL_BYTES {
                return None;
            }
            labels.push((self.words.keep(&one.key), self.words.keep(&value)));
        }
        labels.sort_unstable();
        let service = self.words.keep(&sender.service);
        let instance = self.words.keep(&values::find(&sender.attributes, "service.instance.id"));
        Some(Key { metric, service, instance, labels: labels.into() })
    }

    /// Forgets all points before `horizon_ms`, and series of which nothing is left; says how many points that were.
    fn forget(&mut self, horizon_ms: i64) -> u64 {
        let mut forgotten = 0;
        self.bytes = 0;
        let bytes = &mut self.bytes;
        self.series.retain(|key, series| {
            forgotten += series.forget(horizon_ms);
            let is_left = series.points.last().is_some();
            *bytes += if is_left { series.bytes(key) } else { 0 };
            is_left
        });
        let named: std::collections::HashSet<&str> = self.series.keys().map(|key| &*key.metric).collect();
        self.metrics.retain(|name, _| named.contains(&**name));
        self.words.sweep();
        forgotten
    }

    fn make_room(&mut self) {
        if self.bytes() > self.bound.limit_bytes {
            // Words of series that went before may be left of nobody.
            self.words.sweep();
        }
        while self.bytes() > self.bound.limit_bytes {
            let times =
                || self.series.values().filter_map(|series| series.points.first().zip(series.points.last()));
            let Some(oldest) = times().map(|(first, _)| first.at_ms).min() else { return };
            let newest = times().map(|(_, last)| last.at_ms).max().unwrap_or(oldest);
            // An eighth of the time at once, so that this is not done for each request.
            let evicted = self.forget(oldest + (newest - oldest) / 8 + 1);
            self.bound.evicted += evicted;
        }
    }

    fn bytes(&self) -> usize {
        self.bytes + self.words.bytes()
    }
}
