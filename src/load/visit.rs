//! One visit: who comes, and what exactly they ask for. Pure: it follows from the seed, the visit's number and the mix.
//!
//! Every visit takes the same draws in the same order whatever the mix is, so that changing one weight changes nothing
//! but what hangs on it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::Serialize;

use super::{
    dice::{Dice, Purpose, digest, trace_id},
    journey::{Journey, StepKind},
    mix::Mix,
};
use crate::kernel::{
    country::Country,
    id::{ProductId, hex},
    money::Currency,
    origin::{PaymentMethod, Tier},
};

/// How many products the shop is born with: ids from 1 on.
const PRODUCTS: u32 = 21;
/// The most pieces somebody puts into the cart at once.
const MOST_PIECES: u32 = 3;
/// The share of visitors who pay in another currency than their country's.
const FOREIGN_CURRENCY: f64 = 0.05;
/// The share of buyers who try a promotion code.
const PROMO: f64 = 0.2;
/// Think times are spread evenly over this much of their mean.
const THINK_SPREAD: std::ops::Range<f64> = 0.5..1.5;

/// Where visits come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    pub seed: u64,
    /// Tells one run from the next for a shop that remembers: it goes into sessions and idempotency keys, so that the
    /// same shoppers may buy again tomorrow. What they do, when, and in which traces, does not depend on it.
    pub occasion: u64,
}

/// A visit, ready to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    pub number: u64,
    pub session: Arc<str>,
    pub journey: Journey,
    pub country: Country,
    pub tier: Tier,
    pub payment_method: PaymentMethod,
    pub currency: Currency,
    pub shipping: Shipping,
    pub product: ProductId,
    /// Names this visit's one checkout, so that it cannot be charged twice.
    pub idempotency_key: String,
    pub steps: Vec<Step>,
}

/// One request of a visit.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How long after the end of the step before; for the first one, after the arrival.
    pub think: Duration,
    pub kind: StepKind,
    /// Path and query.
    pub path: String,
    /// JSON, or empty.
    pub body: Bytes,
    pub trace_id: [u8; 16],
}

/// How an order is to travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shipping {
    Standard,
    Express,
    Overnight,
}

#[derive(Serialize)]
struct CartAdd {
    product_id: ProductId,
    quantity: u32,
}

#[derive(Serialize)]
struct Checkout<'a> {
    country: Country,
    payment_method: PaymentMethod,
    currency: Currency,
    shipping_method: Shipping,
    #[serde(skip_serializing_if = "Option::is_none")]
    promo_code: Option<&'a str>,
}

impl Source {
    /// Visit `number` of a mix that has been checked.
    pub fn visit(&self, number: u64, mix: &Mix) -> Visit {
        let mut dice = Dice::new(self.seed, Purpose::Visit, number);
        let country = mix.countries.pick(dice.fraction()).unwrap_or(Country::Us);
        let journey = mix.journeys.pick(dice.fraction()).unwrap_or(Journey::Browse);
        let tier = mix.tiers.pick(dice.fraction()).unwrap_or_default();
        let payment_method = mix.payment_methods.pick(dice.fraction()).unwrap_or(PaymentMethod::CreditCard);
        let foreign = dice.fraction() < FOREIGN_CURRENCY;
        let other = *pick(&Currency::ALL, &mut dice).unwrap_or(&Currency::Usd);
        let currency = if foreign { other } else { country.currency() };
        let shipping = Shipping::of(dice.fraction(), country);
        let product = ProductId::from(1 + dice.below(PRODUCTS));
        let quantity = 1 + dice.below(MOST_PIECES);
        let tries_code = dice.fraction() < PROMO;
        let promo_code = pick(&mix.promo_codes, &mut dice).filter(|_| tries_code).map(String::as_str);

        let mut steps = Vec::with_capacity(StepKind::ALL.len());
        for (at, kind) in (0..).zip(journey.kinds()) {
            let path = match kind {
                StepKind::Product => format!("/products/{product}"),
                StepKind::Recommendations => format!("/recommendations?product_id={product}"),
                StepKind::Home
                | StepKind::Products
                | StepKind::Ads
                | StepKind::CartAdd
                | StepKind::Cart
                | StepKind::Checkout => kind.route().to_owned(),
            };
            let body = match kind {
                StepKind::CartAdd => json(&CartAdd { product_id: product, quantity }),
                StepKind::Checkout => json(&Checkout {
                    country,
                    payment_method,
                    currency,
                    shipping_method: shipping,
                    promo_code,
                }),
                StepKind::Home
                | StepKind::Products
                | StepKind::Product
                | StepKind::Recommendations
                | StepKind::Ads
                | StepKind::Cart => Bytes::new(),
            };
            let think = think(kind, dice.fraction(), mix.think_time_scale);
            steps.push(Step { think, kind, path, body, trace_id: trace_id(self.seed, number, at) });
        }
        Visit {
            number,
            session: self.name(b"session", number).into(),
            journey,
            country,
            tier,
            payment_method,
            currency,
            shipping,
            product,
            idempotency_key: self.name(b"checkout", number),
            steps,
        }
    }

    /// A name that no other visit and no other occasion has.
    fn name(&self, purpose: &[u8], number: u64) -> String {
        let parts = [purpose, &self.seed.to_be_bytes(), &self.occasion.to_be_bytes(), &number.to_be_bytes()];
        hex(&digest(&parts))
    }
}

