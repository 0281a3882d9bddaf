//! The payment provider, somebody else's: takes money once per key.

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

/// The most charges that are remembered; beyond that, the oldest is forgotten.
const MAX_CHARGES: usize = 20_000;
const MAX_KEY_CHARS: usize = 64;

#[derive(Clone, Default)]
pub struct App(Arc<Mutex<Model>>);

pub fn router(app: App) -> Router {
    Router::new()
        .route("/charge", post(charge))
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

/// How many charges were made, and under how many keys: equal for as long as nobody was charged twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub charges: u64,
    pub keys: u64,
}

async fn charge(State(app): State<App>, Json(asked): Json<ChargeRequest>) -> Result<Response> {
    if !(1..=MAX_KEY_CHARS).contains(&asked.key.len()) {
        return Err(Error::invalid("key", format!("a key has 1 to {MAX_KEY_CHARS} bytes")));
    }
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

struct Model {
    charges: HashMap<String, Charge>,
    arrivals: VecDeque<String>,
    summary: Summary,
}

impl Default for Model {
    fn default() -> Self {
        let summary = Summary { charges: 0, keys: 0 };
        Model { charges: HashMap::new(), arrivals: VecDeque::new(), summary }
    }
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
        assert_eq!(model.summary, Summary { charges: 2, keys: 2 });
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
