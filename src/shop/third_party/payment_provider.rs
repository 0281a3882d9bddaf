//! The payment provider, somebody else's: takes money once per key, and gives it back once. A key that was refunded is
//! spent, also when nothing was charged under it yet: a charge that comes late is refused.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};

use crate::kernel::{
    country::Country,
    error::{Error, Kind, Result},
    extract::{Json, Path},
    id,
    money::{Currency, Money},
    origin::PaymentMethod,
    reply::Reply,
};

/// The most charges, and the most refunds, that are remembered; beyond that, the oldest is forgotten.
const MAX_CHARGES: usize = 20_000;
const MAX_KEY_CHARS: usize = 64;

#[derive(Clone, Default)]
pub struct App(Arc<Mutex<Model>>);

pub fn router(app: App) -> Router {
    Router::new()
        .route("/charge", post(charge))
        .route("/refunds", post(refund))
        .route("/charges/summary", get(summary))
        .route("/charges/{key}", get(one))
        .with_state(app)
}

/// A charge that is wanted. The same key is the same charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeRequest {
    pub key: String,
    pub amount: Money,
    pub country: Country,
    pub payment_method: PaymentMethod,
}

/// A charge that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub charge_id: String,
    pub key: String,
    pub amount: Money,
    pub country: Country,
    pub payment_method: PaymentMethod,
}

/// Why a card was declined.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Declined {
    pub reason: String,
}

/// A charge that is to be given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    pub key: String,
}

/// What was given back under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub refund_id: String,
    pub key: String,
    /// `None` when nothing had been charged; the key is spent all the same.
    pub amount: Option<Money>,
}

/// How many charges were made, and under how many keys: equal for as long as nobody was charged twice. And how many of
/// the charges were given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub charges: u64,
    pub keys: u64,
    pub refunds: u64,
}

async fn charge(State(app): State<App>, Json(asked): Json<ChargeRequest>) -> Result<Response> {
    check_key(&asked.key)?;
    if asked.amount.minor < 0 {
        return Err(Error::invalid("amount", "an amount is not negative"));
    }
    match app.model(|model| model.charge(asked)) {
        Outcome::Charged(charge) => Ok(Answer(charge).into_response()),
        Outcome::Declined => {
            let declined = Declined { reason: "limit_exceeded".to_owned() };
            Ok((StatusCode::PAYMENT_REQUIRED, Answer(declined)).into_response())
        }
        Outcome::Contradicts => {
            Err(Error::new(Kind::Conflict, "this key stands for another charge").at(Some("key".into())))
        }
    }
}

fn check_key(key: &str) -> Result<()> {
    match (1..=MAX_KEY_CHARS).contains(&key.len()) {
        true => Ok(()),
        false => Err(Error::invalid("key", format!("a key has 1 to {MAX_KEY_CHARS} bytes"))),
    }
}

async fn refund(State(app): State<App>, Json(asked): Json<RefundRequest>) -> Result<Reply<Refund>> {
    check_key(&asked.key)?;
    Ok(Reply::of(app.model(|model| model.refund(asked.key))))
}

async fn one(State(app): State<App>, Path(key): Path<String>) -> Result<Reply<Charge>> {
    let charge = app.model(|model| model.charges.get(&key).cloned());
    charge.map(Reply::of).ok_or_else(|| Error::not_found("there is no charge of that key"))
}

async fn summary(State(app): State<App>) -> Result<Reply<Summary>> {
    Ok(Reply::of(app.model(|model| model.summary)))
}

impl App {
    fn model<T>(&self, work: impl FnOnce(&mut Model) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Default)]
struct Model {
    charges: HashMap<String, Charge>,
    arrivals: VecDeque<String>,
    refunds: HashMap<String, Refund>,
    refunded: VecDeque<String>,
    summary: Summary,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Charged(Charge),
    Declined,
    /// The key was used for something else.
    Contradicts,
}

