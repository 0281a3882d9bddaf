//! Scrapes of the measurements by a Prometheus: how many there were, and how far apart they are.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header};

use crate::kernel::heartbeat::{PATIENCE, Seen};

/// So many intervals without a scrape are too many.
const INTERVALS: u32 = 4;
/// The interval is the median of so many.
const REMEMBERED: usize = 9;
/// What a Prometheus calls itself, as every scraper of its own does not.
const PROMETHEUS: &str = "Prometheus/";

/// The scrapes up to now.
#[derive(Debug, Default)]
pub struct Scrapes(Mutex<Scraped>);

#[derive(Debug, Default)]
struct Scraped {
    count: u64,
    last: Option<Instant>,
    gaps: VecDeque<Duration>,
}

impl Scrapes {
    /// The measurements were made for whoever sent these headers.
    pub fn note(&self, headers: &HeaderMap, now: Instant) {
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        if !agent.is_some_and(|agent| agent.starts_with(PROMETHEUS)) {
            return;
        }
        let mut scraped = self.held();
        scraped.count += 1;
        if let Some(last) = scraped.last.replace(now) {
            scraped.gaps.push_back(now.saturating_duration_since(last));
            if scraped.gaps.len() > REMEMBERED {
                scraped.gaps.pop_front();
            }
        }
    }

    /// What is seen of them; nothing as long as there was none, since nobody then knows that there is to be one.
    pub fn seen(&self) -> Option<Seen> {
        let (count, mut gaps) = {
            let scraped = self.held();
            (scraped.count, scraped.gaps.iter().copied().collect::<Vec<_>>())
        };
        if count == 0 {
            return None;
        }
        gaps.sort_unstable();
        let interval = gaps.get(gaps.len() / 2).copied().unwrap_or_default();
        let patience = (interval * INTERVALS).max(PATIENCE);
        Some(Seen::working(count).patient(patience))
    }

    fn held(&self) -> MutexGuard<'_, Scraped> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_prometheus_counts_and_its_own_interval_decides_how_long_is_too_long() {
        let (scrapes, begun) = (Scrapes::default(), Instant::now());
        let from =
            |agent: &'static str| HeaderMap::from_iter([(header::USER_AGENT, agent.parse().expect("plain"))]);
        scrapes.note(&from("curl/8.0"), begun);
        scrapes.note(&HeaderMap::new(), begun);
        assert_eq!(scrapes.seen(), None);
        scrapes.note(&from("Prometheus/3.5.3"), begun);
        assert_eq!(scrapes.seen(), Some(Seen::working(1)));
        let mut at = begun;
        for seconds in [1, 1, 40, 1, 1] {
            at += Duration::from_secs(seconds);
            scrapes.note(&from("Prometheus/3.5.3"), at);
        }
        assert_eq!(scrapes.seen(), Some(Seen::working(6)), "one that was late is no interval");
        for _ in 0..REMEMBERED {
            at += Duration::from_secs(15);
            scrapes.note(&from("Prometheus/3.5.3"), at);
        }
        assert_eq!(scrapes.seen(), Some(Seen::working(15).patient(Duration::from_secs(60))));
    }
}
