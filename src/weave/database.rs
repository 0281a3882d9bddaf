//! The database seam: one client span a query, the wait for a connection, the time it was held.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanContext, SpanKind},
};

use super::spans::Passage;
use crate::{
    kernel::db::{Conn, Crossing, DbError, Pool, Query, Seam},
    telemetry::{
        names::{attribute, resource},
        scope::Scope,
    },
};

/// Watches one service's pool, and all that happens at `inner`.
pub struct Watched {
    scope: Arc<Scope>,
    inner: Arc<dyn Seam>,
    pool: [KeyValue; 1],
}

impl Watched {
    pub fn new(scope: Arc<Scope>, inner: Arc<dyn Seam>, pool: &Pool) -> Self {
        let name = scope.service.name();
        if let Some(signals) = scope.signals() {
            signals.instruments.watch_pool(pool, name);
        }
        Watched { scope, inner, pool: [KeyValue::new(attribute::POOL_NAME, name)] }
    }
}

impl Seam for Watched {
    fn enter(&self, query: &'static Query, pool: &Pool) -> Box<dyn Crossing> {
        let inner = self.inner.enter(query, pool);
        let Some(signals) = self.scope.signals() else { return inner };
        let system = KeyValue::new(attribute::DB_SYSTEM, pool.system());
        let attributes = vec![
            system.clone(),
            KeyValue::new(attribute::DB_NAMESPACE, resource::NAMESPACE),
            KeyValue::new(attribute::DB_OPERATION, query.operation()),
            KeyValue::new(attribute::DB_COLLECTION, query.collection()),
            KeyValue::new(attribute::DB_QUERY_TEXT, query.text),
            KeyValue::new(attribute::DB_QUERY_SUMMARY, query.name),
        ];
        let passage = Passage::begin(signals, SpanKind::Client, query.name, attributes, &Context::current());
        Box::new(Observed {
            pool: InPool {
                scope: self.scope.clone(),
                name: self.pool.clone(),
                span: passage.span_context(),
                waits: None,
                held: None,
            },
            passage,
            labels: vec![system, KeyValue::new(attribute::DB_QUERY_SUMMARY, query.name)],
            inner,
        })
    }
}

struct Observed {
    passage: Passage,
    labels: Vec<KeyValue>,
    pool: InPool,
    inner: Box<dyn Crossing>,
}

/// What a query does to the pool: first it waits for a connection, then it holds one.
struct InPool {
    scope: Arc<Scope>,
    name: [KeyValue; 1],
    span: SpanContext,
    waits: Option<Instant>,
    held: Option<Instant>,
}

impl InPool {
    fn wait(&mut self) {
        if let Some(signals) = self.scope.signals() {
            signals.instruments.pool_pending.add(1, &self.name);
            self.waits = Some(Instant::now());
        }
    }

    fn stop_waiting(&mut self) -> Option<Duration> {
        let begun = self.waits.take()?;
        self.scope.signals()?.instruments.pool_pending.add(-1, &self.name);
        Some(begun.elapsed())
    }
}

impl Crossing for Observed {
    fn before(&mut self) -> Option<BoxFuture<'_, Result<(), DbError>>> {
        let Observed { inner, pool, .. } = self;
        match inner.before() {
            // What happens on the way to the pool is no wait for a connection.
            Some(before) => Some(Box::pin(async {
                before.await?;
                pool.wait();
                Ok(())
            })),
            None => {
                pool.wait();
                None
            }
        }
    }

    fn admitted(&mut self, outcome: Result<(), &DbError>) {
        self.inner.admitted(outcome);
        let waited = self.pool.stop_waiting();
        let Some(signals) = self.pool.scope.signals() else { return };
        let seconds = waited.unwrap_or_default().as_secs_f64();
        signals.instruments.pool_wait.record(seconds, &self.pool.name, &self.pool.span);
        match outcome {
            Ok(()) => self.pool.held = Some(Instant::now()),
            Err(DbError::Exhausted) => signals.instruments.pool_timeouts.add(1, &self.pool.name),
            Err(_) => {}
        }
    }

    fn within<'a>(&'a mut self, conn: &'a mut Conn<'_>) -> Option<BoxFuture<'a, Result<(), DbError>>> {
        self.inner.within(conn)
    }

    fn done(&mut self, outcome: Result<(), &DbError>) {
        self.inner.done(outcome);
        let error = outcome.err().map(DbError::name);
        self.passage.end_query(self.pool.scope.signals(), &mut self.labels, error);
    }
}

impl Drop for InPool {
    fn drop(&mut self) {
        self.stop_waiting();
        if let (Some(held), Some(signals)) = (self.held, self.scope.signals()) {
            signals.instruments.pool_use.record(held.elapsed().as_secs_f64(), &self.name, &self.span);
        }
    }
}
