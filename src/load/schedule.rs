//! When visits come: an open model, in which nobody waits for anybody else. Pure: the same seed and the same changes at
//! the same elapsed times give the same arrivals.
//!
//! Between visits lie exponential gaps of mean 1, each drawn from its own visit's stream; the rate turns them into time
//! by the area under it. So a change of rate stretches what is still to come, and never redraws it.

use std::time::Duration;

use super::{
    dice::{Dice, Purpose},
    rate::Rate,
};

/// A visit that is to come: which one, and its intended start since the shoppers began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub number: u64,
    pub at: Duration,
}

/// The arrivals, one after the other, the first at 0.
#[derive(Clone, Debug)]
pub struct Schedule {
    seed: u64,
    base: Rate,
    /// What comes on top for a while, each with its end.
    surges: Vec<(Duration, Rate)>,
    /// `base` and `surges` together.
    rate: Rate,
    last: Duration,
    number: u64,
    /// The gap before visit `number`, in visits.
    gap: f64,
    due: Option<Duration>,
}

impl Schedule {
    pub fn new(seed: u64, visits_per_minute: f64) -> Self {
        let base = Rate::level(per_second(visits_per_minute));
        let mut schedule = Schedule {
            seed,
            rate: base.clone(),
            base,
            surges: Vec::new(),
            last: Duration::ZERO,
            number: 0,
            gap: 0.0,
            due: None,
        };
        schedule.look_ahead();
        schedule
    }

    /// The next visit, without taking it; none while the rate stays at 0.
    pub fn peek(&self) -> Option<Arrival> {
        self.due.map(|at| Arrival { number: self.number, at })
    }

    /// Takes the next visit.
    pub fn take(&mut self) -> Option<Arrival> {
        let arrival = self.peek()?;
        self.last = arrival.at;
        self.number += 1;
        self.gap = Dice::new(self.seed, Purpose::Gap, self.number).gap();
        self.look_ahead();
        Some(arrival)
    }

    /// From `now` on the base rate goes in a straight line to another, and stays there. What comes on top stays.
    pub fn set_rate(&mut self, now: Duration, visits_per_minute: f64, ramp: Duration) {
        self.base.turn(now, per_second(visits_per_minute), ramp);
        self.add_up();
    }

    /// Adds visits on top, from `now` and for `duration`.
    pub fn surge(&mut self, now: Duration, duration: Duration, visits_per_minute: f64) {
        let until = now.saturating_add(duration);
        self.surges.push((until, Rate::pulse(now, until, per_second(visits_per_minute))));
        self.add_up();
    }

    /// How many surges are under way or to come at `now`.
    pub fn surges(&self, now: Duration) -> usize {
        self.surges.iter().filter(|(until, _)| *until > now).count()
    }

    /// Ends at `now` whatever comes on top.
    pub fn end_surges(&mut self, now: Duration) {
        for (until, rate) in &mut self.surges {
            if *until > now {
                rate.turn(now, 0.0, Duration::ZERO);
                *until = now;
            }
        }
        self.add_up();
    }

    /// Begins anew at `now` with visit 0 of another seed; the rate stays as it is.
    pub fn replay(&mut self, now: Duration, seed: u64) {
        self.seed = seed;
        self.number = 0;
        self.gap = 0.0;
        self.last = now;
        self.add_up();
    }

    /// Visits a minute at `now`, with what comes on top.
    pub fn visits_per_minute(&self, now: Duration) -> f64 {
        self.rate.at(now) * 60.0
    }

    fn add_up(&mut self) {
        // Only what is after the last arrival decides when the next one comes.
        self.base.forget(self.last);
        self.surges.retain(|(until, _)| *until > self.last);
        self.rate = self.surges.iter().fold(self.base.clone(), |sum, (_, surge)| sum.plus(surge));
        self.look_ahead();
    }

    fn look_ahead(&mut self) {
        self.due = self.rate.when(self.last, self.gap);
    }
}