impl Model {
    fn charge(&mut self, asked: ChargeRequest) -> Outcome {
        if self.refunds.contains_key(&asked.key) {
            return Outcome::Contradicts;
        }
        if let Some(charge) = self.charges.get(&asked.key) {
            let same = charge.amount == asked.amount
                && charge.country == asked.country
                && charge.payment_method == asked.payment_method;
            return if same { Outcome::Charged(charge.clone()) } else { Outcome::Contradicts };
        }
        if asked.amount.minor > limit(asked.amount.currency) {
            return Outcome::Declined;
        }
        let ChargeRequest { key, amount, country, payment_method } = asked;
        let charge =
            Charge { charge_id: format!("ch-{}", id::fresh()), key, amount, country, payment_method };
        if self.charges.len() >= MAX_CHARGES
            && let Some(oldest) = self.arrivals.pop_front()
        {
            self.charges.remove(&oldest);
        }
        self.summary.charges += 1;
        if self.charges.insert(charge.key.clone(), charge.clone()).is_none() {
            self.summary.keys += 1;
        }
        self.arrivals.push_back(charge.key.clone());
        Outcome::Charged(charge)
    }

    fn refund(&mut self, key: String) -> Refund {
        if let Some(refund) = self.refunds.get(&key) {
            return refund.clone();
        }
        let amount = self.charges.get(&key).map(|charge| charge.amount);
        let refund = Refund { refund_id: format!("re-{}", id::fresh()), key: key.clone(), amount };
        if self.refunds.len() >= MAX_CHARGES
            && let Some(oldest) = self.refunded.pop_front()
        {
            self.refunds.remove(&oldest);
        }
        self.summary.refunds += u64::from(amount.is_some());
        self.refunds.insert(key.clone(), refund.clone());
        self.refunded.push_back(key);
        refund
    }
}

/// The most that is charged at once, in minor units: ten thousand US dollars by the provider's own rates, which are
/// not the shop's.
fn limit(currency: Currency) -> i64 {
    match currency {
        Currency::Usd => 1_000_000,
        Currency::Eur => 920_000,
        Currency::Gbp => 790_000,
        Currency::Jpy => 1_500_000,
        Currency::Brl => 5_400_000,
        Currency::Inr => 84_000_000,
        Currency::Cad => 1_370_000,
        Currency::Aud => 1_520_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(key: &str, minor: i64, currency: Currency) -> ChargeRequest {
        let amount = Money::new(minor, currency);
        let (country, payment_method) = (Country::Us, PaymentMethod::Paypal);
        ChargeRequest { key: key.into(), amount, country, payment_method }
    }

    #[test]
    fn a_key_is_charged_once() {
        let mut model = Model::default();
        let first = model.charge(ask("a", 500, Currency::Usd));
        assert!(matches!(first, Outcome::Charged(_)), "{first:?}");
        assert_eq!(model.charge(ask("a", 500, Currency::Usd)), first);
        assert_eq!(model.charge(ask("a", 501, Currency::Usd)), Outcome::Contradicts);
        assert_eq!(model.charge(ask("a", 500, Currency::Eur)), Outcome::Contradicts);
        assert!(matches!(model.charge(ask("b", 500, Currency::Usd)), Outcome::Charged(_)));
        assert_eq!(model.summary, Summary { charges: 2, keys: 2, refunds: 0 });
    }

    #[test]
    fn a_charge_is_given_back_once_and_its_key_is_spent() {
        let mut model = Model::default();
        model.charge(ask("a", 500, Currency::Usd));
        let refund = model.refund("a".into());
        assert_eq!(refund.amount, Some(Money::new(500, Currency::Usd)));
        assert_eq!(model.refund("a".into()), refund, "asked again, the same refund");
        assert_eq!(model.charge(ask("a", 500, Currency::Usd)), Outcome::Contradicts);
        assert_eq!(model.refund("b".into()).amount, None);
        assert_eq!(model.charge(ask("b", 500, Currency::Usd)), Outcome::Contradicts, "it comes too late");
        assert_eq!(model.summary, Summary { charges: 1, keys: 1, refunds: 1 });
    }

    #[test]
    fn a_charge_has_a_limit_in_every_currency() {
        let mut model = Model::default();
        for currency in Currency::ALL {
            let limit = limit(currency);
            assert_eq!(model.charge(ask(currency.code(), limit + 1, currency)), Outcome::Declined);
            assert!(matches!(model.charge(ask(currency.code(), limit, currency)), Outcome::Charged(_)));
        }
    }
}
