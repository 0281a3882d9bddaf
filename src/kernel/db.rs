//! The database seam: one repository text for SQLite and PostgreSQL, every query by name.
//!
//! A store says `db.run(&QUERY, async |conn| …)`. Layers above watch each passage through [`Seam`] and may act at
//! three points of it: before a connection is asked for, once it is there, and when the work is done.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqlx::{Connection, Database, Transaction};

use super::clock;
pub use super::{
    db_error::DbError,
    pool::{Conn, Held, Pool, PoolOptions},
};

/// A statement with a name: `orders.insert`. The name is bounded and stands in signals and faults; the text is one
/// for both engines, with `$1` placeholders.
#[derive(Debug, PartialEq, Eq)]
pub struct Query {
    pub name: &'static str,
    pub text: &'static str,
}

impl Query {
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Query { name, text }
    }

    /// The table it is about: the part of the name before the dot.
    pub fn collection(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }

    /// `SELECT`, `INSERT`, …: the first word of the text.
    pub fn operation(&self) -> &'static str {
        self.text.split_whitespace().next().unwrap_or("QUERY")
    }
}

/// Runs the same sqlx expression on whichever engine it is.
#[macro_export]
macro_rules! on_either {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn {
            $crate::kernel::db::Conn::Lite($c) => $query,
            $crate::kernel::db::Conn::Pg($c) => $query,
        }
    };
}

/// Sees every query on its way. The default for each point is to do nothing.
pub trait Seam: Send + Sync {
    fn enter(&self, query: &'static Query, pool: &Pool) -> Box<dyn Crossing>;
}

/// One passage through the seam. Dropped without `done`, it was given up half-way.
pub trait Crossing: Send {
    /// Before a connection is asked for.
    fn before(&mut self) -> Option<BoxFuture<'_, Result<(), DbError>>> {
        None
    }

    /// A connection came, or did not.
    fn admitted(&mut self, _waited: Result<(), &DbError>) {}

    /// On the connection, before the query.
    fn within<'a>(&'a mut self, _conn: &'a mut Conn<'_>) -> Option<BoxFuture<'a, Result<(), DbError>>> {
        None
    }

    fn done(&mut self, _outcome: Result<(), &DbError>) {}
}

/// A seam nobody watches.
pub struct Bare;

impl Seam for Bare {
    fn enter(&self, _: &'static Query, _: &Pool) -> Box<dyn Crossing> {
        Box::new(Bare)
    }
}

impl Crossing for Bare {}

/// A service's database: its own pool behind the seam.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    seam: Arc<dyn Seam>,
    /// When a query met damage last, in milliseconds of the clock.
    damaged_at_ms: Arc<AtomicI64>,
}

impl Db {
    pub fn new(pool: Pool, seam: Arc<dyn Seam>) -> Self {
        Db { pool, seam, damaged_at_ms: Arc::new(AtomicI64::new(i64::MIN)) }
    }

    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Runs `work` on a connection of the pool.
    pub async fn run<T, F>(&self, query: &'static Query, work: F) -> Result<T, DbError>
    where
        F: AsyncFnOnce(&mut Conn<'_>) -> Result<T, DbError>,
    {
        let (mut crossing, mut held) = self.enter(query).await?;
        let outcome = Self::work(&mut crossing, held.conn(), work).await;
        self.give_back(held, outcome.as_ref().err(), true);
        crossing.done(outcome.as_ref().map(|_| ()));
        outcome
    }

    /// Runs `work` in a transaction: all of it stands when it succeeds, none when it fails or is given up. The first
    /// error is the one that is returned, and a connection whose transaction could not be ended is closed.
    pub async fn transact<T, F>(&self, query: &'static Query, work: F) -> Result<T, DbError>
    where
        F: AsyncFnOnce(&mut Conn<'_>) -> Result<T, DbError>,
    {
        let (mut crossing, mut held) = self.enter(query).await?;
        let (outcome, is_over) = match &mut held {
            Held::Lite(conn) => match conn.begin_with("BEGIN IMMEDIATE").await {
                Ok(mut tx) => {
                    let worked = Self::work(&mut crossing, Conn::Lite(&mut tx), work).await;
                    end(tx, worked).await
                }
                Err(error) => not_begun(error),
            },
            Held::Pg(conn) => match conn.begin().await {
                Ok(mut tx) => {
                    let worked = Self::work(&mut crossing, Conn::Pg(&mut tx), work).await;
                    end(tx, worked).await
                }
                Err(error) => not_begun(error),
            },
        };
        self.give_back(held, outcome.as_ref().err(), is_over);
        crossing.done(outcome.as_ref().map(|_| ()));
        outcome
    }

    /// Whether a query has met damage so lately.
    pub fn was_damaged_within(&self, time: Duration) -> bool {
        let at_ms = self.damaged_at_ms.load(Ordering::Relaxed);
        i128::from(clock::now_millis()) - i128::from(at_ms) < time.as_millis().cast_signed()
    }

    fn give_back(&self, mut held: Held, error: Option<&DbError>, is_over: bool) {
        if matches!(error, Some(DbError::Damaged(_))) {
            self.damaged_at_ms.store(clock::now_millis(), Ordering::Relaxed);
        }
        if !is_over || error.is_some_and(DbError::leaves_doubt) {
            held.close_on_drop();
        }
    }

    async fn enter(&self, query: &'static Query) -> Result<(Box<dyn Crossing>, Held), DbError> {
        let mut crossing = self.seam.enter(query, &self.pool);
        let before = match crossing.before() {
            Some(before) => before.await,
            None => Ok(()),
        };
        if let Err(error) = before {
            crossing.done(Err(&error));
            return Err(error);
        }
        match self.pool.acquire().await {
            Ok(held) => {
                crossing.admitted(Ok(()));
                Ok((crossing, held))
            }
            Err(error) => {
                crossing.admitted(Err(&error));
                crossing.done(Err(&error));
                Err(error)
            }
        }
    }

    async fn work<T, F>(crossing: &mut Box<dyn Crossing>, mut conn: Conn<'_>, work: F) -> Result<T, DbError>
    where
        F: AsyncFnOnce(&mut Conn<'_>) -> Result<T, DbError>,
    {
        if let Some(within) = crossing.within(&mut conn) {
            within.await?;
        }
        work(&mut conn).await
    }
}

/// Commits or rolls back; also whether the transaction is known to be over.
async fn end<T, DB: Database>(
    tx: Transaction<'_, DB>,
    worked: Result<T, DbError>,
) -> (Result<T, DbError>, bool) {
    match worked {
        Ok(value) => match tx.commit().await {
            Ok(()) => (Ok(value), true),
            Err(error) => (Err(error.into()), false),
        },
        Err(error) => {
            let rolled_back = tx.rollback().await.is_ok();
            (Err(error), rolled_back)
        }
    }
}

/// Another's lock is no fault of the connection; whatever else kept a transaction from starting may be.
fn not_begun<T>(error: sqlx::Error) -> (Result<T, DbError>, bool) {
    let error = DbError::from(error);
    let is_sound = matches!(error, DbError::Locked(_));
    (Err(error), is_sound)
}
