//! Plays one visit, step by step, and writes down how each went. Knows the shop by a carrier of errands alone, and not
//! who else is in it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    journey::StepKind,
    pacer::Pacer,
    tally::{Books, Outcome},
    visit::{Step, Visit},
};
use crate::kernel::{
    client::{Carrier, Errand},
    origin::Origin,
    service::Service,
};

/// How all shoppers show who they are; the session tells them apart.
const TOKEN: HeaderValue = HeaderValue::from_static("Bearer user-token-123");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The shop as its visitors see it: somebody who takes their errands, a clock on the wall, and a book by the door.
pub struct Shop {
    pub carrier: Arc<dyn Carrier>,
    pub pacer: Pacer,
    pub step_timeout: Duration,
    pub books: Mutex<Books>,
}

impl Shop {
    /// Takes the steps of `visit`, which was to begin at `arrival`. Each latency counts from the intended start: for the
    /// first step the arrival, for any other the end of the one before and the time to think.
    pub async fn play(&self, mut visit: Visit, arrival: Instant) {
        let origin = Origin {
            country: Some(visit.country),
            payment_method: Some(visit.payment_method),
            tier: Some(visit.tier),
            session: Some(visit.session.clone()),
            others: None,
        };
        let mut last_end = arrival;
        for step in std::mem::take(&mut visit.steps) {
            let intended = last_end + step.think;
            self.pacer.until(intended).await;
            let kind = step.kind;
            let answer = self.carrier.carry(self.errand(step, &visit, origin.clone())).await;
            last_end = Instant::now();
            let outcome = answer.map_or(Outcome::Lost, |answer| Outcome::of(kind, answer.status()));
            let mut books = self.books();
            books.record(kind, visit.country, outcome, last_end - intended);
            if !outcome.is_good() && !kind.is_decoration() {
                books.visits.broken += 1;
                return;
            }
        }
        self.books().visits.completed += 1;
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn errand(&self, step: Step, visit: &Visit, origin: Origin) -> Errand {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::AUTHORIZATION, TOKEN);
        if step.kind.sends_body() {
            headers.insert(header::CONTENT_TYPE, JSON);
        }
        if step.kind == StepKind::Checkout {
            // A name in hex is always fit for a header.
            if let Ok(key) = HeaderValue::from_str(&visit.idempotency_key) {
                headers.insert(IDEMPOTENCY_KEY, key);
            }
        }
        Errand {
            peer: Service::Storefront,
            method: step.kind.method(),
            route: step.kind.route(),
            path: step.path,
            headers,
            body: step.body,
            origin,
            trace_id: Some(step.trace_id),
            attempt: 0,
            timeout: self.step_timeout,
        }
    }
}
