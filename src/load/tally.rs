//! How the visits went: counts and latencies. Knows nothing of HTTP but its statuses.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;
use http::StatusCode;
use serde::Serialize;

use super::{curve::Curve, journey::StepKind};
use crate::kernel::country::Country;

/// How one step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// The card was declined (402): the shop did its work.
    Declined,
    /// Any other 4xx.
    ClientError,
    /// 5xx.
    ServerError,
    /// No answer came.
    Lost,
}

impl Outcome {
    pub fn of(kind: StepKind, status: StatusCode) -> Self {
        match status {
            StatusCode::PAYMENT_REQUIRED if kind == StepKind::Checkout => Outcome::Declined,
            status if status.is_server_error() => Outcome::ServerError,
            status if status.is_client_error() => Outcome::ClientError,
            _ => Outcome::Ok,
        }
    }

    /// Whether the shop did what was asked, or said no for a good reason.
    pub fn is_good(self) -> bool {
        matches!(self, Outcome::Ok | Outcome::Declined)
    }
}

/// How many steps ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub ok: u64,
    pub declined: u64,
    pub client_error: u64,
    pub server_error: u64,
    pub lost: u64,
}

impl Counts {
    pub fn total(&self) -> u64 {
        self.ok + self.declined + self.client_error + self.server_error + self.lost
    }

    fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Ok => &mut self.ok,
            Outcome::Declined => &mut self.declined,
            Outcome::ClientError => &mut self.client_error,
            Outcome::ServerError => &mut self.server_error,
            Outcome::Lost => &mut self.lost,
        } += 1;
    }

    fn add(&mut self, other: &Counts) {
        self.ok += other.ok;
        self.declined += other.declined;
        self.client_error += other.client_error;
        self.server_error += other.server_error;
        self.lost += other.lost;
    }
}

/// Latencies from the intended start, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    pub count: u64,
    pub mean_ms: f64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// Visits by their fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Visits {
    /// Due by now: each was started or shed.
    pub arrived: u64,
    /// Did all they came for.
    pub completed: u64,
    /// Left because something failed.
    pub broken: u64,
    /// Not let in, because too many were inside.
    pub shed: u64,
    /// Not done when the shoppers were stopped, or sent away for a replay.
    pub cut: u64,
}

impl Visits {
    pub fn in_flight(&self) -> u64 {
        self.arrived.saturating_sub(self.completed + self.broken + self.shed + self.cut)
    }
}

/// All that is known at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// The rate that is asked for at this moment, with what comes on top.
    pub visits_per_minute: f64,
    pub visits: Visits,
    pub in_flight: u64,
    pub requests: Counts,
    pub latency: Latency,
    /// By the step's name; a step nobody has taken is not there.
    pub steps: BTreeMap<&'static str, StepTally>,
    /// By the country's code; a country nobody has come from is not there.
    pub countries: BTreeMap<&'static str, Counts>,
    /// How checkouts ended, by the country's code.
    pub checkouts: BTreeMap<&'static str, Counts>,
    /// All latencies, for whoever wants those of the last seconds.
    #[serde(skip)]
    pub curve: Curve,
}

/// What is known of one kind of step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct StepTally {
    pub requests: Counts,
    pub latency: Latency,
}

/// Where it is written down.
#[derive(Clone, Debug)]
pub struct Books {
    pub visits: Visits,
    steps: [Page; StepKind::ALL.len()],
    countries: [Counts; Country::ALL.len()],
    checkouts: [Counts; Country::ALL.len()],
    curve: Curve,
}

#[derive(Clone, Debug)]
struct Page {
    requests: Counts,
    /// Microseconds; grows with what it has to hold.
    latency: Histogram<u32>,
}

impl Books {
    pub fn record(&mut self, kind: StepKind, country: Country, outcome: Outcome, latency: Duration) {
        let page = &mut self.steps[kind.index()];
        page.requests.count(outcome);
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        // It grows as needed, so that nothing can fall outside.
        let _ = page.latency.record(micros.min(MOST_MICROS));
        self.curve.record(latency);
        self.countries[country as usize].count(outcome);
        if kind == StepKind::Checkout {
            self.checkouts[country as usize].count(outcome);
        }
    }

