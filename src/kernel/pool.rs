//! Connections to either engine.
//!
//! What comes back to a pool is known to be sound, or is closed. A transaction that was given up half-way is rolled back
//! on the way back, and the hook [`is_sound`] looks whether it was: SQLite rolls back by itself when a disk is full, and
//! then sqlx still counts a transaction that no statement can end.

#![expect(clippy::wildcard_enum_match_arm, reason = "sqlx's, and it grows")]

use std::time::Duration;

use sqlx::{
    Connection, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection,
};

use super::db_error::DbError;

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

    /// Closes the connection when it is dropped, instead of giving it back.
    pub fn close_on_drop(&mut self) {
        match self {
            Held::Lite(conn) => conn.close_on_drop(),
            Held::Pg(conn) => conn.close_on_drop(),
        }
    }
}

/// Whether a connection on its way back to the pool is in no transaction. One that was dropped half-way has its rollback
/// queued; it is over when a ping is answered. Costs nothing where the transaction was ended before.
pub async fn is_sound<C: Connection>(conn: &mut C) -> Result<bool, sqlx::Error> {
    if conn.is_in_transaction() {
        conn.ping().await?;
    }
    Ok(!conn.is_in_transaction())
}

/// What a query runs on: a connection, or a transaction on it.
pub enum Conn<'c> {
    Lite(&'c mut SqliteConnection),
    Pg(&'c mut PgConnection),
}

/// How a pool is to be made.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    pub size: u32,
    pub acquire_timeout: Duration,
    pub max_lifetime: Duration,
}
