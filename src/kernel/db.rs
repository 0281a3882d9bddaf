//! The database seam: one repository text for SQLite and PostgreSQL, every query by name.
//!
//! A store says `db.run(&QUERY, async |conn| …)`. Layers above watch each passage through [`Seam`] and may act at
//! three points of it: before a connection is asked for, once it is there, and when the work is done.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use sqlx::{
    Connection, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection,
};

use super::error::{Error, Kind};

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

/// A pool of connections to either engine.
#[derive(Clone, Debug)]
pub enum Pool {
    Lite(SqlitePool),
    Pg(PgPool),
}

impl Pool {
    /// `db.system.name` in signals.
    pub fn system(&self) -> &'static str {
        match self {
            Pool::Lite(_) => "sqlite",
            Pool::Pg(_) => "postgresql",
        }
    }

    /// Connections that are open.
    pub fn size(&self) -> u32 {
        match self {
            Pool::Lite(pool) => pool.size(),
            Pool::Pg(pool) => pool.size(),
        }
    }

    /// Open connections that nobody uses.
    pub fn idle(&self) -> u32 {
        let idle = match self {
            Pool::Lite(pool) => pool.num_idle(),
            Pool::Pg(pool) => pool.num_idle(),
        };
        u32::try_from(idle).unwrap_or(u32::MAX)
    }

    /// The most connections there may be.
    pub fn max(&self) -> u32 {
        match self {
            Pool::Lite(pool) => pool.options().get_max_connections(),
            Pool::Pg(pool) => pool.options().get_max_connections(),
        }
    }

    /// Takes a connection. An exhausted pool and a database that is away look alike to sqlx; the pool's size tells.
    pub async fn acquire(&self) -> Result<Held, DbError> {
        let held = match self {
            Pool::Lite(pool) => pool.acquire().await.map(Held::Lite),
            Pool::Pg(pool) => pool.acquire().await.map(Held::Pg),
        };
        held.map_err(|error| match error {
            sqlx::Error::PoolTimedOut if self.size() >= self.max() => DbError::Exhausted,
            sqlx::Error::PoolTimedOut => DbError::Unavailable("no connection could be made".into()),
            other => DbError::from(other),
        })
    }

    /// Waits for connections in use to come back, then closes all.
    pub async fn close(&self) {
        match self {
            Pool::Lite(pool) => pool.close().await,
            Pool::Pg(pool) => pool.close().await,
        }
    }
}

/// A connection taken from the pool; goes back when dropped.
pub enum Held {
    Lite(PoolConnection<Sqlite>),
    Pg(PoolConnection<Postgres>),
}

impl Held {
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Held::Lite(conn) => Conn::Lite(conn),
            Held::Pg(conn) => Conn::Pg(conn),
        }
    }
}

/// What a query runs on: a connection, or a transaction on it.
pub enum Conn<'c> {
    Lite(&'c mut SqliteConnection),
    Pg(&'c mut PgConnection),
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

/// Why the database did not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DbError {
    /// No connection came free within the pool's time-out.
    Exhausted,
    Unavailable(String),
    /// Another transaction held the rows for too long.
    Locked(String),
    /// A row with this key is already there.
    Duplicate,
    Other(String),
}

impl DbError {
    /// `error.type` in signals.
    pub fn name(&self) -> &'static str {
        match self {
            DbError::Exhausted => "pool_exhausted",
            DbError::Unavailable(_) => "database_unavailable",
            DbError::Locked(_) => "database_locked",
            DbError::Duplicate => "duplicate",
            DbError::Other(_) => "database_error",
        }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DbError::Exhausted => f.write_str("every connection of the pool is in use"),
            DbError::Duplicate => f.write_str("a row with this key is already there"),
            DbError::Unavailable(text) | DbError::Locked(text) | DbError::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for DbError {}

/// SQLite's SQLITE_BUSY and its extended codes; PostgreSQL's lock_not_available, deadlock_detected, query_canceled.
const LOCK_CODES: [&str; 7] = ["5", "261", "517", "773", "55P03", "40P01", "57014"];

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            // Opening a pool tries until its time is over, and the cause is lost.
            sqlx::Error::PoolTimedOut => DbError::Unavailable("no connection could be made".into()),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => DbError::Unavailable(error.to_string()),
            sqlx::Error::Database(inner) if inner.is_unique_violation() => DbError::Duplicate,
            sqlx::Error::Database(inner) => match inner.code().as_deref() {
                Some(code) if LOCK_CODES.contains(&code) => DbError::Locked(inner.to_string()),
                // Class 57P: the server shuts down or has not finished starting.
                Some(code) if code.starts_with("57P") => DbError::Unavailable(inner.to_string()),
                _ => DbError::Other(inner.to_string()),
            },
            _ => DbError::Other(error.to_string()),
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        let (kind, detail) = match &error {
            DbError::Exhausted => (Kind::PoolExhausted, "no database connection came free in time"),
            DbError::Unavailable(_) => (Kind::DatabaseUnavailable, "the database is away"),
            DbError::Locked(_) => (Kind::DatabaseLocked, "the rows are held by another transaction"),
            DbError::Duplicate | DbError::Other(_) => (Kind::Internal, "the database refused the query"),
        };
        Error::new(kind, detail).caused_by(error)
    }
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
}

impl Db {
    pub fn new(pool: Pool, seam: Arc<dyn Seam>) -> Self {
        Db { pool, seam }
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
        crossing.done(outcome.as_ref().map(|_| ()));
        outcome
    }

    /// Runs `work` in a transaction: all of it stands when it succeeds, none when it fails or is given up.
    pub async fn transact<T, F>(&self, query: &'static Query, work: F) -> Result<T, DbError>
    where
        F: AsyncFnOnce(&mut Conn<'_>) -> Result<T, DbError>,
    {
        let (mut crossing, mut held) = self.enter(query).await?;
        let outcome = match &mut held {
            Held::Lite(conn) => match conn.begin_with("BEGIN IMMEDIATE").await {
                Ok(mut tx) => match Self::work(&mut crossing, Conn::Lite(&mut tx), work).await {
                    Ok(value) => tx.commit().await.map(|()| value).map_err(DbError::from),
                    Err(error) => tx.rollback().await.map_err(DbError::from).and(Err(error)),
                },
                Err(error) => Err(DbError::from(error)),
            },
            Held::Pg(conn) => match conn.begin().await {
                Ok(mut tx) => match Self::work(&mut crossing, Conn::Pg(&mut tx), work).await {
                    Ok(value) => tx.commit().await.map(|()| value).map_err(DbError::from),
                    Err(error) => tx.rollback().await.map_err(DbError::from).and(Err(error)),
                },
                Err(error) => Err(DbError::from(error)),
            },
        };
        crossing.done(outcome.as_ref().map(|_| ()));
        outcome
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

/// How a pool is to be made.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    pub size: u32,
    pub acquire_timeout: Duration,
    pub max_lifetime: Duration,
}
