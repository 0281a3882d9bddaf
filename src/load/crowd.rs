//! Sends the shoppers: each visit starts when the schedule says, whether or not the ones before it are done.
//!
//! A step's latency counts from its intended start and not from when it was sent: a shop that stands still for a second
//! is felt by everybody who would have come in that second. Knows the shop by a carrier of errands alone.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::{sync::Notify, task::JoinSet};

use super::{
    journey::StepKind,
    mix::Mix,
    pacer::Pacer,
    schedule::Schedule,
    tally::{Books, Outcome},
    visit::{Source, Step, Visit},
};
use crate::kernel::{
    client::{Carrier, Errand},
    origin::Origin,
    service::Service,
};

/// How all shoppers show who they are (contracts §2); the session tells them apart.
const TOKEN: HeaderValue = HeaderValue::from_static("Bearer user-token-123");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Who comes, who is inside, and how it went.
pub struct Crowd {
    pub plan: Mutex<Plan>,
    pub changed: Notify,
    pub stopping: Notify,
    pub books: Mutex<Books>,
    pub source: Source,
    pub most_in_flight: usize,
    pub step_timeout: Duration,
    pub grace: Duration,
    /// The instant that elapsed time counts from.
    pub start: Instant,
    pub pacer: Pacer,
    pub carrier: Arc<dyn Carrier>,
}

pub struct Plan {
    pub schedule: Schedule,
    pub mix: Arc<Mix>,
}

impl Crowd {
    pub fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets visits begin until told to stop, then sees them out.
pub async fn send(crowd: Arc<Crowd>) {
    let mut inside = JoinSet::new();
    loop {
        let next = crowd.plan().schedule.peek().map(|arrival| crowd.start + arrival.at);
        let due = async {
            match next {
                Some(due) => crowd.pacer.until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = crowd.stopping.notified() => break,
            () = crowd.changed.notified() => {}
            () = due => {
                let_in(&crowd, &mut inside);
                // Who has just come sends first; then the next arrival is looked for.
                tokio::task::yield_now().await;
            }
        }
    }
    let left = async { while inside.join_next().await.is_some() {} };
    if tokio::time::timeout(crowd.grace, left).await.is_err() {
        inside.shutdown().await;
    }
    let mut books = crowd.books();
    books.visits.cut = books.visits.in_flight();
}

/// Begins every visit that is due by now.
fn let_in(crowd: &Arc<Crowd>, inside: &mut JoinSet<()>) {
    while inside.try_join_next().is_some() {}
    let mut plan = crowd.plan();
    let now = crowd.start.elapsed();
    let (mut arrived, mut shed) = (0, 0);
    while plan.schedule.peek().is_some_and(|next| next.at <= now) {
        let Some(arrival) = plan.schedule.take() else { break };
        arrived += 1;
        if inside.len() >= crowd.most_in_flight {
            shed += 1;
            continue;
        }
        let (crowd, mix) = (crowd.clone(), plan.mix.clone());
        inside.spawn(async move {
            let visit = crowd.source.visit(arrival.number, &mix);
            play(&crowd, visit, crowd.start + arrival.at).await;
        });
    }
    drop(plan);
    let mut books = crowd.books();
    books.visits.arrived += arrived;
    books.visits.shed += shed;
}

/// Takes the steps of `visit`, which was to begin at `arrival`.
async fn play(crowd: &Crowd, mut visit: Visit, arrival: Instant) {
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
        crowd.pacer.until(intended).await;
        let kind = step.kind;
        let answer = crowd.carrier.carry(crowd.errand(step, &visit, origin.clone())).await;
        last_end = Instant::now();
        let outcome = answer.map_or(Outcome::Lost, |answer| Outcome::of(kind, answer.status()));
        crowd.books().record(kind, visit.country, outcome, last_end - intended);
        if !outcome.is_good() && !kind.is_decoration() {
            crowd.books().visits.broken += 1;
            return;
        }
    }
    crowd.books().visits.completed += 1;
}

impl Crowd {
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
