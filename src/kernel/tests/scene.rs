//! A database of one connection, so that what becomes of the connection is what becomes of the service.

use std::{sync::Arc, time::Duration};

use crate::{
    kernel::{
        db::{Bare, Db, DbError, PoolOptions, Query},
        migrate::{self, Schema},
    },
    on_either,
};

pub static SCHEMA: Schema = Schema {
    service: "catalog",
    steps: &[("notes", "CREATE TABLE notes (id BIGINT PRIMARY KEY, text TEXT NOT NULL)")],
};
static INSERT: Query = Query::new("notes.insert", "INSERT INTO notes (id, text) VALUES ($1, $2)");

pub fn options(size: u32) -> PoolOptions {
    PoolOptions { size, acquire_timeout: Duration::from_secs(5), max_lifetime: Duration::from_secs(3600) }
}

pub async fn open(size: u32) -> (Db, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite:{}/notes.db", dir.path().display());
    let pool = migrate::open(&url, "catalog", &options(size)).await.expect("a pool");
    migrate::migrate(&pool, &SCHEMA).await.expect("tables");
    (Db::new(pool, Arc::new(Bare)), dir)
}

/// Runs a statement on a connection of the pool.
pub async fn run(db: &Db, statement: String) {
    let mut held = db.pool().acquire().await.expect("a connection");
    let done = on_either!(held.conn(), |c| sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(&mut *c)
        .await
        .map(drop));
    done.expect("the statement runs");
}

/// From now on the one connection finds no room for another page: SQLite itself says that it is full.
pub async fn fill(db: &Db) {
    // Pages that were freed before are used up.
    run(db, format!("INSERT INTO notes (id, text) VALUES (-1, '{}')", "x".repeat(200_000))).await;
    run(db, "PRAGMA max_page_count = 1".to_owned()).await;
}

pub async fn insert(db: &Db, id: i64, bytes: usize) -> Result<(), DbError> {
    db.transact(&INSERT, async |conn| {
        on_either!(conn, |c| sqlx::query(INSERT.text)
            .bind(id)
            .bind("x".repeat(bytes))
            .execute(&mut **c)
            .await
            .map(drop)?);
        Ok(())
    })
    .await
}

pub async fn rows(db: &Db) -> i64 {
    let mut held = db.pool().acquire().await.expect("a connection");
    let count = on_either!(held.conn(), |c| sqlx::query_scalar("SELECT COUNT(*) FROM notes")
        .fetch_one(&mut *c)
        .await);
    count.expect("a count")
}
