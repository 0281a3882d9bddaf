//! Exemplars: for each bucket of a histogram, a trace that fell into it. By hand, because the SDK has a place for
//! exemplars and never fills it.
//!
//! Only spans that are sampled count, so that an exemplar points at a trace that was recorded; where a tail rule chooses
//! among traces, only those of the share it keeps whatever becomes of them. What is older than a minute
//! is not shown any more: whoever scrapes has seen it, and its trace may be gone.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use opentelemetry::{
    KeyValue,
    trace::{SpanContext, SpanId, TraceId},
};
use opentelemetry_proto::tonic::{
    common::v1::{KeyValue as Pair, any_value::Value},
    metrics::v1::{Exemplar as Sent, Metric, exemplar, metric::Data},
};

use super::otlp::rule::Rule;

const KEPT: Duration = Duration::from_secs(60);
/// The newest is good enough for this long: a busy route does not write one for each request.
const FRESH: Duration = Duration::from_millis(500);
/// The SDK's own bound for the series of an instrument.
const MOST_SERIES: usize = 2000;

/// The values of `OTEL_METRICS_EXEMPLAR_FILTER`: of which measurements there may be exemplars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Those made in a span that is sampled.
    #[default]
    TraceBased,
    /// All that were made in a span, also where nobody will find its trace.
    AlwaysOn,
    AlwaysOff,
}

/// The exemplars of one histogram.
#[derive(Debug)]
pub struct Exemplars {
    bounds: Vec<f64>,
    filter: Filter,
    /// Where not all traces leave: only those will do that surely do.
    tail: Option<Rule>,
    series: Mutex<HashMap<u64, Series>>,
}

/// Of one label set, by bucket.
#[derive(Debug)]
struct Series {
    labels: Vec<(String, String)>,
    buckets: Vec<Option<Exemplar>>,
}

/// A measurement and the span it was made in.
#[derive(Clone, Copy, Debug)]
struct Exemplar {
    value: f64,
    at: SystemTime,
    trace_id: TraceId,
    span_id: SpanId,
}

impl Exemplars {
    /// Of a histogram with these upper bounds.
    pub fn new(bounds: &[f64], filter: Filter, tail: Option<Rule>) -> Self {
        Exemplars { bounds: bounds.to_vec(), filter, tail, series: Mutex::default() }
    }

    fn passes(&self, span: &SpanContext) -> bool {
        match self.filter {
            Filter::TraceBased => {
                span.is_sampled() && self.tail.is_none_or(|rule| rule.draws(span.trace_id()))
            }
            Filter::AlwaysOn => span.is_valid(),
            Filter::AlwaysOff => false,
        }
    }

    /// Offers a measurement made in `span`. Whoever finds another at it goes on: there will be a next one.
    pub fn offer(&self, value: f64, labels: &[KeyValue], span: &SpanContext, at: SystemTime) {
        if !self.passes(span) {
            return;
        }
        let Ok(mut all) = self.series.try_lock() else { return };
        let mut hasher = DefaultHasher::new();
        labels.hash(&mut hasher);
        let key = hasher.finish();
        if all.len() >= MOST_SERIES && !all.contains_key(&key) {
            return;
        }
        let series = all.entry(key).or_insert_with(|| Series::new(labels, self.bounds.len() + 1));
        let bucket = &mut series.buckets[self.bounds.partition_point(|bound| *bound < value)];
        let is_fresh = |old: &Exemplar| at.duration_since(old.at).is_ok_and(|age| age < FRESH);
        if !bucket.as_ref().is_some_and(is_fresh) {
            *bucket = Some(Exemplar { value, at, trace_id: span.trace_id(), span_id: span.span_id() });
        }
    }

    /// Puts what is younger than a minute into the points of `metric`.
    pub fn fill(&self, metric: &mut Metric, now: SystemTime) {
        let all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return;
        }
        let by_labels: HashMap<&[(String, String)], &Series> =
            all.values().map(|series| (series.labels.as_slice(), series)).collect();
        let of = |attributes: &[Pair]| {
            by_labels.get(read(attributes).as_slice()).map(|series| series.sent(now)).unwrap_or_default()
        };
        match &mut metric.data {
            Some(Data::Histogram(histogram)) => {
                histogram.data_points.iter_mut().for_each(|point| point.exemplars = of(&point.attributes));
            }
            Some(Data::ExponentialHistogram(histogram)) => {
                histogram.data_points.iter_mut().for_each(|point| point.exemplars = of(&point.attributes));
            }
            Some(Data::Gauge(_) | Data::Sum(_) | Data::Summary(_)) | None => {}
        }
    }
}

impl Series {
    fn new(labels: &[KeyValue], buckets: usize) -> Self {
        let text = |one: &KeyValue| (one.key.as_str().to_owned(), one.value.as_str().into_owned());
        let mut labels: Vec<(String, String)> = labels.iter().map(text).collect();
        labels.sort();
        Series { labels, buckets: vec![None; buckets] }
    }

