//! How the shop fares, once a second: what the shoppers met, country by country, and what they spent. The last minutes
//! are kept, so that a page that is loaded anew begins where it was.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use utoipa::ToSchema;

use super::payments::{CountryVitals, Paid, Payments};
use crate::{
    kernel::{clock, country::Country},
    load::{
        curve::Curve,
        tally::{Counts, Tally},
    },
    store::{
        keep::Store,
        metrics::answer::{Numbers, Shown, Wanted},
    },
};

/// Vitals look back over so many seconds.
const WINDOW: usize = 10;
/// So many are kept: five minutes.
const KEPT: usize = 300;
/// What is spent is counted over so many milliseconds: measurements come every few seconds.
const SPENDING_MS: i64 = 20_000;
const REVENUE: &str = "shop.revenue";

/// The event `vitals`, once a second: how the shoppers fare.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Vitals {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// Visits that were due since the start, and those under way.
    pub visits: u64,
    pub in_flight: u64,
    /// The rate that is asked for right now, with what comes on top.
    pub visits_per_minute: f64,
    /// Over the last ten seconds.
    pub requests_per_second: f64,
    /// Over the last ten seconds: the part of all requests that ended in a 5xx or without an answer.
    pub error_share: f64,
    /// Orders placed since the start.
    pub orders: u64,
    /// Over the last ten seconds.
    pub orders_per_minute: f64,
    /// Dollars, over the last twenty seconds; nothing until it was measured twice, or while the store is off.
    pub revenue_per_minute: Option<f64>,
    /// Since the start, in milliseconds.
    pub p95_ms: f64,
    /// Over the last ten seconds, in milliseconds, within five per cent; nothing while nobody asked for anything.
    pub recent_p95_ms: Option<f64>,
    /// Payments of the last thirty seconds, and whether more of them fail than usual.
    pub countries: Vec<CountryVitals>,
}

/// Vitals that were, the newest last.
#[derive(Default)]
pub struct Recent(Mutex<VecDeque<Arc<Vitals>>>);

impl Recent {
    pub fn keep(&self, vitals: Arc<Vitals>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(vitals);
    }

    /// The oldest first.
    pub fn list(&self) -> Vec<Vitals> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|vitals| Vitals::clone(vitals)).collect()
    }
}

/// The books of the last seconds, a page a second.
#[derive(Default)]
pub struct Window {
    pages: VecDeque<Page>,
    payments: Payments,
}

struct Page {
    requests: Counts,
    orders: u64,
    curve: Curve,
}

impl Window {
    /// Called once a second.
    pub fn vitals(&mut self, tally: &Tally, revenue_per_minute: Option<f64>) -> Vitals {
        let page = Page::of(tally);
        let then = self.pages.front().unwrap_or(&page);
        let seconds = self.pages.len().max(1) as f64;
        let requests = page.requests.total().saturating_sub(then.requests.total());
        let failed = bad(&page.requests).saturating_sub(bad(&then.requests));
        let vitals = Vitals {
            at_ms: clock::now_millis(),
            visits: tally.visits.arrived,
            in_flight: tally.in_flight,
            visits_per_minute: tally.visits_per_minute,
            requests_per_second: requests as f64 / seconds,
            error_share: if requests == 0 { 0.0 } else { failed as f64 / requests as f64 },
            orders: page.orders,
            orders_per_minute: page.orders.saturating_sub(then.orders) as f64 / seconds * 60.0,
            revenue_per_minute,
            p95_ms: tally.latency.p95_ms,
            recent_p95_ms: page.curve.since(&then.curve, 0.95),
            countries: self.payments.second(paid(tally)),
        };
        self.pages.push_back(page);
        if self.pages.len() > WINDOW {
            self.pages.pop_front();
        }
        vitals
    }
}

impl Page {
    fn of(tally: &Tally) -> Self {
        Page {
            requests: tally.requests,
            orders: tally.steps.get("checkout").map_or(0, |step| step.requests.ok),
            curve: tally.curve.clone(),
        }
    }
}