fn per_second(per_minute: f64) -> f64 {
    per_minute / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The intended starts before `until`.
    fn arrivals(schedule: &mut Schedule, until: Duration) -> Vec<Duration> {
        let mut all = Vec::new();
        while schedule.peek().is_some_and(|next| next.at < until) {
            all.extend(schedule.take().map(|arrival| arrival.at));
        }
        all
    }

    #[test]
    fn the_first_visit_comes_at_once_and_all_follow_from_the_seed() {
        let all = |seed| arrivals(&mut Schedule::new(seed, 600.0), SECOND * 60);
        let one = all(1);
        assert_eq!(one[0], Duration::ZERO);
        assert!(one.is_sorted());
        assert_eq!(one, all(1));
        assert_ne!(one, all(2));
    }

    #[test]
    fn gaps_are_exponential_with_the_mean_of_the_rate() {
        let all = arrivals(&mut Schedule::new(7, 6_000.0), SECOND * 100);
        // 10,000 expected; three standard deviations of a Poisson count are 300.
        assert!((9_700..10_300).contains(&all.len()), "{}", all.len());
        let longer = all.windows(2).filter(|pair| pair[1] - pair[0] > Duration::from_millis(10)).count();
        let share = longer as f64 / all.len() as f64;
        assert!((share - (-1.0f64).exp()).abs() < 0.02, "{share} of the gaps are above the mean");
    }

    #[test]
    fn a_change_of_rate_stretches_time_and_draws_nothing_anew() {
        let steady = arrivals(&mut Schedule::new(3, 60.0), SECOND * 100);
        let mut schedule = Schedule::new(3, 60.0);
        let mut changed = arrivals(&mut schedule, SECOND * 10);
        schedule.set_rate(SECOND * 10, 120.0, Duration::ZERO);
        changed.extend(arrivals(&mut schedule, SECOND * 50));
        for (steady, changed) in steady.iter().zip(&changed) {
            let expected =
                if *steady < SECOND * 10 { *steady } else { SECOND * 10 + (*steady - SECOND * 10) / 2 };
            assert!(expected.abs_diff(*changed) < Duration::from_micros(1), "{expected:?} {changed:?}");
        }
    }

    #[test]
    fn a_ramp_brings_ever_more_visits() {
        let mut schedule = Schedule::new(5, 600.0);
        schedule.set_rate(Duration::ZERO, 60_000.0, SECOND * 10);
        let all = arrivals(&mut schedule, SECOND * 20);
        let in_second = |second: u32| all.iter().filter(|at| at.as_secs() == u64::from(second)).count();
        let counts: Vec<usize> = (0..10).map(in_second).collect();
        assert!(counts.is_sorted(), "{counts:?}");
        // The area under 10 → 1,000 over 10 s, and 10 s at 1,000.
        let expected = 5_050.0 + 10_000.0;
        assert!((all.len() as f64 - expected).abs() < 400.0, "{}", all.len());
    }

    #[test]
    fn a_replay_begins_with_visit_nought_and_the_gaps_of_its_seed() {
        let mut schedule = Schedule::new(5, 600.0);
        arrivals(&mut schedule, SECOND * 30);
        schedule.replay(SECOND * 30, 7);
        let again = arrivals(&mut schedule, SECOND * 60);
        let first = arrivals(&mut Schedule::new(7, 600.0), SECOND * 30);
        assert_eq!(again.len(), first.len());
        for (again, first) in again.iter().zip(&first) {
            assert!(
                (*again - SECOND * 30).abs_diff(*first) < Duration::from_micros(1),
                "{again:?} {first:?}"
            );
        }
    }

    #[test]
    fn an_empty_shop_fills_when_the_rate_says_so() {
        let mut schedule = Schedule::new(5, 0.0);
        assert_eq!(schedule.peek(), None);
        schedule.set_rate(SECOND * 3, 60.0, Duration::ZERO);
        assert_eq!(schedule.take(), Some(Arrival { number: 0, at: SECOND * 3 }));
        schedule.set_rate(SECOND * 4, 0.0, Duration::ZERO);
        let rest = arrivals(&mut schedule, SECOND * 1_000);
        assert!(rest.iter().all(|at| *at < SECOND * 4), "{rest:?}");
    }

    #[test]
    fn a_surge_comes_on_top_and_ends() {
        let mut schedule = Schedule::new(5, 60.0);
        schedule.surge(SECOND * 10, SECOND * 10, 6_000.0);
        assert_eq!(schedule.visits_per_minute(SECOND * 15), 6_060.0);
        schedule.set_rate(SECOND * 15, 600.0, Duration::ZERO);
        assert_eq!(schedule.visits_per_minute(SECOND * 16), 6_600.0, "a change of rate leaves it standing");
        assert_eq!(schedule.visits_per_minute(SECOND * 20), 600.0);
        schedule.end_surges(SECOND * 17);
        assert_eq!(schedule.visits_per_minute(SECOND * 17), 600.0);
        assert_eq!(schedule.visits_per_minute(SECOND * 16), 6_600.0);
    }
}
