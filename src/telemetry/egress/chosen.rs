//! The way of spans to OTLP where a tail rule chooses among traces: a queue before the rule, a queue behind it, and what
//! became of the rest.

use std::sync::Arc;

use super::{count::Count, exits::Before};
use crate::telemetry::otlp::{
    encode::{self, Spans},
    rule::Rule,
    tail,
};

/// The rule and its two queues.
#[derive(Debug)]
pub struct Chosen {
    rule: Rule,
    pub before: Arc<Spans>,
    pub behind: Arc<Spans>,
    left_out: Count,
    pub unencodable: Count,
}

impl Chosen {
    pub fn new(rule: Rule) -> Self {
        Chosen {
            rule,
            before: encode::queue(),
            behind: encode::queue(),
            left_out: Count::default(),
            unencodable: Count::default(),
        }
    }

    /// Chooses until the queue before the rule is closed and empty.
    pub async fn choose(self: Arc<Self>) {
        tail::run(self.rule, &self.before, &self.behind, &self.left_out).await;
    }

    /// What is lost, left out or waits on this way.
    pub fn account(&self) -> Before {
        let queued = Before::queued(&self.before).and(Before::queued(&self.behind));
        Before { not_sampled: self.left_out.total(), ..queued.failing(&self.unencodable) }
    }

    /// Empties both queues; says how many spans were in them.
    pub fn take(&self) -> usize {
        self.before.take(usize::MAX).len() + self.behind.take(usize::MAX).len()
    }
}
