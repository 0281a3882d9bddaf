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
        currency::model::convert,
        promotions::{
            self,
            model::{ApplicationRequest, offer},
        },
        shipping::model::{Quote, QuoteRequest},
    },
};

/// In a script: the peer does what it was asked to, and its answer is lost.
pub const DONE_AND_LOST: u16 = 1;
/// In a script: the peer does what it was asked to, and does not answer.
pub const DONE_AND_SILENT: u16 = 2;

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

    /// From now on as it really is, whatever of the script is left.
    pub fn answering_as_it_is(&self) {
        self.script.lock().expect("no panic").clear();
    }

    /// Whether nothing of the script is left.
    pub fn is_through(&self) -> bool {
        self.script.lock().expect("no panic").is_empty()
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
            if scripted == Some(DONE_AND_LOST) {
                self.peer.carry(errand).await?;
                return Err(Lost::Broken("the connection was closed".into()));
            }
            if scripted == Some(DONE_AND_SILENT) {
                self.peer.carry(errand).await?;
                return std::future::pending().await;
            }
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

/// Promotions by their own rules, and the orders that asked and have not given back: with a code or without.
pub fn promotions(kept: Arc<Mutex<HashSet<OrderId>>>) -> Router {
    let apply = async |State(kept): State<Arc<Mutex<HashSet<OrderId>>>>,
                       Json(asked): Json<ApplicationRequest>| {
        kept.lock().expect("no panic").insert(asked.order_id);
        let known = |code: &str| offer(code).ok_or_else(|| Error::invalid("promo_code", "no such code"));
        let offer = asked.code.as_deref().map(known).transpose()?;
        promotions::model::apply(offer, asked.tier, &asked.lines).map(Answer)
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

/// This many cents of the catalogue, as a customer reads them.
pub fn converted(cents: i64, to: Currency) -> i64 {
    convert(Money::new(cents, Currency::Usd), to).expect("not too much").minor
}
