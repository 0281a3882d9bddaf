//! Where faults meet what passes: one layer for each of the four seams. With nothing active, each costs an atomic load.
//!
//! These layers stand inside those that observe. What happens here is measured like anything that happens by itself,
//! and no signal says that it was done on purpose.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response as Answer},
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderName, Response};
use http_body_util::BodyExt;

use super::{
    effects::{befall, shielded},
    engine, refusal,
    starved::Starved,
    subject::Subject,
    visitor::{TRACEPARENT, Visitor},
};
use crate::{
    chaos::{action::Action, crossing::Place, decide::Verdict, panel::Panel, target::Seam},
    kernel::{
        cache::{self, CacheError},
        client::{Carrier, Errand, Lost, Retry},
        db::{self, Conn, DbError, Pool, Query},
        origin::Origin,
    },
};

const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// What a cache says that is away.
const CACHE_AWAY: &str = "connection refused";

/// Requests that come in.
pub async fn inbound(State(panel): State<Arc<Panel>>, request: Request, next: Next) -> Answer {
    if !panel.is_any_active() {
        return next.run(request).await;
    }
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("", |path| path.as_str());
    let asks = Seam::ALL.into_iter().any(|seam| panel.asks_for_subject(seam));
    let (subject, request) = if asks {
        match Subject::of(request, route).await {
            Ok(known) => known,
            Err(error) => return error.into_response(),
        }
    } else {
        (Subject::default(), request)
    };
    let who = request.extensions().get::<Origin>().cloned().unwrap_or_default();
    let visitor = Arc::new(Visitor::with(request.headers(), who, subject));
    let method = request.method().clone();
    let place = Place::Inbound { method: method.as_str(), route };
    if let Some(verdict) = panel.decide(&visitor.crossing(place))
        && let Some(Verdict { action: Action::Answer { status, retry_after }, .. }) = befall(verdict).await
    {
        return refusal::response(status, retry_after);
    }
    visitor.served(next.run(request)).await
}

/// Questions to peers.
pub struct Outbound<C> {
    inner: C,
    panel: Arc<Panel>,
}

impl<C> Outbound<C> {
    pub fn new(inner: C, panel: Arc<Panel>) -> Self {
        Outbound { inner, panel }
    }

    fn visitor(&self, errand: &Errand) -> Visitor {
        let mut visitor = Visitor::behind(errand);
        if self.panel.asks_for_subject(Seam::Outbound) {
            visitor.subject = visitor.subject.narrowed(errand.route, &errand.path, &errand.body);
        }
        visitor
    }
}

impl<C: Carrier> Carrier for Outbound<C> {
    fn carry(&self, mut errand: Errand) -> BoxFuture<'_, Result<Response<Bytes>, Lost>> {
        if !self.panel.is_active(Seam::Outbound) {
            return self.inner.carry(errand);
        }
        Box::pin(async move {
            let verdict = self.panel.decide(&self.visitor(&errand).crossing(place(&errand)));
            let left = match verdict {
                Some(verdict) => befall(verdict).await,
                None => None,
            };
            match left.map(|verdict| verdict.action) {
                Some(Action::Answer { status, retry_after }) => {
                    let (parts, body) = refusal::response(status, retry_after).into_parts();
                    let body = body.collect().await.map_err(|error| Lost::Broken(error.to_string()))?;
                    return Ok(Response::from_parts(parts, body.to_bytes()));
                }
                Some(Action::LoseContext) => {
                    errand.headers.remove(TRACEPARENT);
                    errand.headers.remove(TRACESTATE);
                }
                Some(
                    Action::Wait(_)
                    | Action::Hang
                    | Action::BurnCpu(_)
                    | Action::Leak { .. }
                    | Action::SlowQuery(_)
                    | Action::HoldLock { .. }
                    | Action::CacheOutage
                    | Action::Starve,
                )
                | None => {}
            }
            self.inner.carry(errand).await
        })
    }

    fn retry(&self, errand: &Errand, declared: Retry) -> Retry {
        let declared = self.inner.retry(errand, declared);
        if !self.panel.is_any_active() {
            return declared;
        }
        self.panel.retry(&self.visitor(errand).crossing(place(errand))).unwrap_or(declared)
    }
}

