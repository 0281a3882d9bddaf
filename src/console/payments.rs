//! Payments by country, and whether more of them fail than usual there. A country turns red on evidence and not on two
//! unlucky customers: several stretches of the last two minutes are tested against what usually fails in that country,
//! and a stretch counts only when chance alone would hardly ever produce it.
//!
//! Pure: the counts of one second after the other in, one judgement a second out. It knows no scenario and no fault.

use std::collections::VecDeque;

use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::country::Country;

/// Payments are shown over so many seconds.
const SHOWN_SECONDS: usize = 30;
/// PaymentEvidence is looked for in the last so many seconds: short stretches find an outage of a large country early, long
/// ones that of a small country at all.
const WINDOWS_SECONDS: [usize; 8] = [10, 15, 20, 30, 45, 60, 90, 120];
const LONGEST_SECONDS: usize = 120;
/// How likely chance alone may produce what counts as evidence. Seven countries are looked at once a second, in
/// overlapping windows: with this bound an evening of thirty minutes is coloured by chance about once in a hundred.
const CHANCE: f64 = 1e-5;
/// Fewer failures than these are never evidence.
const MIN_FAILED: u64 = 3;
/// From this share on a country is failing and not only worse than usual.
const FAILING_SHARE: f64 = 0.2;
/// It is over when the newest stretch of at least so many seconds and payments
const NEWEST_SECONDS: usize = 15;
const NEWEST_PAYMENTS: u64 = 8;
/// fails at most so many times as often as usual.
const OVER_FACTOR: f64 = 2.0;
/// A country's own past outweighs the baseline after so many payments,
const BASELINE_PAYMENTS: f64 = 50.0;
/// is forgotten by half in so many seconds,
const HALF_LIFE_SECONDS: f64 = 900.0;
/// and makes no share above this one usual: the first thing that is seen may be an outage.
const MAX_USUAL_SHARE: f64 = 0.15;

const COUNTRIES: usize = Country::ALL.len();

/// The part of payments that fails on a normal evening, after the one retry of payments (`scenarios/normal.yaml`; a
/// test compares them). What is below two in a hundred counts as that: a busy machine loses a request now and then.
pub fn baseline_share(country: Country) -> f64 {
    match country {
        Country::Uk => 0.032,
        Country::Br => 0.055,
        Country::In => 0.030,
        Country::Us | Country::De | Country::Fr | Country::Jp | Country::Ca | Country::Au => 0.02,
    }
}

/// How payments go in one country.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct CountryVitals {
    /// Its code.
    pub country: &'static str,
    /// Its name.
    pub title: &'static str,
    /// Checkouts that got as far as the payment.
    pub payments: u64,
    /// Of those: declined, or ended in a 5xx or without an answer.
    pub failed: u64,
    /// Whether more fail than usual here.
    pub state: PaymentState,
    /// The share that usually fails here, from 0 to 1.
    pub usual_share: f64,
    /// What a state other than `healthy` follows from.
    pub evidence: Option<PaymentEvidence>,
}

/// Whether more payments fail than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// As many as usual, or too few to know.
    Healthy,
    /// Significantly more than usual.
    Elevated,
    /// Significantly more than usual, and at least one in five.
    Failing,
}

/// Payments of the seconds in which the failures stand out most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PaymentEvidence {
    pub seconds: u64,
    pub payments: u64,
    pub failed: u64,
}

/// Payments of one country since the start, and those of them that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    pub payments: u64,
    pub failed: u64,
}

impl Paid {
    fn since(self, then: Paid) -> Paid {
        Paid {
            payments: self.payments.saturating_sub(then.payments),
            failed: self.failed.saturating_sub(then.failed),
        }
    }

    fn share(self) -> f64 {
        if self.payments == 0 { 0.0 } else { self.failed as f64 / self.payments as f64 }
    }
}

/// What is known of payments: the last two minutes second by second, and what was usual before them.
#[derive(Default)]
pub struct Payments {
    /// The newest last.
    seconds: VecDeque<[Paid; COUNTRIES]>,
    past: [Past; COUNTRIES],
}

/// What has become of a country's payments before the last two minutes.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    payments: f64,
    failed: f64,
    /// So many of the kept seconds belong to an incident, the oldest first: an incident makes nothing usual.
    incident_seconds: usize,
}