impl Shipping {
    /// What the shop's checkout page lets a customer choose: a night is too short to reach some countries.
    fn of(fraction: f64, country: Country) -> Self {
        let far = match country {
            Country::Jp | Country::Br | Country::In | Country::Au => true,
            Country::Us | Country::Uk | Country::De | Country::Fr | Country::Ca => false,
        };
        match fraction {
            ..0.7 => Shipping::Standard,
            ..0.92 => Shipping::Express,
            _ if far => Shipping::Express,
            _ => Shipping::Overnight,
        }
    }
}

fn pick<'a, T>(all: &'a [T], dice: &mut Dice) -> Option<&'a T> {
    let at = dice.below(u32::try_from(all.len()).unwrap_or(u32::MAX));
    all.get(at as usize)
}

fn think(kind: StepKind, fraction: f64, scale: f64) -> Duration {
    let spread = THINK_SPREAD.start + fraction * (THINK_SPREAD.end - THINK_SPREAD.start);
    Duration::from_millis(u64::from(kind.think_ms())).mul_f64(spread * scale)
}

fn json(body: &impl Serialize) -> Bytes {
    // A struct of words and numbers always serialises.
    serde_json::to_vec(body).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::weights::Weights;

    const SOURCE: Source = Source { seed: 42, occasion: 0 };

    fn visits(source: Source, mix: &Mix) -> Vec<Visit> {
        (0..2_000).map(|number| source.visit(number, mix)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_visits_in_any_order() {
        let mix = Mix::normal();
        let forth = visits(SOURCE, &mix);
        let mut back: Vec<_> = (0..2_000).rev().map(|number| SOURCE.visit(number, &mix)).collect();
        back.reverse();
        assert_eq!(forth, back);
        assert_ne!(forth, visits(Source { seed: 43, ..SOURCE }, &mix));
    }

    #[test]
    fn another_occasion_changes_the_names_and_nothing_else() {
        let mix = Mix::normal();
        for (one, other) in
            visits(SOURCE, &mix).into_iter().zip(visits(Source { occasion: 9, ..SOURCE }, &mix))
        {
            assert_ne!(one.session, other.session);
            assert_ne!(one.idempotency_key, other.idempotency_key);
            let Visit { session, idempotency_key, .. } = one.clone();
            assert_eq!(one, Visit { session, idempotency_key, ..other });
        }
    }

    #[test]
    fn trace_ids_name_one_step_each() {
        let visits = visits(SOURCE, &Mix::normal());
        let mut ids: Vec<_> =
            visits.iter().flat_map(|visit| &visit.steps).map(|step| step.trace_id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert_eq!(visits[3].steps[1].trace_id, trace_id(42, 3, 1));
    }

    #[test]
    fn visits_come_in_the_proportions_of_the_mix() {
        let visits = visits(SOURCE, &Mix::normal());
        let share = |of: fn(&Visit) -> bool| visits.iter().filter(|visit| of(visit)).count() as f64 / 2_000.0;
        for (share, expected) in [
            (share(|visit| visit.country == Country::Us), 0.40),
            (share(|visit| visit.country == Country::Br), 0.12),
            (share(|visit| visit.country == Country::Au), 0.0),
            (share(|visit| visit.journey == Journey::Buy), 0.25),
            (share(|visit| visit.currency == visit.country.currency()), 0.955),
        ] {
            assert!((share - expected).abs() < 0.04, "{share} instead of {expected}");
        }
        let mut products: Vec<_> = visits.iter().map(|visit| visit.product).collect();
        products.sort_unstable();
        products.dedup();
        assert_eq!(products, (1..=21).collect::<Vec<_>>());
    }

    #[test]
    fn a_changed_weight_changes_nothing_but_what_hangs_on_it() {
        let elsewhere = Mix { countries: Weights::only(Country::Br), ..Mix::normal() };
        for (normal, brazil) in visits(SOURCE, &Mix::normal()).iter().zip(visits(SOURCE, &elsewhere)) {
            assert_eq!(brazil.country, Country::Br);
            assert_eq!(brazil.journey, normal.journey);
            assert_eq!(brazil.product, normal.product);
            // Brazil is too far for a night; all else hangs on the dice alone.
            let is_too_far = normal.shipping == Shipping::Overnight;
            let expected = if is_too_far { Shipping::Express } else { normal.shipping };
            assert_eq!(brazil.shipping, expected);
        }
    }

    #[test]
    fn a_checkout_says_what_the_shop_wants_to_know() {
        let codes = vec!["ONE".to_owned(), "TWO".to_owned()];
        let mix = Mix { journeys: Weights::only(Journey::Buy), promo_codes: codes, ..Mix::normal() };
        let visits = visits(SOURCE, &mix);
        let bodies: Vec<serde_json::Value> =
            visits.iter().map(|visit| serde_json::from_slice(&visit.steps[7].body).expect("JSON")).collect();
        assert_eq!(bodies[0]["country"], visits[0].country.code());
        assert_eq!(bodies[0]["payment_method"], visits[0].payment_method.name());
        assert_eq!(bodies[0]["currency"], visits[0].currency.code());
        assert!(bodies[0]["shipping_method"].is_string());
        let tried = bodies.iter().filter(|body| body.get("promo_code").is_some()).count();
        assert!((300..500).contains(&tried), "{tried}");
    }

    #[test]
    fn nobody_thinks_when_the_scale_is_nought() {
        let mix = Mix { think_time_scale: 0.0, ..Mix::normal() };
        assert!(visits(SOURCE, &mix).iter().flat_map(|visit| &visit.steps).all(|step| step.think.is_zero()));
        let visits = visits(SOURCE, &Mix::normal());
        assert!(visits.iter().all(|visit| visit.steps[0].think.is_zero()), "the first step is the arrival");
    }
}
