//! Notices who has to wait because connections are held: for the ledger, which says whom a fault struck.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;

use super::visitor::Visitor;
use crate::{
    chaos::{action::Action, crossing::Place, live::Live},
    kernel::db::{Conn, Crossing, DbError},
};

/// Who waits longer than this for a connection was struck; a pool that has one hands it over in less.
const AT_ONCE: Duration = Duration::from_millis(2);

/// A query that asks for a connection while some are held.
pub struct Starved {
    inner: Box<dyn Crossing>,
    fault: Arc<Live>,
    visitor: Arc<Visitor>,
    query: &'static str,
    asked: Instant,
}

impl Starved {
    pub fn new(inner: Box<dyn Crossing>, fault: Arc<Live>, query: &'static str) -> Self {
        Starved { inner, fault, visitor: Visitor::current(), query, asked: Instant::now() }
    }
}

impl Crossing for Starved {
    fn before(&mut self) -> Option<BoxFuture<'_, Result<(), DbError>>> {
        let Starved { inner, asked, .. } = self;
        let before = inner.before();
        *asked = Instant::now();
        // What happens on the way to the pool is no wait for a connection.
        before.map(|before| -> BoxFuture<'_, _> {
            Box::pin(async {
                before.await?;
                *asked = Instant::now();
                Ok(())
            })
        })
    }

    fn admitted(&mut self, outcome: Result<(), &DbError>) {
        self.inner.admitted(outcome);
        self.fault.matched();
        if self.asked.elapsed() > AT_ONCE || outcome == Err(&DbError::Exhausted) {
            let place = Place::Database { query: self.query };
            self.fault.struck(&self.visitor.crossing(place), &Action::Starve);
        }
    }

    fn within<'a>(&'a mut self, conn: &'a mut Conn<'_>) -> Option<BoxFuture<'a, Result<(), DbError>>> {
        self.inner.within(conn)
    }

    fn done(&mut self, outcome: Result<(), &DbError>) {
        self.inner.done(outcome);
    }
}