    /// What is known now, at a rate of `visits_per_minute`.
    pub fn tally(&self, visits_per_minute: f64) -> Tally {
        let mut requests = Counts::default();
        let mut overall = histogram();
        for page in &self.steps {
            requests.add(&page.requests);
            let _ = overall.add(&page.latency);
        }
        let steps = StepKind::ALL.iter().zip(&self.steps).filter(|(_, page)| page.requests.total() > 0);
        let by_country = |counts: &[Counts]| {
            let pairs = Country::ALL.iter().zip(counts).filter(|(_, counts)| counts.total() > 0);
            pairs.map(|(country, counts)| (country.code(), *counts)).collect()
        };
        Tally {
            visits_per_minute,
            visits: self.visits,
            in_flight: self.visits.in_flight(),
            requests,
            latency: latency(&overall),
            steps: steps.map(|(kind, page)| (kind.name(), page.tally())).collect(),
            countries: by_country(&self.countries),
            checkouts: by_country(&self.checkouts),
            curve: self.curve.clone(),
        }
    }
}

impl Default for Books {
    fn default() -> Self {
        Books {
            visits: Visits::default(),
            steps: std::array::from_fn(|_| Page { requests: Counts::default(), latency: histogram() }),
            countries: Default::default(),
            checkouts: Default::default(),
            curve: Curve::default(),
        }
    }
}

impl Page {
    fn tally(&self) -> StepTally {
        StepTally { requests: self.requests, latency: latency(&self.latency) }
    }
}

/// An hour: whatever took longer counts as that.
const MOST_MICROS: u64 = 3_600_000_000;

/// Three digits are enough to tell 500 ms from 501.
#[expect(clippy::expect_used, reason = "3 digits are always allowed")]
fn histogram() -> Histogram<u32> {
    Histogram::new(3).expect("a histogram of 3 digits")
}

fn latency(histogram: &Histogram<u32>) -> Latency {
    let ms = |micros: u64| micros as f64 / 1_000.0;
    let at = |quantile| ms(histogram.value_at_quantile(quantile));
    Latency {
        count: histogram.len(),
        mean_ms: histogram.mean() / 1_000.0,
        p50_ms: at(0.50),
        p90_ms: at(0.90),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        max_ms: ms(histogram.max()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_judged_by_what_was_asked() {
        for (kind, status, outcome) in [
            (StepKind::Checkout, 200, Outcome::Ok),
            (StepKind::Checkout, 402, Outcome::Declined),
            (StepKind::Cart, 402, Outcome::ClientError),
            (StepKind::Checkout, 409, Outcome::ClientError),
            (StepKind::Checkout, 502, Outcome::ServerError),
            (StepKind::Home, 303, Outcome::Ok),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(Outcome::of(kind, status), outcome, "{kind:?} {status}");
        }
    }

    #[test]
    fn the_whole_is_the_sum_of_its_steps_and_of_its_countries() {
        let mut books = Books::default();
        for at in 1..=100 {
            let kind = if at % 2 == 0 { StepKind::Home } else { StepKind::Checkout };
            let outcome = if at > 90 { Outcome::Lost } else { Outcome::Ok };
            let country = if at > 40 { Country::Br } else { Country::Au };
            books.record(kind, country, outcome, Duration::from_millis(at));
        }
        books.record(StepKind::Home, Country::Us, Outcome::Declined, Duration::from_secs(100_000));
        let tally = books.tally(1.0);
        assert_eq!(tally.requests, Counts { ok: 90, lost: 10, declined: 1, ..Counts::default() });
        let steps: u64 = tally.steps.values().map(|step| step.requests.total()).sum();
        let countries: u64 = tally.countries.values().map(Counts::total).sum();
        assert_eq!((steps, countries), (101, 101));
        let checkouts: u64 = tally.checkouts.values().map(Counts::total).sum();
        assert_eq!(checkouts, tally.steps["checkout"].requests.total());
        assert_eq!(tally.latency.count, 101);
        assert!((tally.latency.p50_ms - 51.0).abs() < 0.1, "{:?}", tally.latency);
        assert!((tally.latency.max_ms - 3_600_000.0).abs() < 4_000.0, "{:?}", tally.latency);
        assert_eq!(tally.steps.keys().copied().collect::<Vec<_>>(), ["checkout", "home"]);
    }
}
