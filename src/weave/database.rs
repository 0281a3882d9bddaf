//! The database seam: one client span a query, the wait for a connection, the time it was held.

use std::{sync::Arc, time::Instant};

use opentelemetry::{Context, KeyValue, trace::SpanKind};

use super::spans::Passage;
use crate::{
    kernel::db::{Bare, Crossing, DbError, Pool, Query, Seam},
    telemetry::{
        names::{attribute, resource},
        scope::Scope,
    },
};

/// Watches one service's pool.
pub struct Watched {
    scope: Arc<Scope>,
    pool: [KeyValue; 1],
}

impl Watched {
    pub fn new(scope: Arc<Scope>, pool: &Pool) -> Self {
        let name = scope.service.name();
        if let Some(signals) = scope.signals() {
            signals.instruments.watch_pool(pool, name);
        }
        Watched { scope, pool: [KeyValue::new(attribute::POOL_NAME, name)] }
    }
}

impl Seam for Watched {
    fn enter(&self, query: &'static Query, pool: &Pool) -> Box<dyn Crossing> {
        let Some(signals) = self.scope.signals() else { return Box::new(Bare) };
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
        signals.instruments.pool_pending.add(1, &self.pool);
        Box::new(Observed {
            scope: self.scope.clone(),
            passage,
            labels: vec![system, KeyValue::new(attribute::DB_QUERY_SUMMARY, query.name)],
            pool: self.pool.clone(),
            waits: true,
            held: None,
        })
    }
}

struct Observed {
    scope: Arc<Scope>,
    passage: Passage,
    labels: Vec<KeyValue>,
    pool: [KeyValue; 1],
    waits: bool,
    held: Option<Instant>,
}

impl Observed {
    fn stop_waiting(&mut self) {
        if std::mem::take(&mut self.waits)
            && let Some(signals) = self.scope.signals()
        {
            signals.instruments.pool_pending.add(-1, &self.pool);
        }
    }
}

impl Crossing for Observed {
    fn admitted(&mut self, waited: Result<(), &DbError>) {
        self.stop_waiting();
        let Some(signals) = self.scope.signals() else { return };
        signals.instruments.pool_wait.record(self.passage.seconds(), &self.pool);
        match waited {
            Ok(()) => self.held = Some(Instant::now()),
            Err(DbError::Exhausted) => signals.instruments.pool_timeouts.add(1, &self.pool),
            Err(_) => {}
        }
    }

    fn done(&mut self, outcome: Result<(), &DbError>) {
        let error = outcome.err().map(DbError::name);
        self.passage.end_query(self.scope.signals(), &mut self.labels, error);
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.stop_waiting();
        if let (Some(held), Some(signals)) = (self.held, self.scope.signals()) {
            signals.instruments.pool_use.record(held.elapsed().as_secs_f64(), &self.pool);
        }
    }
}
