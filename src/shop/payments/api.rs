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
    shop::third_party::payment_provider::{self, ChargeRequest, Refund},
};

use super::{
    model::{Made, Payment, PaymentRequest, RefundRequest},
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
    Router::new().route("/payments", post(pay)).route("/refunds", post(refund)).with_state(app)
}

/// Charges an order. Asked again with the same key, it answers with the charge it made before: from memory, or through
/// the provider, which keeps charges apart by their keys.
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
        // Nothing was processed: it has been stated and counted when it was.
        return Ok(Reply::of(payment));
    }
    let charge = ChargeRequest {
        key: asked.key().to_owned(),
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
            let error = Error::new(
                Kind::Conflict,
                "the key stands for another payment, or for one that was refunded",
            );
            Err(error.stating(fact(PaymentOutcome::Failed)))
        }
        Answer::Failed(refusal) => Err(Error::from(refusal).stating(fact(PaymentOutcome::Failed))),
    }
}

/// Gives a charge back. Asked again with the same key, it answers with the same refund.
async fn refund(
    State(app): State<App>,
    origin: Origin,
    Json(asked): Json<RefundRequest>,
) -> Result<Reply<Refund>> {
    asked.check()?;
    app.made(|made| made.forget(&asked.key));
    let refund = payment_provider::RefundRequest { key: asked.key };
    Ok(Reply::of(app.peers.refund(&origin, &refund).await?))
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, time::Duration};

    use axum::{http::Response, response::IntoResponse};
    use bytes::Bytes;
    use futures_util::future::BoxFuture;
    use serde_json::json;

    use super::*;
    use crate::{
        kernel::{
            client::{Ask, Carrier, Client, Errand, InProcess, Lost, Retry},
            fact::Stated,
            service::Service,
        },
        shop::third_party::payment_provider::{self, Summary},
    };

    /// The provider as it is, after the answers of a script; `None` is no answer at all.
    struct Scripted {
        provider: InProcess,
        script: Mutex<VecDeque<Option<u16>>>,
    }

    impl Carrier for Scripted {
        fn carry(&self, errand: Errand) -> BoxFuture<'_, Result<Response<Bytes>, Lost>> {
            let next = self.script.lock().expect("no panic").pop_front();
            match next {
                None => self.provider.carry(errand),
                Some(None) => Box::pin(async { Err(Lost::TimedOut) }),
                Some(Some(status)) => Box::pin(async move {
                    let mut response = Response::new(Bytes::new());
                    *response.status_mut() = status.try_into().expect("a status");
                    Ok(response)
                }),
            }
        }
    }

    /// Payments in front of a provider with that script, and the provider.
    fn payments(script: impl IntoIterator<Item = Option<u16>>) -> (App, Client) {
        let provider = payment_provider::router(payment_provider::App::default());
        let script = Mutex::new(script.into_iter().collect());
        let carrier = Scripted { provider: InProcess(provider.clone()), script };
        let client = Client::new(Service::PaymentProvider, Arc::new(carrier), Duration::from_secs(5));
        let retry = Retry { backoff: Duration::ZERO, ..Retry::ONCE };
        let app = App::new(Peers { payment_provider: client.retrying(retry) });
        let direct = Arc::new(InProcess(provider));
        (app, Client::new(Service::PaymentProvider, direct, Duration::from_secs(5)))
    }

    fn request(minor: i64) -> PaymentRequest {
        let request = json!({
            "order_id": "ord-1", "country": "IN", "payment_method": "paypal",
            "amount": {"minor": minor, "currency": "USD"}, "amount_usd": {"minor": minor, "currency": "USD"},
        });
        serde_json::from_value(request).expect("a request")
    }

    /// Status and stated outcomes.
    async fn ask(app: &App, request: PaymentRequest) -> (u16, Vec<PaymentOutcome>) {
        let response = pay(State(app.clone()), Origin::default(), Json(request)).await.into_response();
        let stated = response.extensions().get::<Stated>().cloned().unwrap_or_default();
        let outcomes = stated.0.into_iter().filter_map(|fact| {
            if let Fact::PaymentProcessed { outcome, .. } = fact { Some(outcome) } else { None }
        });
        (response.status().as_u16(), outcomes.collect())
    }

    async fn charges(provider: &Client) -> u64 {
        let ask = Ask::get("/charges/summary", &Origin::default());
        provider.call::<Summary>(ask).await.expect("a summary").charges
    }

    #[tokio::test]
    async fn every_answer_of_the_provider_has_its_own_end() {
        use PaymentOutcome::{Declined, Failed, Success};
        for (script, minor, status, outcome, charged) in [
            (vec![], 500, 200, Success, 1),
            (vec![Some(503)], 500, 200, Success, 1),
            (vec![Some(429)], 500, 200, Success, 1),
            (vec![Some(500), Some(503)], 500, 502, Failed, 0),
            (vec![Some(429), Some(429)], 500, 502, Failed, 0),
            (vec![Some(404)], 500, 502, Failed, 0),
            (vec![None], 500, 504, Failed, 0),
            (vec![], 1_000_001, 402, Declined, 0),
        ] {
            let case = format!("{script:?} {minor}");
            let (app, provider) = payments(script);
            assert_eq!(ask(&app, request(minor)).await, (status, vec![outcome]), "{case}");
            assert_eq!(charges(&provider).await, charged, "{case}");
        }
    }

    #[tokio::test]
    async fn an_order_is_charged_once_whoever_remembers() {
        let (app, provider) = payments([]);
        assert_eq!(ask(&app, request(500)).await.0, 200);
        assert_eq!(ask(&app, request(500)).await.0, 200, "from memory");
        app.made(|made| *made = Made::new(0));
        assert_eq!(ask(&app, request(500)).await.0, 200, "from the provider");
        assert_eq!(ask(&app, request(501)).await.0, 409, "another amount is not the same payment");
        assert_eq!(charges(&provider).await, 1);
    }

    #[tokio::test]
    async fn what_is_not_a_payment_is_refused() {
        let (app, provider) = payments([]);
        assert_eq!(ask(&app, request(-1)).await, (422, vec![]));
        assert_eq!(charges(&provider).await, 0);
    }
}
