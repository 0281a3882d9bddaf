//! All series that are kept: fifteen minutes, within a bound in bytes and in number. When a sender's series fill its
//! share (`shares`), its new ones are turned away; when they grow beyond it, its own oldest points go.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest, common::v1::KeyValue, resource::v1::Resource,
};
use prost::Message;

use super::{
    encoded::Encoded,
    incoming::{Header, Labels, Source, labels},
    read::{self, Kind},
    refusal::{MAX_BUCKETS, Outcome, Refusal},
    series::{Key, Measured, Series},
    shares::{Owner, Shares},
};
use crate::{
    kernel::clock,
    store::{
        fill::{Bound, Part},
        otlp::wire::each,
        words::Words,
    },
};

/// How far back points are kept.
pub const KEPT_MS: i64 = 15 * 60 * 1_000;
/// A point this far in the future is of a clock that cannot be believed.
const AHEAD_MS: i64 = 60_000;
/// How often series are looked through for what is too old.
const SWEEP_EVERY_MS: i64 = 10_000;
/// What a metric takes beside its words.
const METRIC_BYTES: usize = 128;
/// The lab's own history is cut for the lab's new series, but not below this.
const LAB_KEEPS_MS: i64 = 60_000;

/// Numbers of fields in `ExportMetricsServiceRequest`, `ResourceMetrics` and `ScopeMetrics`.
const RESOURCE_METRICS: u32 = 1;
const RESOURCE: u32 = 1;
const SCOPE_METRICS: u32 = 2;
const METRICS: u32 = 2;

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
    shares: Shares,
    born: u64,
    swept_at_ms: i64,
}

impl Shelf {
    pub fn new(limit_bytes: usize) -> Self {
        Shelf {
            bound: Bound::new(limit_bytes),
            metrics: BTreeMap::new(),
            series: HashMap::new(),
            words: Words::default(),
            shares: Shares::new(limit_bytes),
            born: 0,
            swept_at_ms: 0,
        }
    }

