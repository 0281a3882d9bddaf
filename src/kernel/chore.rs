//! What a service does without being asked, such as noticing carts that were left behind.

use std::{sync::Arc, time::Duration};

use super::fact::Fact;

/// A task that runs every so often and states facts, as a handler would.
#[derive(Clone)]
pub struct Chore {
    /// What it is called in signals.
    pub name: &'static str,
    pub every: Duration,
    pub run: Arc<dyn Fn() -> Vec<Fact> + Send + Sync>,
}

impl Chore {
    pub fn new(
        name: &'static str,
        every: Duration,
        run: impl Fn() -> Vec<Fact> + Send + Sync + 'static,
    ) -> Self {
        Chore { name, every, run: Arc::new(run) }
    }
}
