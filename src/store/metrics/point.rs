//! A series' values over time. A value that stays the same is not repeated: two points tell when it began and how long
//! it lasted.

use std::collections::VecDeque;

/// One value at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub at_ms: i64,
    /// The value; a histogram's sum.
    pub value: f64,
    /// A histogram's count; otherwise 0.
    pub count: u64,
}

impl Point {
    fn is_like(&self, other: &Point) -> bool {
        self.value == other.value && self.count == other.count
    }
}

/// Points in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points(VecDeque<Point>);

impl Points {
    /// What the first point takes: room for four is reserved with it.
    pub const FIRST_BYTES: usize = 4 * size_of::<Point>();

    /// Adds a point; one that is older than the newest comes too late.
    pub fn add(&mut self, point: Point) {
        if self.0.back().is_some_and(|last| last.at_ms >= point.at_ms) {
            return;
        }
        let (last, before) = (self.0.back(), self.0.iter().rev().nth(1));
        let goes_on = last.is_some_and(|last| last.is_like(&point))
            && before.zip(last).is_some_and(|(before, last)| before.is_like(last));
        match self.0.back_mut().filter(|_| goes_on) {
            Some(last) => last.at_ms = point.at_ms,
            None => self.0.push_back(point),
        }
    }

    /// Forgets what was before `horizon_ms`, and says how many points that were. A value that lasts beyond it began
    /// there.
    pub fn forget(&mut self, horizon_ms: i64) -> u64 {
        let mut forgotten = 0;
        while let Some(first) = self.0.front().copied().filter(|first| first.at_ms < horizon_ms) {
            let lasts =
                self.0.get(1).is_some_and(|second| second.at_ms > horizon_ms && second.is_like(&first));
            match self.0.front_mut().filter(|_| lasts) {
                Some(first) => first.at_ms = horizon_ms,
                None => {
                    self.0.pop_front();
                    forgotten += 1;
                }
            }
        }
        if self.0.capacity() > 4 * self.0.len().max(4) {
            self.0.shrink_to(2 * self.0.len());
        }
        forgotten
    }

    /// Gives back the room for points still to come.
    pub fn shrink(&mut self) {
        self.0.shrink_to(self.0.len().max(4));
    }

    pub fn iter(&self) -> impl Iterator<Item = &Point> {
        self.0.iter()
    }

    pub fn first(&self) -> Option<&Point> {
        self.0.front()
    }

    pub fn last(&self) -> Option<&Point> {
        self.0.back()
    }

    /// What they take in memory.
    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Point>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(i64, f64)]) -> Points {
        let mut points = Points::default();
        values.iter().for_each(|&(at_ms, value)| points.add(Point { at_ms, value, count: 0 }));
        points
    }

    fn shown(points: &Points) -> Vec<(i64, f64)> {
        points.iter().map(|point| (point.at_ms, point.value)).collect()
    }

    #[test]
    fn a_value_that_stays_is_two_points_and_nothing_is_lost_of_what_changes() {
        let flat = points(&[(1, 5.0), (2, 5.0), (3, 5.0), (4, 5.0), (5, 7.0), (6, 7.0), (6, 9.0), (2, 1.0)]);
        assert_eq!(shown(&flat), [(1, 5.0), (4, 5.0), (5, 7.0), (6, 7.0)]);
    }

    #[test]
    fn what_is_too_old_is_forgotten_but_a_value_that_lasts_begins_at_the_horizon() {
        let mut points = points(&[(1, 1.0), (2, 2.0), (3, 3.0), (9, 3.0)]);
        assert_eq!(points.forget(3), 2);
        assert_eq!(shown(&points), [(3, 3.0), (9, 3.0)]);
        assert_eq!(points.forget(5), 0);
        assert_eq!(shown(&points), [(5, 3.0), (9, 3.0)]);
        assert_eq!(points.forget(10), 2);
    }
}