fn place(errand: &Errand) -> Place<'_> {
    Place::Outbound { peer: errand.peer, method: errand.method.as_str(), route: errand.route }
}

/// Queries.
pub struct Database(pub Arc<Panel>);

impl db::Seam for Database {
    fn enter(&self, query: &'static Query, _: &Pool) -> Box<dyn db::Crossing> {
        if !self.0.is_any_active() {
            return Box::new(db::Bare);
        }
        let place = Place::Database { query: query.name };
        let verdict = match self.0.is_active(Seam::Database) {
            true => self.0.decide(&Visitor::current().crossing(place)),
            false => None,
        };
        let crossing: Box<dyn db::Crossing> = match verdict {
            Some(verdict) => Box::new(Struck(Some(verdict))),
            None => Box::new(db::Bare),
        };
        match self.0.holder() {
            Some(fault) => Box::new(Starved::new(crossing, fault, query.name)),
            None => crossing,
        }
    }
}

/// Passages to the cache.
pub struct Cache(pub Arc<Panel>);

impl cache::Seam for Cache {
    fn enter(&self, query: &'static str, _: &'static str) -> Box<dyn cache::Crossing> {
        if !self.0.is_active(Seam::Cache) {
            return Box::new(cache::Bare);
        }
        match self.0.decide(&Visitor::current().crossing(Place::Cache { query })) {
            Some(verdict) => Box::new(Struck(Some(verdict))),
            None => Box::new(cache::Bare),
        }
    }
}

/// A passage to a store that was struck; the verdict, until it has happened.
struct Struck(Option<Verdict>);

impl db::Crossing for Struck {
    fn before(&mut self) -> Option<BoxFuture<'_, Result<(), DbError>>> {
        let verdict = self.0.take()?;
        Some(Box::pin(async {
            self.0 = befall(verdict).await;
            Ok(())
        }))
    }

    fn within<'a>(&'a mut self, conn: &'a mut Conn<'_>) -> Option<BoxFuture<'a, Result<(), DbError>>> {
        let Verdict { fault, action } = self.0.take()?;
        Some(Box::pin(async move {
            match action {
                Action::SlowQuery(extra) => {
                    // A time-out of the engine's own cuts a slow query off; so it does here.
                    let slept = shielded(engine::slow_query(conn, &fault, extra)).await;
                    slept.unwrap_or(Ok(())).map_err(DbError::from)
                }
                Action::HoldLock { table, keep } => {
                    let held = shielded(engine::hold_lock(conn, &fault, &table, keep)).await;
                    match held.unwrap_or(Ok(())).map_err(DbError::from) {
                        // Another transaction holds the lock for too long. The query meets it by itself.
                        Err(DbError::Locked(_)) => Ok(()),
                        // Nobody knows what became of the transaction around it.
                        outcome => outcome,
                    }
                }
                Action::Wait(_)
                | Action::Hang
                | Action::BurnCpu(_)
                | Action::Leak { .. }
                | Action::Answer { .. }
                | Action::CacheOutage
                | Action::LoseContext
                | Action::Starve => Ok(()),
            }
        }))
    }
}

impl cache::Crossing for Struck {
    fn before(&mut self) -> Option<BoxFuture<'_, Result<(), CacheError>>> {
        let verdict = self.0.take()?;
        Some(Box::pin(async {
            match befall(verdict).await.map(|verdict| verdict.action) {
                Some(Action::CacheOutage) => Err(CacheError::Away(CACHE_AWAY.to_owned())),
                Some(
                    Action::Wait(_)
                    | Action::Hang
                    | Action::BurnCpu(_)
                    | Action::Leak { .. }
                    | Action::Answer { .. }
                    | Action::SlowQuery(_)
                    | Action::HoldLock { .. }
                    | Action::LoseContext
                    | Action::Starve,
                )
                | None => Ok(()),
            }
        }))
    }
}
