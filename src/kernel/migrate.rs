//! Opens a service's pool and brings its tables up to date.

use std::{borrow::Cow, str::FromStr, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    db::{DbError, Pool, PoolOptions},
    pool, probe,
};

/// A service's tables, as steps that are taken once each, in order. A step that has been released never changes; a
/// change is a new step. One text for both engines.
#[derive(Debug)]
pub struct Schema {
    /// Whose it is; names the table that remembers which steps were taken.
    pub service: &'static str,
    pub steps: &'static [(&'static str, &'static str)],
}

/// How long a SQLite connection waits for another's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// Page cache per SQLite connection, in KiB (negative by SQLite's convention). The default of 2 MiB times twenty
/// connections would be most of the lab's memory.
const CACHE_KIB: &str = "-256";
/// A connection that has idled for longer is checked before use; a busy one is trusted.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);
/// How long the look through a SQLite file may take at start. A large one is then only read in part.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// The step that makes the table of [`probe`]: far above those of any service.
const PROBE_STEP: i64 = 1_000_000;

/// Opens a pool on `url` (`sqlite:PATH` or `postgres://…`) with threads and sessions named after `service`.
pub async fn open(url: &str, service: &'static str, options: &PoolOptions) -> Result<Pool, DbError> {
    let wrong = |error: sqlx::Error| DbError::Other(format!("the database address is wrong: {error}"));
    if url.starts_with("sqlite:") {
        let connect = SqliteConnectOptions::from_str(url)
            .map_err(wrong)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("cache_size", CACHE_KIB)
            .thread_name(move |id| format!("{service}-sql-{id}"))
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .max_connections(options.size)
            .acquire_timeout(options.acquire_timeout)
            .max_lifetime(options.max_lifetime)
            .test_before_acquire(false)
            .after_release(|conn, _| Box::pin(pool::is_sound(conn)))
            .connect_with(connect)
            .await?;
        return Ok(Pool::Lite(pool));
    }
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        let connect = PgConnectOptions::from_str(url)
            .map_err(wrong)?
            .application_name(service)
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(options.size)
            .acquire_timeout(options.acquire_timeout)
            .max_lifetime(options.max_lifetime)
            .test_before_acquire(false)
            .after_release(|conn, _| Box::pin(pool::is_sound(conn)))
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_IDLE {
                        sqlx::Connection::ping(conn).await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(connect)
            .await?;
        return Ok(Pool::Pg(pool));
    }
    Err(DbError::Other("the database address must start with sqlite: or postgres:".into()))
}

/// Takes the steps of `schema` that have not been taken yet. Two processes may do this at the same time.
pub async fn migrate(pool: &Pool, schema: &Schema) -> Result<(), DbError> {
    check(pool).await?;
    let steps = schema.steps.iter().zip(1..).map(|((name, text), version)| {
        Migration::new(version, Cow::Borrowed(*name), MigrationType::Simple, text.into_sql_str(), false)
    });
    let probe = Migration::new(
        PROBE_STEP,
        Cow::Borrowed("what readiness writes"),
        MigrationType::Simple,
        AssertSqlSafe(probe::table(schema.service)).into_sql_str(),
        false,
    );
    let migrator = Migrator {
        migrations: steps.chain([probe]).collect(),
        table_name: Cow::Owned(format!("{}_migrations", schema.service.replace('-', "_"))),
        ..Migrator::DEFAULT
    };
    let mut attempt = 0;
    loop {
        let outcome = match pool {
            Pool::Lite(pool) => migrator.run(pool).await,
            Pool::Pg(pool) => migrator.run(pool).await,
        };
        match outcome {
            Ok(()) => return Ok(()),
            // SQLite has no lock around all the steps: when two processes start at once, one of them loses a step to
            // the other and finds it done when it looks again.
            Err(_) if attempt < 20 => {
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => return Err(DbError::Other(format!("the tables could not be made: {error}"))),
        }
    }
}

/// Looks through a SQLite file: one whose first page is whole can be opened, and fails at some query hours later. A
/// PostgreSQL looks after its own.
async fn check(pool: &Pool) -> Result<(), DbError> {
    let Pool::Lite(pool) = pool else { return Ok(()) };
    let found = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)").fetch_one(pool);
    match tokio::time::timeout(CHECK_TIMEOUT, found).await {
        Ok(Ok(found)) if found != "ok" => {
            let found = found.split_whitespace().collect::<Vec<_>>().join(" ");
            Err(DbError::Damaged(format!("the database is damaged, restore a copy or move it away: {found}")))
        }
        Ok(Ok(_)) | Err(_) => Ok(()),
        Ok(Err(error)) => match DbError::from(error) {
            DbError::Damaged(why) => Err(DbError::Damaged(format!(
                "the database is damaged, restore a copy or move it away: {why}"
            ))),
            // Whatever else is wrong, the steps will meet it.
            DbError::Exhausted
            | DbError::Unavailable(_)
            | DbError::Locked(_)
            | DbError::Duplicate
            | DbError::Full(_)
            | DbError::ReadOnly(_)
            | DbError::Other(_) => Ok(()),
        },
    }
}

/// A SQLite database of its own for a test; it is gone when the directory is dropped.
#[cfg(test)]
pub async fn scratch(schema: &Schema) -> (super::db::Db, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite:{}/{}.db?mode=rwc", dir.path().display(), schema.service);
    let options = PoolOptions {
        size: 4,
        acquire_timeout: Duration::from_secs(5),
        max_lifetime: Duration::from_secs(3600),
    };
    let pool = open(&url, schema.service, &options).await.expect("a pool");
    migrate(&pool, schema).await.expect("tables");
    (super::db::Db::new(pool, std::sync::Arc::new(super::db::Bare)), dir)
}