impl Past {
    fn usual_share(&self, country: Country) -> f64 {
        let baseline = baseline_share(country);
        let share = (BASELINE_PAYMENTS * baseline + self.failed) / (BASELINE_PAYMENTS + self.payments);
        share.clamp(baseline, MAX_USUAL_SHARE)
    }

    /// Takes in the second that is no longer among the kept ones.
    fn learn(&mut self, second: Paid) {
        let kept = 0.5_f64.powf(1.0 / HALF_LIFE_SECONDS);
        self.payments *= kept;
        self.failed *= kept;
        if self.incident_seconds > 0 {
            self.incident_seconds -= 1;
            return;
        }
        self.payments += second.payments as f64;
        self.failed += second.failed as f64;
    }
}

impl Payments {
    /// Called once a second with the counts since the start, in the order of [`Country::ALL`]. A country nobody has
    /// ever paid from is not in the answer.
    pub fn second(&mut self, now: [Paid; COUNTRIES]) -> Vec<CountryVitals> {
        self.seconds.push_back(now);
        if self.seconds.len() > LONGEST_SECONDS + 1
            && let (Some(left), Some(oldest)) = (self.seconds.pop_front(), self.seconds.front())
        {
            for (past, (oldest, left)) in self.past.iter_mut().zip(oldest.iter().zip(left)) {
                past.learn(oldest.since(left));
            }
        }
        let known = Country::ALL.into_iter().filter(|country| now[*country as usize].payments > 0);
        known.map(|country| self.judge(country)).collect()
    }

    fn judge(&mut self, country: Country) -> CountryVitals {
        let usual_share = self.past[country as usize].usual_share(country);
        let shown = self.last(SHOWN_SECONDS, country);
        let evidence = self.evidence(country, usual_share);
        let state = match evidence {
            None => PaymentState::Healthy,
            Some(evidence) if evidence.share() < FAILING_SHARE => PaymentState::Elevated,
            Some(_) => PaymentState::Failing,
        };
        if evidence.is_some() {
            self.past[country as usize].incident_seconds = self.seconds.len() - 1;
        }
        CountryVitals {
            country: country.code(),
            title: country.title(),
            payments: shown.payments,
            failed: shown.failed,
            state,
            usual_share,
            evidence,
        }
    }

    /// The window that chance explains least, when chance does not explain it and it is not over.
    fn evidence(&self, country: Country, usual_share: f64) -> Option<PaymentEvidence> {
        let newest = self.newest(country);
        if newest.share() <= OVER_FACTOR * usual_share {
            return None;
        }
        let windows = WINDOWS_SECONDS.into_iter().map(|seconds| (seconds, self.last(seconds, country)));
        let tested = windows.filter(|(_, paid)| paid.failed >= MIN_FAILED).map(|(seconds, paid)| {
            let chance = chance_of_at_least(paid.failed, paid.payments, usual_share);
            (
                chance,
                PaymentEvidence { seconds: seconds as u64, payments: paid.payments, failed: paid.failed },
            )
        });
        let least = tested.min_by(|(one, _), (other, _)| one.total_cmp(other));
        least.filter(|(chance, _)| *chance < CHANCE).map(|(_, evidence)| evidence)
    }

    /// The newest stretch that is long enough to say whether payments fail right now.
    fn newest(&self, country: Country) -> Paid {
        let windows = WINDOWS_SECONDS.into_iter().filter(|seconds| *seconds >= NEWEST_SECONDS);
        let mut paid = windows.map(|seconds| self.last(seconds, country));
        paid.find(|paid| paid.payments >= NEWEST_PAYMENTS)
            .unwrap_or_else(|| self.last(LONGEST_SECONDS, country))
    }

    fn last(&self, seconds: usize, country: Country) -> Paid {
        let of = |second: &[Paid; COUNTRIES]| second[country as usize];
        let now = self.seconds.back().map(of).unwrap_or_default();
        let then = self.seconds.get(self.seconds.len().saturating_sub(seconds + 1)).map(of);
        now.since(then.unwrap_or_default())
    }
}

impl PaymentEvidence {
    fn share(&self) -> f64 {
        Paid { payments: self.payments, failed: self.failed }.share()
    }
}

