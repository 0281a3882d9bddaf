//! A rate of visits over time, made of straight lines. Pure; time is what has elapsed since the shoppers started.

use std::time::Duration;

/// Visits a second as a function of elapsed time: straight between points, level before the first and after the last.
/// Two points at the same time are a jump.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate(Vec<Point>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    at_seconds: f64,
    per_second: f64,
}

/// A part of a rate in which it is one straight line.
#[derive(Clone, Copy, Debug)]
struct Line {
    from: Point,
    to: Point,
}

impl Rate {
    /// The same at all times.
    pub fn level(per_second: f64) -> Self {
        Rate(vec![Point { at_seconds: 0.0, per_second }])
    }

    /// Nothing, but `per_second` from `from` until `until`.
    pub fn pulse(from: Duration, until: Duration, per_second: f64) -> Self {
        let (from, until) = (from.as_secs_f64(), until.as_secs_f64());
        let point = |at_seconds, per_second| Point { at_seconds, per_second };
        Rate(vec![point(from, 0.0), point(from, per_second), point(until, per_second), point(until, 0.0)])
    }

    /// The rate at `elapsed`, in visits a second; at a jump, the one after it.
    pub fn at(&self, elapsed: Duration) -> f64 {
        self.after(elapsed.as_secs_f64())
    }

    /// As it is until `now`, then in a straight line to `per_second`, where it is after `ramp` and stays.
    pub fn turn(&mut self, now: Duration, per_second: f64, ramp: Duration) {
        let (now, ramp) = (now.as_secs_f64(), ramp.as_secs_f64());
        let here = Point { at_seconds: now, per_second: self.after(now) };
        self.0.retain(|point| point.at_seconds < now);
        self.0.extend([here, Point { at_seconds: now + ramp, per_second }]);
    }

    /// Forgets what was before `elapsed`, so that many changes do not add up.
    pub fn forget(&mut self, elapsed: Duration) {
        let elapsed = elapsed.as_secs_f64();
        let past = self.0.iter().take_while(|point| point.at_seconds <= elapsed).count();
        self.0.drain(..past.saturating_sub(1));
    }

    /// Both at once.
    pub fn plus(&self, other: &Rate) -> Self {
        let mut times: Vec<f64> = self.0.iter().chain(&other.0).map(|point| point.at_seconds).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let sides = times.into_iter().flat_map(|at_seconds| {
            let before = self.before(at_seconds) + other.before(at_seconds);
            let after = self.after(at_seconds) + other.after(at_seconds);
            [before, after].map(|per_second| Point { at_seconds, per_second })
        });
        let mut points: Vec<Point> = sides.collect();
        points.dedup();
        Rate(points)
    }

    /// How many visits fall between two times, on average: the area under the rate.
    pub fn visits(&self, from: Duration, to: Duration) -> f64 {
        let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
        self.lines(from).map(|line| line.until(to).area()).sum()
    }

    /// When `visits` have fallen since `from`, on average; never, when the rate stays at 0 before that.
    pub fn when(&self, from: Duration, visits: f64) -> Option<Duration> {
        let mut left = visits;
        for line in self.lines(from.as_secs_f64()) {
            let area = line.area();
            if area > 0.0 && area >= left {
                return Duration::try_from_secs_f64(line.from.at_seconds + line.reach(left)).ok();
            }
            left -= area;
        }
        None
    }

    /// The lines from `start` on. The last one has no end.
    fn lines(&self, start: f64) -> impl Iterator<Item = Line> + '_ {
        let level = |at_seconds, point: &Point| Point { at_seconds, ..*point };
        let first = self.0.first().map(|first| Line { from: level(f64::NEG_INFINITY, first), to: *first });
        let last = self.0.last().map(|last| Line { from: *last, to: level(f64::INFINITY, last) });
        let between = self.0.windows(2).map(|pair| Line { from: pair[0], to: pair[1] });
        let all = first.into_iter().chain(between).chain(last);
        all.filter(move |line| line.to.at_seconds > start).map(move |line| line.since(start))
    }

    fn after(&self, at_seconds: f64) -> f64 {
        self.lines(at_seconds).next().map_or(0.0, |line| line.from.per_second)
    }

    fn before(&self, at_seconds: f64) -> f64 {
        let ended = self.0.iter().rposition(|point| point.at_seconds < at_seconds);
        match (ended, self.0.first()) {
            (Some(at), _) => {
                let from = self.0[at];
                let to = self.0.get(at + 1).copied().unwrap_or(Point { at_seconds: f64::INFINITY, ..from });
                Line { from, to }.at(at_seconds)
            }
            (None, first) => first.map_or(0.0, |first| first.per_second),
        }
    }
}

impl Line {
    fn slope(self) -> f64 {
        let rise = self.to.per_second - self.from.per_second;
        if rise == 0.0 { 0.0 } else { rise / (self.to.at_seconds - self.from.at_seconds) }
    }

