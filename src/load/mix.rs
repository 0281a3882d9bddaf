//! The mix of visits: how many, from where, and what for. Plain data, checked before it is used.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{journey::Journey, weights::Weights};
use crate::kernel::{
    country::Country,
    origin::{PaymentMethod, Tier},
};

/// The most visits a minute that may be asked for: far above what one machine can send.
pub const MOST_VISITS_PER_MINUTE: f64 = 30_000_000.0;

/// The longest think time anybody may ask for, as a multiple of the usual.
const MOST_THINK_TIME_SCALE: f64 = 100.0;

/// Proportions of the visits. As a file writes it, a field that is left out is as in [`Mix::normal`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    /// New visits a minute, on average; 0 is an empty shop.
    pub visits_per_minute: f64,
    pub countries: Weights<Country>,
    pub journeys: Weights<Journey>,
    pub payment_methods: Weights<PaymentMethod>,
    pub tiers: Weights<Tier>,
    /// 1 is how long people take, 0 is no pause between steps.
    pub think_time_scale: f64,
    /// The codes that some buyers try, evenly; with none, nobody tries one.
    pub promo_codes: Vec<String>,
}

impl Mix {
    /// An ordinary evening.
    pub fn normal() -> Self {
        Mix {
            visits_per_minute: 240.0,
            countries: Weights::new([
                (Country::Us, 40.0),
                (Country::Uk, 12.0),
                (Country::De, 12.0),
                (Country::Fr, 10.0),
                (Country::Jp, 8.0),
                (Country::Br, 12.0),
                (Country::In, 6.0),
            ]),
            journeys: Weights::new([(Journey::Browse, 50.0), (Journey::Abandon, 25.0), (Journey::Buy, 25.0)]),
            payment_methods: Weights::new([
                (PaymentMethod::CreditCard, 55.0),
                (PaymentMethod::DebitCard, 20.0),
                (PaymentMethod::Paypal, 20.0),
                (PaymentMethod::BankTransfer, 5.0),
            ]),
            tiers: Weights::new([
                (Tier::Standard, 70.0),
                (Tier::Silver, 18.0),
                (Tier::Gold, 9.0),
                (Tier::Platinum, 3.0),
            ]),
            think_time_scale: 1.0,
            promo_codes: vec!["SAVE10".to_owned()],
        }
    }

    /// Refuses what cannot be played, and says which field it is.
    pub fn check(&self) -> Result<(), MixError> {
        check_rate("visits_per_minute", self.visits_per_minute)?;
        within("think_time_scale", self.think_time_scale, MOST_THINK_TIME_SCALE)?;
        let blame = |field| move |why| MixError { field, why };
        self.countries.check().map_err(blame("countries"))?;
        self.journeys.check().map_err(blame("journeys"))?;
        self.payment_methods.check().map_err(blame("payment_methods"))?;
        self.tiers.check().map_err(blame("tiers"))
    }

    /// How many requests a visit makes on average, when nothing fails.
    pub fn requests_per_visit(&self) -> f64 {
        self.journeys.shares().map(|(journey, share)| share * journey.kinds().count() as f64).sum()
    }
}

impl Default for Mix {
    fn default() -> Self {
        Mix::normal()
    }
}

/// Refuses a number of visits or requests a minute that nobody can send.
pub fn check_rate(field: &'static str, per_minute: f64) -> Result<(), MixError> {
    within(field, per_minute, MOST_VISITS_PER_MINUTE)
}

fn within(field: &'static str, value: f64, most: f64) -> Result<(), MixError> {
    if (0.0..=most).contains(&value) {
        return Ok(());
    }
    Err(MixError { field, why: format!("must be from 0 to {most}, not {value}") })
}

/// What is wrong with a mix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MixError {
    pub field: &'static str,
    /// A fragment that reads on from the field's name.
    pub why: String,
}

impl fmt::Display for MixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.why)
    }
}

impl std::error::Error for MixError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_mix_is_fit_and_survives_being_written_down() {
        let mix = Mix::normal();
        mix.check().expect("fit");
        let text = serde_json::to_string(&mix).expect("written");
        assert!(text.contains(r#""countries":{"US":40.0,"UK":12.0"#), "{text}");
        assert_eq!(serde_json::from_str::<Mix>(&text).expect("read"), mix);
    }

    #[test]
    fn what_a_file_leaves_out_is_normal() {
        let mix: Mix =
            serde_json::from_str(r#"{"visits_per_minute":2400,"journeys":{"buy":1}}"#).expect("read");
        assert_eq!(
            mix,
            Mix { visits_per_minute: 2400.0, journeys: Weights::only(Journey::Buy), ..Mix::normal() }
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (Mix { visits_per_minute: -3.0, ..Mix::normal() }, "visits_per_minute must be from 0"),
            (Mix { visits_per_minute: f64::NAN, ..Mix::normal() }, "visits_per_minute must be from 0"),
            (Mix { think_time_scale: 1e9, ..Mix::normal() }, "think_time_scale must be from 0 to 100"),
            (Mix { countries: Weights::new([]), ..Mix::normal() }, "countries must not all be 0"),
        ];
        for (mix, why) in cases {
            let error = mix.check().expect_err(why).to_string();
            assert!(error.starts_with(why), "{error}");
        }
        assert!(serde_json::from_str::<Mix>(r#"{"visits":1}"#).is_err());
        assert!(serde_json::from_str::<Mix>(r#"{"countries":{"XX":1}}"#).is_err());
    }
}
