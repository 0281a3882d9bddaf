//! The cache seam: one client span a passage.

use std::sync::Arc;

use opentelemetry::{Context, KeyValue, trace::SpanKind};

use super::spans::Passage;
use crate::{
    kernel::cache::{Bare, CacheError, Crossing, Seam},
    telemetry::{
        names::{attribute, resource},
        scope::Scope,
    },
};

/// Watches one service's cache.
pub struct Watched {
    scope: Arc<Scope>,
}

impl Watched {
    pub fn new(scope: Arc<Scope>) -> Self {
        Watched { scope }
    }
}

impl Seam for Watched {
    fn enter(&self, query: &'static str, system: &'static str) -> Box<dyn Crossing> {
        let Some(signals) = self.scope.signals() else { return Box::new(Bare) };
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
        Box::new(Observed { scope: self.scope.clone(), passage, labels: vec![system, summary] })
    }
}

struct Observed {
    scope: Arc<Scope>,
    passage: Passage,
    labels: Vec<KeyValue>,
}

impl Crossing for Observed {
    fn done(&mut self, outcome: Result<(), &CacheError>) {
        let error = outcome.err().map(CacheError::name);
        self.passage.end_query(self.scope.signals(), &mut self.labels, error);
    }
}
