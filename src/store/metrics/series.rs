//! One series: what it is called, its points, and examples of what was measured.

use std::{collections::VecDeque, sync::Arc};

use super::point::{Point, Points};

/// So many examples are kept, the newest.
const MOST_EXEMPLARS: usize = 20;
/// What a series takes beside itself: its place in the table, and the allocations of its parts.
const OVERHEAD_BYTES: usize = 160;

/// What makes it this series and no other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub metric: Arc<str>,
    pub service: Arc<str>,
    /// `service.instance.id`: two processes of one service count apart.
    pub instance: Arc<str>,
    /// By name.
    pub labels: Box<[(Arc<str>, Arc<str>)]>,
}

/// A trace during which something was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    pub value: f64,
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub at_ms: i64,
}

/// What is kept of a series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    pub points: Points,
    /// A histogram's upper bounds and, one more, its newest counts.
    pub bounds: Box<[f64]>,
    pub buckets: Vec<u64>,
    pub exemplars: VecDeque<Exemplar>,
    /// Who began it, for the shares of `shares.rs`.
    pub is_own: bool,
    /// Counts up from the first series.
    pub born: u64,
    /// Bytes of the words that are charged to this series; other series may use them as well.
    pub word_bytes: usize,
}

/// What was measured, however OTLP tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    pub at_ms: i64,
    pub value: f64,
    pub count: u64,
    pub bounds: Vec<f64>,
    pub buckets: Vec<u64>,
    pub exemplars: Vec<Exemplar>,
    /// It tells what came since the last time, and not since the start.
    pub is_delta: bool,
}

impl Series {
    /// Adds what was measured; what is older than the newest point comes too late.
    pub fn add(&mut self, measured: Measured) {
        let Measured { at_ms, mut value, mut count, bounds, buckets, exemplars, is_delta } = measured;
        if self.points.last().is_some_and(|last| last.at_ms >= at_ms) {
            return;
        }
        let last = self.points.last().filter(|_| is_delta);
        if let Some(last) = last {
            value += last.value;
            count += last.count;
        }
        if last.is_some() && *self.bounds == *bounds && self.buckets.len() == buckets.len() {
            self.buckets.iter_mut().zip(buckets).for_each(|(sum, more)| *sum += more);
        } else {
            if *self.bounds != *bounds {
                self.bounds = bounds.into();
            }
            self.buckets = buckets;
        }
        self.points.add(Point { at_ms, value, count });
        for exemplar in exemplars {
            // Sums since the start bring the same examples each time.
            let is_known =
                |known: &Exemplar| known.at_ms == exemplar.at_ms && known.span_id == exemplar.span_id;
            if self.exemplars.iter().any(is_known) {
                continue;
            }
            if self.exemplars.len() >= MOST_EXEMPLARS {
                self.exemplars.pop_front();
            }
            self.exemplars.push_back(exemplar);
        }
    }

    /// Forgets what was before `horizon_ms`, and says how many points that were.
    pub fn forget(&mut self, horizon_ms: i64) -> u64 {
        self.exemplars.retain(|exemplar| exemplar.at_ms >= horizon_ms);
        self.points.forget(horizon_ms)
    }

    /// Gives back memory that is reserved for points and exemplars still to come.
    pub fn shrink(&mut self) {
        self.points.shrink();
        self.exemplars.shrink_to_fit();
        self.buckets.shrink_to_fit();
    }

    /// What a series takes that begins with `measured`.
    pub fn first_bytes(labels: usize, measured: &Measured) -> usize {
        size_of::<Self>()
            + size_of::<Key>()
            + OVERHEAD_BYTES
            + labels * size_of::<(Arc<str>, Arc<str>)>()
            + Points::FIRST_BYTES
            + size_of_val(&*measured.bounds)
            + measured.buckets.capacity() * size_of::<u64>()
            + measured.exemplars.len().min(MOST_EXEMPLARS).next_power_of_two() * size_of::<Exemplar>()
    }

    /// What it takes in memory; the words of its labels are counted where they are kept.
    pub fn bytes(&self, key: &Key) -> usize {
        size_of::<Self>()
            + size_of::<Key>()
            + OVERHEAD_BYTES
            + size_of_val(&*key.labels)
            + self.points.bytes()
            + size_of_val(&*self.bounds)
            + self.buckets.capacity() * size_of::<u64>()
            + self.exemplars.capacity() * size_of::<Exemplar>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(at_ms: i64) -> Exemplar {
        Exemplar { value: 0.5, trace_id: [1; 16], span_id: [at_ms as u8; 8], at_ms }
    }

    #[test]
    fn what_is_told_bit_by_bit_is_added_up() {
        let mut series = Series::default();
        let bit = |at_ms, is_delta| Measured {
            at_ms,
            value: 1.5,
            count: 3,
            bounds: vec![1.0],
            buckets: vec![1, 2],
            is_delta,
            ..Measured::default()
        };
        series.add(bit(1, true));
        series.add(bit(2, true));
        assert_eq!(series.points.last(), Some(&Point { at_ms: 2, value: 3.0, count: 6 }));
        assert_eq!(series.buckets, [2, 4]);
        series.add(bit(3, false));
        assert_eq!(
            (series.points.last().map(|point| point.count), &series.buckets[..]),
            (Some(3), &[1, 2][..])
        );
    }

    #[test]
    fn the_newest_examples_are_kept_each_once() {
        let mut series = Series::default();
        for round in 0..3 {
            let exemplars = (1..=30).map(exemplar).collect();
            series.add(Measured { at_ms: round + 1, exemplars, ..Measured::default() });
        }
        assert_eq!(series.exemplars.len(), MOST_EXEMPLARS);
        let mut times: Vec<i64> = series.exemplars.iter().map(|one| one.at_ms).collect();
        times.sort_unstable();
        times.dedup();
        assert_eq!(times.len(), MOST_EXEMPLARS);
        series.forget(25);
        assert!(series.exemplars.iter().all(|one| one.at_ms >= 25));
    }
}