    /// Takes what the lab measured itself, by a clock that shows `now_ms`.
    pub fn take_own(&mut self, request: &ExportMetricsServiceRequest, now_ms: i64) -> Outcome {
        let mut outcome = Outcome::default();
        for resource_metrics in &request.resource_metrics {
            let source = Source::of(resource_metrics.resource.clone(), true, now_ms);
            for metric in resource_metrics.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
                let Some((kind, points)) = read::points(metric) else { continue };
                let header =
                    Header { name: &metric.name, unit: &metric.unit, help: &metric.description, kind };
                for (attributes, measured) in points {
                    match self.add(&header, &source, attributes, measured) {
                        Ok(()) => outcome.kept += 1,
                        Err(refusal) => outcome.refuse(refusal, 1),
                    }
                }
            }
        }
        self.settle(&outcome, now_ms);
        outcome
    }

    /// Takes an encoded `ExportMetricsServiceRequest` of a sender, by a clock that shows `now_ms`. The request has been
    /// checked; a point is decoded at a time.
    pub fn take_encoded(&mut self, request: &[u8], now_ms: i64) -> Outcome {
        let mut outcome = Outcome::default();
        for resource_metrics in each(request, RESOURCE_METRICS) {
            let resource = each(resource_metrics, RESOURCE).next();
            let resource = resource.and_then(|resource| Resource::decode(resource).ok());
            let source = Source::of(resource, false, now_ms);
            let scopes = each(resource_metrics, SCOPE_METRICS);
            for metric in scopes.flat_map(|scope| each(scope, METRICS)).filter_map(Encoded::of) {
                let Encoded { name, unit, description: help, kind, .. } = metric;
                let header = Header { name, unit, help, kind };
                if let Err(refusal) = header.check() {
                    outcome.refuse(refusal, metric.count() as u64);
                    continue;
                }
                for point in metric.points() {
                    match point {
                        Ok(Some((attributes, measured))) => {
                            match self.add(&header, &source, &attributes, measured) {
                                Ok(()) => outcome.kept += 1,
                                Err(refusal) => outcome.refuse(refusal, 1),
                            }
                        }
                        // A point without a value says that there is none.
                        Ok(None) => {}
                        Err(_) => outcome.refuse(Refusal::TooLarge, 1),
                    }
                }
            }
        }
        self.settle(&outcome, now_ms);
        outcome
    }

    pub fn fill(&self) -> Part {
        let firsts = self.series.values().filter_map(|series| series.points.first());
        self.bound.part(
            self.bytes(),
            self.series.len(),
            firsts.map(|point| point.at_ms).min().map(clock::rfc3339),
        )
    }

    fn add(
        &mut self,
        header: &Header<'_>,
        source: &Source,
        attributes: &[KeyValue],
        measured: Measured,
    ) -> Result<(), Refusal> {
        header.check()?;
        if !(source.now_ms - KEPT_MS..=source.now_ms + AHEAD_MS).contains(&measured.at_ms) {
            return Err(Refusal::Time);
        }
        if measured.buckets.len().max(measured.bounds.len()) > MAX_BUCKETS {
            return Err(Refusal::Buckets);
        }
        let labels = labels(attributes)?;
        let key = match self.find(header, source, &labels) {
            Some(known) => known,
            None => self.begin(header, source, &labels, &measured)?,
        };
        if let Some(series) = self.series.get_mut(&key) {
            let before = series.bytes(&key);
            series.add(measured);
            let owner = Owner::of(&key, series.is_own);
            self.shares.charge(&owner, before, series.bytes(&key), 0);
        }
        Ok(())
    }

    /// The key of a series that is kept already. A word that is not in the table is of none.
    fn find(&self, header: &Header<'_>, source: &Source, labels: &Labels<'_>) -> Option<Key> {
        let find = |(name, value): &(&str, String)| Some((self.words.find(name)?, self.words.find(value)?));
        let key = Key {
            metric: self.words.find(header.name)?,
            service: self.words.find(&source.service)?,
            instance: self.words.find(&source.instance)?,
            labels: labels.iter().map(find).collect::<Option<_>>()?,
        };
        self.series.contains_key(&key).then_some(key)
    }

    /// Begins a series, if its owner's share allows it; only then are its words kept.
    fn begin(
        &mut self,
        header: &Header<'_>,
        source: &Source,
        labels: &Labels<'_>,
        measured: &Measured,
    ) -> Result<Key, Refusal> {
        let mut words: Vec<&str> = vec![header.name, &source.service, &source.instance];
        words.extend(labels.iter().flat_map(|(name, value)| [*name, value.as_str()]));
        let mut word_bytes = 0;
        if !self.metrics.contains_key(header.name) {
            words.extend([header.unit, header.help]);
            word_bytes += METRIC_BYTES;
        }
        words.sort_unstable();
        words.dedup();
        let unknown = words.into_iter().filter(|word| self.words.find(word).is_none());
        word_bytes += unknown.map(Words::weight).sum::<usize>();
        let owner = match source.is_own {
            true => Owner::Lab,
            false => Owner::Sender(source.service.as_str().into(), source.instance.as_str().into()),
        };
        let bytes = word_bytes + Series::first_bytes(labels.len(), measured);
        if !self.shares.admits(&owner, bytes) && !self.cut_own_history(&owner, bytes) {
            let share = self.shares.of(&owner);
            let sender = source.service.as_str().into();
            return Err(Refusal::Share { sender, series: share.series, bytes: share.bytes });
        }
        let mut keep = |word: &str| self.words.keep(word);
        let key = Key {
            metric: keep(header.name),
            service: keep(&source.service),
            instance: keep(&source.instance),
            labels: labels.iter().map(|(name, value)| (keep(name), keep(value))).collect(),
        };
        if !self.metrics.contains_key(&key.metric) {
            let about = About { kind: header.kind, unit: keep(header.unit), help: keep(header.help) };
            self.metrics.insert(key.metric.clone(), about);
        }
        self.born += 1;
        let series = Series { is_own: source.is_own, born: self.born, word_bytes, ..Series::default() };
        self.shares.charge(&Owner::of(&key, source.is_own), 0, word_bytes + series.bytes(&key), 1);
        self.series.insert(key.clone(), series);
        Ok(key)
    }

    /// A new series of the lab is worth more than its oldest points; says whether they made room.
    fn cut_own_history(&mut self, owner: &Owner, bytes: usize) -> bool {
        match owner {
            Owner::Sender(..) => false,
            Owner::Lab => {
                while !self.shares.admits(owner, bytes) {
                    let (oldest, newest) = self.times(owner);
                    if newest - oldest < LAB_KEEPS_MS {
                        return false;
                    }
                    self.cut(owner, oldest, newest);
                }
                true
            }
        }
    }

    /// After a request: forgets what is too old, and what grew beyond its share.
    fn settle(&mut self, outcome: &Outcome, now_ms: i64) {
        self.bound.turned_away += outcome.refused;
        if now_ms - self.swept_at_ms >= SWEEP_EVERY_MS {
            self.swept_at_ms = now_ms;
            self.forget(now_ms - KEPT_MS, |_| true);
        }
        while let Some(owner) = self.over() {
            let (oldest, newest) = self.times(&owner);
            self.cut(&owner, oldest, newest);
            if self.series.is_empty() {
                return;
            }
        }
    }

    /// Whose series must give way.
    fn over(&self) -> Option<Owner> {
        let by_share = self.shares.who_is_over();
        let is_full = || self.bytes() > self.bound.limit_bytes;
        by_share.or_else(|| is_full().then(|| self.shares.largest_sender().unwrap_or(Owner::Lab)))
    }

    /// The first and the last time of all points of `owner`.
    fn times(&self, owner: &Owner) -> (i64, i64) {
        let theirs = self.series.iter().filter(|(key, series)| Owner::of(key, series.is_own) == *owner);
        let times = theirs.filter_map(|(_, series)| series.points.first().zip(series.points.last()));
        times.fold((i64::MAX, i64::MIN), |(oldest, newest), (first, last)| {
            (oldest.min(first.at_ms), newest.max(last.at_ms))
        })
    }

    /// Cuts the oldest eighth of the time of `owner`'s series, so that this is not done for each request; where there is
    /// one instant alone, the eighth of its series that came last.
    fn cut(&mut self, owner: &Owner, oldest: i64, newest: i64) {
        let is_theirs = |key: &Key, series: &Series| Owner::of(key, series.is_own) == *owner;
        if newest > oldest {
            let horizon = oldest + (newest - oldest) / 8 + 1;
            let horizon = horizon.min(newest);
            self.bound.evicted += self.forget(horizon, |owner_of| owner_of == owner);
            return;
        }
        let theirs = self.series.iter().filter(|(key, series)| is_theirs(key, series));
        let mut born: Vec<u64> = theirs.map(|(_, series)| series.born).collect();
        born.sort_unstable();
        let first_gone = born.get(born.len() - born.len().div_ceil(8)).copied().unwrap_or_default();
        let before = self.series.len();
        self.series.retain(|key, series| series.born < first_gone || !is_theirs(key, series));
        self.bound.evicted += (before - self.series.len()) as u64;
        self.weigh();
    }

    /// Forgets all points before `horizon_ms` of those owners that `is_meant`, and series of which nothing is left; says
    /// how many points that were.
    fn forget(&mut self, horizon_ms: i64, is_meant: impl Fn(&Owner) -> bool) -> u64 {
        let mut forgotten = 0;
        self.series.retain(|key, series| {
            if !is_meant(&Owner::of(key, series.is_own)) {
                return true;
            }
            let points = series.forget(horizon_ms);
            if points > 0 {
                series.shrink();
            }
            forgotten += points;
            series.points.last().is_some()
        });
        self.weigh();
        forgotten
    }

    /// Counts again what everybody's series take. A word is charged to the first series that is met with it.
    pub(super) fn weigh(&mut self) {
        let named: HashSet<&str> = self.series.keys().map(|key| &*key.metric).collect();
        self.metrics.retain(|name, _| named.contains(&**name));
        self.words.sweep();
        self.shares.clear();
        let mut charged: HashSet<*const u8> = HashSet::new();
        for (key, series) in &mut self.series {
            series.word_bytes = 0;
            let mut charge = |word: &Arc<str>| {
                if charged.insert(word.as_ptr()) {
                    series.word_bytes += Words::weight(word);
                    return true;
                }
                false
            };
            let labels = key.labels.iter().flat_map(|(name, value)| [name, value]);
            for word in [&key.service, &key.instance].into_iter().chain(labels) {
                charge(word);
            }
            if charge(&key.metric)
                && let Some(about) = self.metrics.get(&key.metric)
            {
                for word in [&about.unit, &about.help] {
                    charge(word);
                }
                series.word_bytes += METRIC_BYTES;
            }
            let owner = Owner::of(key, series.is_own);
            self.shares.charge(&owner, 0, series.word_bytes + series.bytes(key), 1);
        }
    }

    fn bytes(&self) -> usize {
        self.shares.bytes()
    }
}
