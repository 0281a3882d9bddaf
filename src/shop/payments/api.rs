//! Payments over HTTP.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{Router, extract::State, routing::post};

use crate::{
    kernel::{
        error::{Error, Kind, Result},
        extract::Json,
        fact::{Fact, PaymentOutcome},
        origin::Origin,
        reply::Reply,
    },
    shop::third_party::payment_provider::ChargeRequest,
};

use super::{
    model::{Made, Payment, PaymentRequest},
    peers::{Answer, Peers},
};

/// How many payments are remembered; the provider remembers more, so forgetting one costs a question, not money.
const REMEMBERED: usize = 10_000;

#[derive(Clone)]
pub struct App {
    peers: Peers,
    made: Arc<Mutex<Made>>,
}

impl App {
    pub fn new(peers: Peers) -> Self {
        App { peers, made: Arc::new(Mutex::new(Made::new(REMEMBERED))) }
    }

    fn made<T>(&self, work: impl FnOnce(&mut Made) -> T) -> T {
        work(&mut self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub fn router(app: App) -> Router {
    Router::new().route("/payments", post(pay)).with_state(app)
}

/// Charges an order. Asked again with the same order, it answers with the charge it made before: from memory, or
/// through the provider, who keeps charges apart by the order's number.
async fn pay(
    State(app): State<App>,
    origin: Origin,
    Json(asked): Json<PaymentRequest>,
) -> Result<Reply<Payment>> {
    asked.check()?;
    let fact = |outcome| Fact::PaymentProcessed {
        country: asked.country,
        payment_method: asked.payment_method,
        outcome,
        amount_usd: asked.amount_usd,
    };
    if let Some(payment) = app.made(|made| made.find(&asked)) {
        return Ok(Reply::of(payment).stating(fact(PaymentOutcome::Success)));
    }
    let charge = ChargeRequest {
        key: asked.order_id.to_string(),
        amount: asked.amount,
        country: asked.country,
        payment_method: asked.payment_method,
    };
    match app.peers.charge(&origin, &charge).await {
        Answer::Charged(charge) => {
            let order_id = asked.order_id.clone();
            let payment = Payment { charge_id: charge.charge_id, order_id, amount: charge.amount };
            let fact = fact(PaymentOutcome::Success);
            app.made(|made| made.remember(asked, payment.clone()));
            Ok(Reply::of(payment).stating(fact))
        }
        Answer::Declined => {
            let error = Error::new(Kind::Declined, "the payment was declined");
            Err(error.stating(fact(PaymentOutcome::Declined)))
        }
        Answer::Contradicts => {
            let error = Error::new(Kind::Conflict, "the order was begun with another amount before");
            Err(error.stating(fact(PaymentOutcome::Failed)))
        }
        Answer::Failed(refusal) => Err(Error::from(refusal).stating(fact(PaymentOutcome::Failed))),
    }
}