/// The probability that at least `failed` of `payments` fail when each fails with probability `share`: the upper tail
/// of the binomial distribution.
fn chance_of_at_least(failed: u64, payments: u64, share: f64) -> f64 {
    if failed == 0 {
        return 1.0;
    }
    if failed > payments {
        return 0.0;
    }
    let (chosen, all) = (failed as f64, payments as f64);
    // All ways to choose the failed ones, as a logarithm: the number itself does not fit.
    let ways: f64 = (0..failed).map(|at| ((all - at as f64) / (chosen - at as f64)).ln()).sum();
    let mut term = (ways + chosen * share.ln() + (all - chosen) * (1.0 - share).ln()).exp();
    let mut sum = term;
    for at in failed..payments {
        term *= (payments - at) as f64 / (at + 1) as f64 * share / (1.0 - share);
        sum += term;
        if term < sum * 1e-9 {
            break;
        }
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> (Payments, Paid) {
        let mut payments = Payments::default();
        // What was before the first second is not known.
        payments.second([Paid::default(); COUNTRIES]);
        (payments, Paid::default())
    }

    /// Feeds `seconds` seconds in each of which `payments` are made in Brazil and `failed` of them fail.
    fn play(payments: &mut Payments, total: &mut Paid, seconds: usize, each: (u64, u64)) -> CountryVitals {
        let mut last = None;
        for _ in 0..seconds {
            total.payments += each.0;
            total.failed += each.1;
            let mut now = [Paid::default(); COUNTRIES];
            now[Country::Br as usize] = *total;
            last = payments.second(now).pop();
        }
        last.expect("Brazil has paid")
    }

    #[test]
    fn the_tail_of_the_binomial_distribution_is_right() {
        for (failed, payments, share, expected) in [
            (0, 10, 0.1, 1.0),
            (1, 1, 0.25, 0.25),
            (2, 2, 0.5, 0.25),
            (3, 10, 0.05, 0.011_503_556),
            (8, 18, 0.054, 1.937e-6),
            (11, 10, 0.5, 0.0),
        ] {
            let chance = chance_of_at_least(failed, payments, share);
            assert!((chance - expected).abs() <= expected * 0.01, "{failed} of {payments}: {chance}");
        }
        assert!(chance_of_at_least(1_500, 10_000, 0.055) < 1e-100, "large numbers fit");
    }

    #[test]
    fn two_unlucky_customers_are_no_outage_and_nine_of_twenty_are() {
        let (mut payments, mut total) = opened();
        assert_eq!(play(&mut payments, &mut total, 1, (6, 2)).state, PaymentState::Healthy);
        let seen = play(&mut payments, &mut total, 1, (14, 7));
        assert_eq!(seen.state, PaymentState::Failing);
        assert_eq!(seen.evidence, Some(PaymentEvidence { seconds: 10, payments: 20, failed: 9 }));
        assert_eq!((seen.payments, seen.failed), (20, 9));
    }

    #[test]
    fn more_than_usual_but_fewer_than_one_in_five_is_elevated() {
        let (mut payments, mut total) = opened();
        let seen = play(&mut payments, &mut total, 60, (7, 1));
        assert_eq!(seen.state, PaymentState::Elevated, "{seen:?}");
    }

    #[test]
    fn an_outage_that_is_over_is_healthy_within_seconds_and_makes_nothing_usual() {
        let (mut payments, mut total) = opened();
        play(&mut payments, &mut total, 60, (2, 0));
        let seen = play(&mut payments, &mut total, 200, (2, 1));
        assert_eq!(seen.state, PaymentState::Failing);
        let seen = play(&mut payments, &mut total, NEWEST_SECONDS, (2, 0));
        assert_eq!(seen.state, PaymentState::Healthy, "{seen:?}");
        let seen = play(&mut payments, &mut total, 300, (2, 0));
        assert_eq!(seen.usual_share, baseline_share(Country::Br));
    }

    #[test]
    fn what_a_country_has_had_for_long_is_its_usual_up_to_a_bound() {
        let (mut payments, mut total) = opened();
        // One in ten, too gradually to be an incident: it is seen in seconds of one payment.
        for _ in 0..90 {
            play(&mut payments, &mut total, 9, (1, 0));
            play(&mut payments, &mut total, 1, (1, 1));
        }
        let seen = play(&mut payments, &mut total, 1, (0, 0));
        assert!((0.08..0.11).contains(&seen.usual_share), "{seen:?}");
        let past = Past { payments: 1e6, failed: 1e6, incident_seconds: 0 };
        assert_eq!(past.usual_share(Country::Br), MAX_USUAL_SHARE);
    }
}
