//! Whether a service's database takes writes: it writes, and looks.
//!
//! A pool that hands out connections says nothing about the disk behind it. So readiness commits a row of a table of its
//! own, past the seam: it is no shopper's traffic, and no fault reaches it. At most once in [`FRESH`], whatever the rate
//! of questions; who asks meanwhile gets the last answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::{
    db::{Bare, Db, DbError, Pool, Query},
    id,
    service::Service,
};
use crate::on_either;

/// How long an answer holds.
const FRESH: Duration = Duration::from_secs(1);
/// How long the write may take.
const TIMEOUT: Duration = Duration::from_secs(1);
/// How long a service counts as damaged after a query has met the damage.
const DAMAGE_REMEMBERED: Duration = Duration::from_secs(60);
/// What is written: more than any page, so that a full database has no room for it.
const FILLER_BYTES: usize = 16 * 1024;

static WRITE: Query = Query::new("probe.write", "");

/// The text that makes the table of `service`.
pub fn table(service: &str) -> String {
    format!("CREATE TABLE {} (id TEXT PRIMARY KEY, filler TEXT NOT NULL)", name(service))
}

fn name(service: &str) -> String {
    format!("{}_probe", service.replace('-', "_"))
}

/// What can be done with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It takes writes, or is busy with those of others.
    Up,
    Down,
    Full,
    ReadOnly,
    Damaged,
}

impl Condition {
    /// The word in `/health` and `/ready`.
    pub fn name(self) -> &'static str {
        match self {
            Condition::Up => "up",
            Condition::Down => "down",
            Condition::Full => "full",
            Condition::ReadOnly => "read-only",
            Condition::Damaged => "damaged",
        }
    }

    fn of(written: &Result<(), DbError>) -> Self {
        match written {
            // An exhausted pool and a held lock are a busy database, not an absent one.
            Ok(()) | Err(DbError::Exhausted | DbError::Locked(_)) => Condition::Up,
            Err(DbError::Full(_)) => Condition::Full,
            Err(DbError::ReadOnly(_)) => Condition::ReadOnly,
            Err(DbError::Damaged(_)) => Condition::Damaged,
            Err(DbError::Unavailable(_) | DbError::Duplicate | DbError::Other(_)) => Condition::Down,
        }
    }
}

/// Clones share the last answer.
#[derive(Clone)]
pub struct Probe(Arc<Inner>);

struct Inner {
    watched: Db,
    /// The same pool, past the seam.
    bare: Db,
    insert: String,
    delete: String,
    /// When it was asked last, and what came of it. Whoever asks while this is held waits for that answer.
    last: Mutex<Option<(Instant, Condition)>>,
}

impl Probe {
    /// Watches `db`, the database of `service`.
    pub fn new(db: Db, service: Service) -> Self {
        let table = name(service.name());
        Probe(Arc::new(Inner {
            bare: Db::new(db.pool().clone(), Arc::new(Bare)),
            watched: db,
            insert: format!("INSERT INTO {table} (id, filler) VALUES ($1, $2)"),
            delete: format!("DELETE FROM {table} WHERE id = $1"),
            last: Mutex::new(None),
        }))
    }

    /// What can be done with the database right now. An answer takes two seconds at most, and is found out to its end
    /// although whoever asks may leave before.
    pub async fn condition(&self) -> Condition {
        let inner = self.0.clone();
        let found = tokio::spawn(async move { inner.condition().await });
        let found = found.await.unwrap_or(Condition::Down);
        match self.0.watched.was_damaged_within(DAMAGE_REMEMBERED) {
            true => Condition::Damaged,
            false => found,
        }
    }
}

impl Inner {
    async fn condition(&self) -> Condition {
        let mut last = self.last.lock().await;
        if let Some((asked, condition)) = *last
            && asked.elapsed() < FRESH
        {
            return condition;
        }
        let asked = Instant::now();
        let condition = match tokio::time::timeout(TIMEOUT, self.write()).await {
            Ok(written) => Condition::of(&written),
            Err(_) => self.silent(),
        };
        *last = Some((asked, condition));
        condition
    }

    /// What it means that nothing came back in time.
    fn silent(&self) -> Condition {
        let pool = self.bare.pool();
        match pool {
            // The file is there; another's lock is held for longer than we wait.
            Pool::Lite(_) => Condition::Up,
            Pool::Pg(_) if pool.size() >= pool.max() && pool.idle() == 0 => Condition::Up,
            Pool::Pg(_) => Condition::Down,
        }
    }

    /// Writes a row and removes it, committed at once: nothing is left, and the pages were needed.
    async fn write(&self) -> Result<(), DbError> {
        let id = id::fresh();
        let filler = "x".repeat(FILLER_BYTES);
        self.bare
            .transact(&WRITE, async |conn| {
                on_either!(conn, |c| {
                    sqlx::query(sqlx::AssertSqlSafe(self.insert.as_str()))
                        .bind(&id)
                        .bind(&filler)
                        .execute(&mut **c)
                        .await?;
                    sqlx::query(sqlx::AssertSqlSafe(self.delete.as_str()))
                        .bind(&id)
                        .execute(&mut **c)
                        .await
                        .map(drop)?;
                });
                Ok(())
            })
            .await
    }
}