    fn at(self, at_seconds: f64) -> f64 {
        if self.slope() == 0.0 {
            return self.from.per_second;
        }
        self.from.per_second + self.slope() * (at_seconds - self.from.at_seconds)
    }

    /// The part that is not before `start`.
    fn since(self, start: f64) -> Line {
        if start <= self.from.at_seconds {
            return self;
        }
        Line { from: Point { at_seconds: start, per_second: self.at(start) }, ..self }
    }

    /// The part that is not after `end`.
    fn until(self, end: f64) -> Line {
        let end = end.max(self.from.at_seconds);
        if end >= self.to.at_seconds {
            return self;
        }
        Line { to: Point { at_seconds: end, per_second: self.at(end) }, ..self }
    }

    fn area(self) -> f64 {
        let mean = (self.from.per_second + self.to.per_second) / 2.0;
        // Nothing for ever is nothing, and not the NaN that 0 times infinity is.
        if mean == 0.0 { 0.0 } else { mean * (self.to.at_seconds - self.from.at_seconds) }
    }

    /// How many seconds it takes to gather `area`: x from `area = rate·x + slope·x²/2`, in the form that neither
    /// divides by a slope of 0 nor subtracts near-equal numbers.
    fn reach(self, area: f64) -> f64 {
        if area <= 0.0 {
            return 0.0;
        }
        let rate = self.from.per_second;
        let root = (rate * rate + 2.0 * self.slope() * area).max(0.0).sqrt();
        2.0 * area / (rate + root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_level_rate_gathers_evenly() {
        let rate = Rate::level(4.0);
        assert_eq!(rate.visits(seconds(1.0), seconds(3.0)), 8.0);
        assert_eq!(rate.when(seconds(1.0), 8.0), Some(seconds(3.0)));
        assert_eq!(Rate::level(0.0).when(seconds(1.0), 0.5), None);
        assert_eq!(Rate::level(0.0).when(seconds(1.0), 0.0), None, "nobody comes to a closed shop");
    }

    #[test]
    fn a_ramp_is_straight_and_stays_where_it_ends() {
        let mut rate = Rate::level(10.0);
        rate.turn(seconds(5.0), 30.0, seconds(10.0));
        for (at, expected) in [(0.0, 10.0), (5.0, 10.0), (10.0, 20.0), (15.0, 30.0), (99.0, 30.0)] {
            assert_eq!(rate.at(seconds(at)), expected, "at {at}");
        }
        // 5 s at 10, 10 s at 20 on average, 5 s at 30.
        assert_eq!(rate.visits(seconds(0.0), seconds(20.0)), 400.0);
    }

    #[test]
    fn when_is_the_inverse_of_visits() {
        let mut rate = Rate::level(3.0);
        rate.turn(seconds(2.0), 50.0, seconds(7.0));
        rate.turn(seconds(12.0), 0.0, seconds(3.0));
        rate.turn(seconds(20.0), 5.0, Duration::ZERO);
        let rate = rate.plus(&Rate::pulse(seconds(4.0), seconds(13.0), 100.0));
        for step in 1..200 {
            let visits = f64::from(step) * 7.3;
            let when = rate.when(seconds(0.5), visits).expect("it goes on at 5");
            let back = rate.visits(seconds(0.5), when);
            assert!((back - visits).abs() < 1e-5, "{visits} visits by {when:?}, but {back} by then");
        }
    }

    #[test]
    fn a_change_on_the_way_starts_from_where_the_ramp_is() {
        let mut rate = Rate::level(0.0);
        rate.turn(seconds(0.0), 10.0, seconds(10.0));
        rate.turn(seconds(5.0), 0.0, seconds(5.0));
        assert_eq!(rate.at(seconds(5.0)), 5.0);
        assert_eq!(rate.at(seconds(7.5)), 2.5);
        assert_eq!(rate.at(seconds(60.0)), 0.0);
    }

    #[test]
    fn what_is_added_ends_when_it_should() {
        let sum = Rate::level(1.0).plus(&Rate::pulse(seconds(2.0), seconds(4.0), 5.0));
        for (at, expected) in [(1.9, 1.0), (2.0, 6.0), (3.9, 6.0), (4.0, 1.0)] {
            assert_eq!(sum.at(seconds(at)), expected, "at {at}");
        }
        assert_eq!(sum.visits(seconds(0.0), seconds(10.0)), 20.0);
    }

    #[test]
    fn forgetting_the_past_does_not_change_the_future() {
        let mut rate = Rate::level(1.0);
        for at in 1..100 {
            rate.turn(seconds(f64::from(at)), f64::from(at % 7), seconds(2.0));
        }
        let before = rate.visits(seconds(98.0), seconds(200.0));
        rate.forget(seconds(98.0));
        assert!(rate.0.len() < 8, "{}", rate.0.len());
        assert_eq!(rate.visits(seconds(98.0), seconds(200.0)), before);
    }
}