fn bad(counts: &Counts) -> u64 {
    counts.server_error + counts.lost
}

/// Payments by country. A body that is refused is no payment.
fn paid(tally: &Tally) -> [Paid; Country::ALL.len()] {
    Country::ALL.map(|country| {
        let counts = tally.checkouts.get(country.code()).copied().unwrap_or_default();
        let failed = counts.declined + bad(&counts);
        Paid { payments: counts.ok + failed, failed }
    })
}

/// Dollars a minute, by what the services measured of late.
pub fn revenue_per_minute(store: &Store) -> Option<f64> {
    let since_ms = clock::now_millis() - SPENDING_MS;
    let wanted = Wanted { metric: REVENUE.to_owned(), since_ms, limit: 1_000, ..Wanted::default() };
    spent_per_minute(&store.series(&wanted)?)
}

fn spent_per_minute(series: &[Shown]) -> Option<f64> {
    let spent = |one: &Shown| {
        let [Numbers::Value(from, before), .., Numbers::Value(to, after)] = one.points[..] else {
            return None;
        };
        Some((to - from, (after - before).max(0.0)))
    };
    let (mut longest, mut sum) = (0.0_f64, 0.0);
    for (seconds, dollars) in series.iter().filter_map(spent) {
        longest = longest.max(seconds);
        sum += dollars;
    }
    (longest > 0.0).then(|| sum / longest * 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::payments::{self, PaymentState};

    fn tally(ok: u64, server_error: u64) -> Tally {
        Tally { requests: Counts { ok, server_error, ..Counts::default() }, ..Tally::default() }
    }

    #[test]
    fn vitals_look_back_over_ten_seconds_and_no_further() {
        let mut window = Window::default();
        let mut vitals = |tally: &Tally| window.vitals(tally, None);
        assert_eq!(vitals(&tally(100, 100)).error_share, 0.0, "what was before is not known");
        let first = vitals(&tally(108, 102));
        assert_eq!((first.requests_per_second, first.error_share), (10.0, 0.2));
        for second in 2..=40 {
            vitals(&tally(100 + 8 * second, 102));
        }
        let last = vitals(&tally(100 + 8 * 41, 102));
        assert_eq!((last.requests_per_second, last.error_share), (8.0, 0.0));
    }

    #[test]
    fn a_country_s_payments_are_those_of_the_last_thirty_seconds() {
        let checkouts = |ok, declined, lost| Tally {
            checkouts: [("BR", Counts { ok, declined, lost, client_error: 9, ..Counts::default() })].into(),
            ..Tally::default()
        };
        let mut window = Window::default();
        window.vitals(&checkouts(10, 0, 0), None);
        let seen = window.vitals(&checkouts(12, 1, 1), None).countries;
        let brazil = CountryVitals {
            country: "BR",
            title: "Brazil",
            payments: 4,
            failed: 2,
            state: PaymentState::Healthy,
            usual_share: payments::baseline_share(Country::Br),
            evidence: None,
        };
        assert_eq!(seen, [brazil], "a body that is refused is no payment");
        for _ in 0..30 {
            window.vitals(&checkouts(12, 1, 1), None);
        }
        assert_eq!(window.vitals(&checkouts(13, 1, 1), None).countries[0].payments, 1);
    }

    #[test]
    fn what_was_spent_is_added_up_over_countries() {
        let series = |from: f64, to: f64| Shown {
            points: vec![Numbers::Value(100.0, from), Numbers::Value(105.0, from), Numbers::Value(110.0, to)],
            metric: REVENUE.to_owned(),
            service: "checkout".to_owned(),
            instance: String::new(),
            kind: crate::store::metrics::read::Kind::Counter,
            unit: String::new(),
            labels: Default::default(),
            bounds: None,
            buckets: None,
            exemplars: Vec::new(),
        };
        assert_eq!(spent_per_minute(&[series(10.0, 30.0), series(0.0, 30.0)]), Some(300.0));
        assert_eq!(spent_per_minute(&[]), None);
    }
}
