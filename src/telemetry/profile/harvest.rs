//! Samples that wait for an agent to fetch them, and the account of those that are with one.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use super::samples::Sample;
use crate::{kernel::service::Service, telemetry::egress::count::Count};

/// Stacks that wait may take about this much, in bytes, all services together.
const LIMIT_BYTES: usize = 8 * 1024 * 1024;
/// What a frame takes: a pointer into names that are shared.
const FRAME_BYTES: usize = 16;

/// Filled by the hub; each agent takes what is its service's.
#[derive(Debug, Default)]
pub struct Harvest {
    waiting: Mutex<Waiting>,
    /// Samples that were given to agents and did not come out at the relay yet.
    underway: AtomicU64,
    arrived: Notify,
    /// Samples for which there was no room.
    pub displaced: Count,
}

#[derive(Debug, Default)]
struct Waiting {
    samples: HashMap<Service, Vec<Sample>>,
    bytes: usize,
}

impl Harvest {
    pub fn add(&self, samples: Vec<Sample>) {
        for sample in samples {
            let weight = weight(&sample);
            let mut waiting = self.waiting();
            if waiting.bytes + weight > LIMIT_BYTES {
                drop(waiting);
                self.displaced.add(sample.count);
                continue;
            }
            waiting.bytes += weight;
            waiting.samples.entry(sample.service).or_default().push(sample);
        }
    }

    /// All that waits for `service`'s agent; it is underway from now on.
    pub fn fetch(&self, service: Service) -> Vec<Sample> {
        let mut waiting = self.waiting();
        let fetched = waiting.samples.remove(&service).unwrap_or_default();
        waiting.bytes -= fetched.iter().map(weight).sum::<usize>();
        // Before the lock is let go: what is counted nowhere would seem to have arrived.
        self.underway.fetch_add(count(&fetched), Ordering::Relaxed);
        fetched
    }

    /// So many have come out at the relay.
    pub fn arrive(&self, samples: u64) {
        let less = |underway: u64| Some(underway.saturating_sub(samples));
        let _ = self.underway.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.arrived.notify_one();
    }

    /// Waits until nothing is left here or underway.
    pub async fn is_in(&self) {
        while self.missing() > 0 {
            self.arrived.notified().await;
        }
    }

    /// Samples that are here or underway.
    pub fn missing(&self) -> u64 {
        let waiting = self.waiting();
        let here: u64 = waiting.samples.values().map(|samples| count(samples)).sum();
        here + self.underway.load(Ordering::Relaxed)
    }

    pub fn waiting_bytes(&self) -> usize {
        self.waiting().bytes
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(samples: &[Sample]) -> u64 {
    samples.iter().map(|sample| sample.count).sum()
}

fn weight(sample: &Sample) -> usize {
    size_of::<Sample>() + sample.frames.len() * FRAME_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(service: Service, count: u64, frames: usize) -> Sample {
        Sample { service, route: None, frames: vec!["f".into(); frames].into(), count }
    }

    #[tokio::test]
    async fn what_was_made_waits_is_underway_or_is_in() {
        let harvest = Harvest::default();
        harvest.add(vec![sample(Service::Cart, 3, 1), sample(Service::Ads, 4, 1)]);
        assert_eq!(harvest.fetch(Service::Cart).len(), 1);
        assert_eq!((harvest.fetch(Service::Cart).len(), harvest.missing()), (0, 7));
        harvest.arrive(3);
        assert_eq!(harvest.missing(), 4);
        harvest.fetch(Service::Ads);
        assert_eq!((harvest.waiting_bytes(), harvest.missing()), (0, 4));
        harvest.arrive(4);
        harvest.is_in().await;
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let harvest = Harvest::default();
        harvest.add(vec![sample(Service::Cart, 3, LIMIT_BYTES / FRAME_BYTES), sample(Service::Cart, 2, 9)]);
        assert_eq!((harvest.displaced.total(), harvest.missing()), (3, 2));
    }
}
