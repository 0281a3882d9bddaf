//! A number that only grows, and how much of it is of the last minute.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

const SECONDS: usize = 60;

/// Counts what happens seldom enough to take a lock for: requests and batches, not records.
#[derive(Debug)]
pub struct Count {
    total: AtomicU64,
    begun: Instant,
    minute: Mutex<Minute>,
}

/// One slot a second; which second it holds is kept beside it, so that nobody has to come by to empty it.
#[derive(Debug)]
struct Minute([(u64, u64); SECONDS]);

impl Default for Count {
    fn default() -> Self {
        Count {
            total: AtomicU64::new(0),
            begun: Instant::now(),
            minute: Mutex::new(Minute([(0, 0); SECONDS])),
        }
    }
}

impl Count {
    pub fn add(&self, count: u64) {
        if count == 0 {
            return;
        }
        self.total.fetch_add(count, Ordering::Relaxed);
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        minute.add(self.begun.elapsed().as_secs(), count);
    }

    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// What was added within the last sixty seconds.
    pub fn last_minute(&self) -> u64 {
        let minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        minute.sum(self.begun.elapsed().as_secs())
    }
}

impl Minute {
    fn add(&mut self, second: u64, count: u64) {
        let slot = &mut self.0[(second % SECONDS as u64) as usize];
        if slot.0 == second {
            slot.1 += count;
        } else {
            *slot = (second, count);
        }
    }

    fn sum(&self, now: u64) -> u64 {
        let fresh = |slot: &&(u64, u64)| slot.0 + SECONDS as u64 > now;
        self.0.iter().filter(fresh).map(|slot| slot.1).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_forgets_what_is_older() {
        let mut minute = Minute([(0, 0); SECONDS]);
        minute.add(0, 5);
        minute.add(1, 2);
        minute.add(1, 3);
        assert_eq!(minute.sum(59), 10);
        assert_eq!(minute.sum(60), 5);
        minute.add(61, 7);
        assert_eq!(minute.sum(61), 7);
    }
}
