//! Why a database did not do its work, from the codes of both engines.

#![expect(clippy::wildcard_enum_match_arm, reason = "sqlx's, and it grows")]

use std::fmt;

use sqlx::sqlite::SqliteError;

use super::error::{Error, Kind};

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
    /// The disk has no room left.
    Full(String),
    /// It can be read and not written.
    ReadOnly(String),
    /// Its files are not what they were.
    Damaged(String),
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
            DbError::Full(_) => "database_full",
            DbError::ReadOnly(_) => "database_read_only",
            DbError::Damaged(_) => "database_damaged",
            DbError::Other(_) => "database_error",
        }
    }

    /// Whether nobody knows what state the connection is in afterwards: the engine may have rolled back by itself, or the
    /// server may be gone.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            DbError::Unavailable(_) | DbError::Full(_) | DbError::Damaged(_) => true,
            DbError::Exhausted
            | DbError::Locked(_)
            | DbError::Duplicate
            | DbError::ReadOnly(_)
            | DbError::Other(_) => false,
        }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DbError::Exhausted => f.write_str("every connection of the pool is in use"),
            DbError::Duplicate => f.write_str("a row with this key is already there"),
            DbError::Unavailable(text)
            | DbError::Locked(text)
            | DbError::Full(text)
            | DbError::ReadOnly(text)
            | DbError::Damaged(text)
            | DbError::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for DbError {}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            // Opening a pool tries until its time is over, and the cause is lost.
            sqlx::Error::PoolTimedOut => DbError::Unavailable("no connection could be made".into()),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => DbError::Unavailable(error.to_string()),
            sqlx::Error::Database(inner) if inner.is_unique_violation() => DbError::Duplicate,
            sqlx::Error::Database(inner) => {
                let code = inner.code().unwrap_or_default();
                let kind = match inner.try_downcast_ref::<SqliteError>() {
                    Some(_) => code.parse().map_or(DbError::Other as fn(String) -> DbError, of_sqlite),
                    None => of_postgres(&code),
                };
                kind(inner.to_string())
            }
            _ => DbError::Other(error.to_string()),
        }
    }
}

/// SQLite's result codes. The low byte of an extended one says what kind it is.
fn of_sqlite(code: u32) -> fn(String) -> DbError {
    match code & 0xff {
        // SQLITE_BUSY.
        5 => DbError::Locked,
        // SQLITE_NOMEM, SQLITE_IOERR, SQLITE_CANTOPEN.
        7 | 10 | 14 => DbError::Unavailable,
        // SQLITE_READONLY.
        8 => DbError::ReadOnly,
        // SQLITE_CORRUPT, SQLITE_NOTADB.
        11 | 26 => DbError::Damaged,
        // SQLITE_FULL.
        13 => DbError::Full,
        _ => DbError::Other,
    }
}

/// PostgreSQL's codes: five characters, the first two of which are the class.
fn of_postgres(code: &str) -> fn(String) -> DbError {
    match code {
        // lock_not_available, deadlock_detected, query_canceled.
        "55P03" | "40P01" | "57014" => DbError::Locked,
        "53100" => DbError::Full,
        // read_only_sql_transaction.
        "25006" => DbError::ReadOnly,
        // data_corrupted, index_corrupted.
        "XX001" | "XX002" => DbError::Damaged,
        // io_error.
        "58030" => DbError::Unavailable,
        // The connection broke, the server is out of something, or it shuts down or has not finished starting.
        _ if ["08", "53", "57P"].iter().any(|class| code.starts_with(class)) => DbError::Unavailable,
        _ => DbError::Other,
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        let (kind, detail) = match &error {
            DbError::Exhausted => (Kind::PoolExhausted, "no database connection came free in time"),
            DbError::Unavailable(_) => (Kind::DatabaseUnavailable, "the database is away"),
            DbError::Locked(_) => (Kind::DatabaseLocked, "the rows are held by another transaction"),
            DbError::Full(_) => (Kind::DatabaseFull, "the database has no room left"),
            DbError::ReadOnly(_) => (Kind::DatabaseUnavailable, "the database takes no writes"),
            DbError::Damaged(_) => (Kind::Internal, "the database is damaged"),
            DbError::Duplicate | DbError::Other(_) => (Kind::Internal, "the database refused the query"),
        };
        Error::new(kind, detail).caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_engines_say_what_kind_of_failure_it_is() {
        let lite = |code| of_sqlite(code)(String::new()).name();
        for (codes, name) in [
            (vec![5, 261, 517, 773], "database_locked"),
            (vec![13], "database_full"),
            (vec![7, 10, 266, 778, 8714, 14, 270], "database_unavailable"),
            (vec![8, 1032, 1544], "database_read_only"),
            (vec![11, 267, 779, 26], "database_damaged"),
            (vec![1, 6, 19, 787, 21], "database_error"),
        ] {
            codes.into_iter().for_each(|code| assert_eq!(lite(code), name, "{code}"));
        }
        let pg = |code| of_postgres(code)(String::new()).name();
        for (codes, name) in [
            (vec!["55P03", "40P01", "57014"], "database_locked"),
            (vec!["53100"], "database_full"),
            (vec!["08006", "53200", "53300", "57P01", "57P03", "58030"], "database_unavailable"),
            (vec!["25006"], "database_read_only"),
            (vec!["XX001", "XX002"], "database_damaged"),
            (vec!["42P01", "23503", "25P02", ""], "database_error"),
        ] {
            codes.into_iter().for_each(|code| assert_eq!(pg(code), name, "{code}"));
        }
    }
}
