//! What a service does without being asked, such as noticing carts that were left behind.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::fact::Fact;

/// One piece of work that a chore has found. It states facts, as a handler would.
pub type Task = BoxFuture<'static, Vec<Fact>>;

/// Looks for work every so often.
#[derive(Clone)]
pub struct Chore {
    /// What its work is called in signals.
    pub name: &'static str,
    pub every: Duration,
    /// Looks for work, past the seams: a round that finds none leaves no trace.
    pub look: Arc<dyn Fn() -> BoxFuture<'static, Vec<Task>> + Send + Sync>,
}

impl Chore {
    pub fn new<F>(name: &'static str, every: Duration, look: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Vec<Task>> + Send + 'static,
    {
        Chore { name, every, look: Arc::new(move || Box::pin(look())) }
    }
}
