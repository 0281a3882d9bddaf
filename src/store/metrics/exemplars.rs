//! The exemplars of a series. Each is worth keeping a trace for, so there are few, and they are spread over the whole time
//! that points are kept: one for each of twenty stretches of it, the largest value that came then. A reader who clicks on a
//! point finds one near it, and the slow requests rather than the usual ones.

use std::collections::VecDeque;

/// So many are kept of a series, and of each stretch of time one: together, as long as points are kept.
const MOST_EXEMPLARS: usize = 20;
const STRETCH_MS: i64 = 45_000;

/// A trace during which something was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    pub value: f64,
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub at_ms: i64,
}

/// The exemplars of one series, by time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exemplars(VecDeque<Exemplar>);

impl Exemplars {
    /// Keeps an exemplar if none of its stretch of time has so large a value.
    pub fn offer(&mut self, exemplar: Exemplar) {
        let stretch = |one: &Exemplar| one.at_ms.div_euclid(STRETCH_MS);
        let place = self.0.partition_point(|known| stretch(known) < stretch(&exemplar));
        match self.0.get_mut(place).filter(|known| stretch(known) == stretch(&exemplar)) {
            Some(known) if known.value < exemplar.value => *known = exemplar,
            Some(_) => {}
            None => {
                self.0.insert(place, exemplar);
                if self.0.len() > MOST_EXEMPLARS {
                    self.0.pop_front();
                }
            }
        }
    }

    /// Forgets those before `horizon_ms`.
    pub fn forget(&mut self, horizon_ms: i64) {
        self.0.retain(|exemplar| exemplar.at_ms >= horizon_ms);
    }

    /// The oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Exemplar> {
        self.0.iter()
    }

    /// Gives back memory that is reserved for exemplars still to come.
    pub fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }

    /// What a series' first `count` exemplars take in memory.
    pub fn first_bytes(count: usize) -> usize {
        count.min(MOST_EXEMPLARS).next_power_of_two() * size_of::<Exemplar>()
    }

    /// What they take in memory.
    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Exemplar>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::metrics::shelf::KEPT_MS;

    fn exemplar(at_ms: i64, value: f64) -> Exemplar {
        Exemplar { value, trace_id: [1; 16], span_id: [2; 8], at_ms }
    }

    #[test]
    fn the_largest_of_each_stretch_of_time_is_kept_and_the_whole_time_is_covered() {
        assert_eq!(MOST_EXEMPLARS as i64 * STRETCH_MS, KEPT_MS);
        let mut exemplars = Exemplars::default();
        // Ten a second for half an hour, each twice, as sums since the start bring them.
        for at_ms in (0..2 * KEPT_MS).step_by(100).flat_map(|at_ms| [at_ms, at_ms]) {
            exemplars.offer(exemplar(at_ms, (at_ms % 997) as f64));
        }
        let times: Vec<i64> = exemplars.iter().map(|one| one.at_ms).collect();
        assert!(times.is_sorted() && times.len() == MOST_EXEMPLARS, "{times:?}");
        let stretches: Vec<i64> = times.iter().map(|at_ms| at_ms / STRETCH_MS).collect();
        assert_eq!(stretches, (20..40).collect::<Vec<_>>());
        assert!(exemplars.iter().all(|one| one.value > 900.0), "{exemplars:?}");
        exemplars.forget(2 * KEPT_MS - STRETCH_MS);
        assert!(exemplars.iter().count() <= 1);
    }
}
