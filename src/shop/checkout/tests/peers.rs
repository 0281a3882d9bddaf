//! Peers that answer as a test says, and stubs of those whose answers only have to add up.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json as Answer, Router,
    body::Bytes,
    extract::State,
    http::Response,
    routing::{delete, post},
};
use futures_util::future::BoxFuture;

use crate::{
    kernel::{
        client::{Carrier, Client, Errand, InProcess, Lost},
        error::Error,
        extract::{Json, Path},
        fact::{Fact, Stated},
        id::OrderId,
        money::{Currency, Money},
        service::Service,
    },
    shop::{
        currency::model::{ConvertRequest, Converted},
        promotions::model::{Application, ApplicationRequest, Discount},
        shipping::model::{Quote, QuoteRequest},
    },
};

/// A peer that answers as the script says (0: as it really is), then as it really is; and what it stated.
#[derive(Clone)]
pub struct Scripted {
    peer: Arc<InProcess>,
    script: Arc<Mutex<VecDeque<u16>>>,
    stated: Arc<Mutex<Vec<Fact>>>,
}

impl Scripted {
    pub fn new(router: Router) -> Self {
        let peer = Arc::new(InProcess(router));
        Scripted { peer, script: Arc::default(), stated: Arc::default() }
    }

    pub fn answering(&self, statuses: impl IntoIterator<Item = u16>) {
        self.script.lock().expect("no panic").extend(statuses);
    }

    pub fn take_facts(&self) -> Vec<Fact> {
        std::mem::take(&mut *self.stated.lock().expect("no panic"))
    }

    pub fn client(&self, service: Service) -> Client {
        Client::new(service, Arc::new(self.clone()), Duration::from_secs(5))
    }
}

impl Carrier for Scripted {
    fn carry(&self, errand: Errand) -> BoxFuture<'_, Result<Response<Bytes>, Lost>> {
        Box::pin(async move {
            let scripted = self.script.lock().expect("no panic").pop_front();
            if let Some(status) = scripted.filter(|&status| status != 0) {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = status.try_into().expect("a status");
                return Ok(response);
            }
            let response = self.peer.carry(errand).await?;
            if let Some(Stated(facts)) = response.extensions().get::<Stated>() {
                self.stated.lock().expect("no panic").extend(facts.iter().cloned());
            }
            Ok(response)
        })
    }
}

/// Ten per cent off for SAVE10, and the orders it keeps the code for.
pub fn promotions(kept: Arc<Mutex<HashSet<OrderId>>>) -> Router {
    let apply = async |State(kept): State<Arc<Mutex<HashSet<OrderId>>>>,
                       Json(asked): Json<ApplicationRequest>| {
        let goods: i64 = asked.lines.iter().map(|line| line.unit.minor * line.quantity).sum();
        let off = Money::new(goods, Currency::Usd).basis_points(1000);
        kept.lock().expect("no panic").insert(asked.order_id);
        match asked.code.as_deref() {
            None => {
                Ok(Answer(Application { code: None, discounts: vec![], total: Money::zero(Currency::Usd) }))
            }
            Some("SAVE10") => Ok(Answer(Application {
                discounts: vec![Discount { what: "SAVE10".into(), amount: off }],
                code: asked.code,
                total: off,
            })),
            Some(_) => Err(Error::invalid("promo_code", "there is no such code")),
        }
    };
    let release = async |State(kept): State<Arc<Mutex<HashSet<OrderId>>>>, Path(id): Path<OrderId>| {
        kept.lock().expect("no panic").remove(&id);
    };
    Router::new()
        .route("/applications", post(apply))
        .route("/applications/{order_id}", delete(release))
        .with_state(kept)
}

pub fn shipping() -> Router {
    let quote = async |Json(asked): Json<QuoteRequest>| {
        let cost = Money::new(499, Currency::Usd);
        Answer(Quote { method: asked.method, cost, days_min: 3, days_max: 5 })
    };
    Router::new().route("/quotes", post(quote))
}

/// Minor units of one US cent, in thousandths: JPY 1.5, the others made up as well.
fn rate(currency: Currency) -> i64 {
    match currency {
        Currency::Usd => 1000,
        Currency::Eur => 923,
        Currency::Gbp => 787,
        Currency::Jpy => 1503,
        Currency::Brl => 5417,
        Currency::Inr => 83_999,
        Currency::Cad => 1371,
        Currency::Aud => 1529,
    }
}

pub fn converted(minor: i64, to: Currency) -> i64 {
    (minor * rate(to) * to.scale() / 100 + 500) / 1000
}

pub fn currency() -> Router {
    let convert = async |Json(asked): Json<ConvertRequest>| {
        let amounts = asked.amounts.iter().map(|one| Money::new(converted(one.minor, asked.to), asked.to));
        Answer(Converted { amounts: amounts.collect() })
    };
    Router::new().route("/convert", post(convert))
}