    fn sent(&self, now: SystemTime) -> Vec<Sent> {
        let is_young = |one: &&Exemplar| now.duration_since(one.at).map_or(true, |age| age < KEPT);
        self.buckets.iter().flatten().filter(is_young).map(Exemplar::sent).collect()
    }
}

impl Exemplar {
    fn sent(&self) -> Sent {
        let since = self.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        Sent {
            filtered_attributes: Vec::new(),
            time_unix_nano: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
            trace_id: self.trace_id.to_bytes().to_vec(),
            span_id: self.span_id.to_bytes().to_vec(),
            value: Some(exemplar::Value::AsDouble(self.value)),
        }
    }
}

/// The labels of a point, in the order and spelling in which a series keeps them.
fn read(attributes: &[Pair]) -> Vec<(String, String)> {
    let text = |pair: &Pair| match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        _ => String::new(),
    };
    let mut labels: Vec<(String, String)> =
        attributes.iter().map(|pair| (pair.key.clone(), text(pair))).collect();
    labels.sort();
    labels
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{TraceFlags, TraceState};
    use opentelemetry_proto::tonic::{
        common::v1::AnyValue,
        metrics::v1::{Histogram, HistogramDataPoint},
    };

    use super::*;

    fn span(id: u8, flags: TraceFlags) -> SpanContext {
        let (trace_id, span_id) = (TraceId::from_bytes([id; 16]), SpanId::from_bytes([id; 8]));
        SpanContext::new(trace_id, span_id, flags, false, TraceState::default())
    }

    fn labels() -> [KeyValue; 2] {
        [KeyValue::new("route", "/a"), KeyValue::new("code", 200)]
    }

    fn filled(exemplars: &Exemplars, now: SystemTime) -> Vec<(f64, u8)> {
        let pair = |key: &str, value| Pair {
            key: key.to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            ..Default::default()
        };
        let attributes =
            vec![pair("code", Value::IntValue(200)), pair("route", Value::StringValue("/a".to_owned()))];
        let data_points = vec![HistogramDataPoint { attributes, ..Default::default() }];
        let data = Some(Data::Histogram(Histogram { data_points, ..Default::default() }));
        let mut metric = Metric { data, ..Default::default() };
        exemplars.fill(&mut metric, now);
        let Some(Data::Histogram(histogram)) = metric.data else { panic!("a histogram") };
        let value = |sent: &Sent| match sent.value {
            Some(exemplar::Value::AsDouble(value)) => (value, sent.trace_id[0]),
            _ => panic!("a number"),
        };
        histogram.data_points[0].exemplars.iter().map(value).collect()
    }

    #[test]
    fn each_bucket_shows_its_newest_and_only_what_is_sampled() {
        let exemplars = Exemplars::new(&[0.1, 1.0], Filter::TraceBased, None);
        let begun = SystemTime::now();
        let offer = |value, id, flags, after_ms| {
            let at = begun + Duration::from_millis(after_ms);
            exemplars.offer(value, &labels(), &span(id, flags), at);
        };
        offer(0.05, 1, TraceFlags::SAMPLED, 0);
        offer(0.06, 2, TraceFlags::SAMPLED, 100);
        offer(0.5, 3, TraceFlags::default(), 100);
        offer(5.0, 4, TraceFlags::SAMPLED, 100);
        assert_eq!(filled(&exemplars, begun), [(0.05, 1), (5.0, 4)]);
        offer(0.1, 5, TraceFlags::SAMPLED, 600);
        assert_eq!(filled(&exemplars, begun), [(0.1, 5), (5.0, 4)]);
    }

    #[test]
    fn a_tail_rule_has_a_say() {
        let rule = "errors,50%".parse().expect("a rule");
        let exemplars = Exemplars::new(&[0.1], Filter::TraceBased, Some(rule));
        let now = SystemTime::now();
        exemplars.offer(0.05, &labels(), &span(200, TraceFlags::SAMPLED), now);
        assert!(filled(&exemplars, now).is_empty());
        exemplars.offer(0.05, &labels(), &span(1, TraceFlags::SAMPLED), now);
        assert_eq!(filled(&exemplars, now), [(0.05, 1)]);
    }

    #[test]
    fn the_filter_decides_whether_a_span_must_be_sampled() {
        let now = SystemTime::now();
        let kept = |filter, flags| {
            let exemplars = Exemplars::new(&[0.1], filter, None);
            exemplars.offer(0.05, &labels(), &span(1, flags), now);
            filled(&exemplars, now).len()
        };
        for (filter, sampled, other) in
            [(Filter::TraceBased, 1, 0), (Filter::AlwaysOn, 1, 1), (Filter::AlwaysOff, 0, 0)]
        {
            assert_eq!(
                (kept(filter, TraceFlags::SAMPLED), kept(filter, TraceFlags::default())),
                (sampled, other)
            );
        }
    }

    #[test]
    fn what_is_old_is_not_shown() {
        let exemplars = Exemplars::new(&[0.1], Filter::TraceBased, None);
        let begun = SystemTime::now();
        exemplars.offer(0.05, &labels(), &span(1, TraceFlags::SAMPLED), begun);
        assert!(filled(&exemplars, begun + KEPT).is_empty());
    }
}
