//! The cache seam: one client span a passage.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use opentelemetry::{Context, KeyValue, trace::SpanKind};

use super::spans::Passage;
use crate::{
    kernel::cache::{CacheError, Crossing, Seam},
    telemetry::{
        names::{attribute, resource},
        scope::Scope,
    },
};

/// Watches one service's cache, and all that happens at `inner`.
pub struct Watched {
    scope: Arc<Scope>,
    inner: Arc<dyn Seam>,
}

impl Watched {
    pub fn new(scope: Arc<Scope>, inner: Arc<dyn Seam>) -> Self {
        Watched { scope, inner }
    }
}

impl Seam for Watched {
    fn enter(&self, query: &'static str, system: &'static str) -> Box<dyn Crossing> {
        let inner = self.inner.enter(query, system);
        let Some(signals) = self.scope.signals() else { return inner };
        let system = KeyValue::new(attribute::DB_SYSTEM, system);
        let summary = KeyValue::new(attribute::DB_QUERY_SUMMARY, query);
        let (collection, operation) = query.split_once('.').unwrap_or((query, query));
        let attributes = vec![
            system.clone(),
            KeyValue::new(attribute::DB_NAMESPACE, resource::NAMESPACE),
            KeyValue::new(attribute::DB_OPERATION, operation),
            KeyValue::new(attribute::DB_COLLECTION, collection),
            summary.clone(),
        ];
        let passage = Passage::begin(signals, SpanKind::Client, query, attributes, &Context::current());
        Box::new(Observed { scope: self.scope.clone(), passage, labels: vec![system, summary], inner })
    }
}

struct Observed {
    scope: Arc<Scope>,
    passage: Passage,
    labels: Vec<KeyValue>,
    inner: Box<dyn Crossing>,
}

impl Crossing for Observed {
    fn before(&mut self) -> Option<BoxFuture<'_, Result<(), CacheError>>> {
        self.inner.before()
    }

    fn done(&mut self, outcome: Result<(), &CacheError>) {
        self.inner.done(outcome);
        let error = outcome.err().map(CacheError::name);
        self.passage.end_query(self.scope.signals(), &mut self.labels, error);
    }
}
