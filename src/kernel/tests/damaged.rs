//! A file whose first pages are whole can be opened. That its other pages are not is noticed all the same.

use std::{fs, path::Path, sync::Arc, time::Duration};

use super::scene::{SCHEMA, insert, open, options, run};
use crate::{
    kernel::{
        db::{Bare, Db, DbError, Query},
        migrate,
        probe::{Condition, Probe},
        service::Service,
    },
    on_either,
};

const PAGE: usize = 4096;

/// A database with some pages, of which those from the third on are not what they were.
async fn damaged() -> (String, tempfile::TempDir) {
    let (db, dir) = open(1).await;
    for id in 0..50 {
        insert(&db, id, 2_000).await.expect("written");
    }
    run(&db, "PRAGMA wal_checkpoint(TRUNCATE)".to_owned()).await;
    db.pool().close().await;
    let path = dir.path().join("notes.db");
    flip(&path);
    (format!("sqlite:{}", path.display()), dir)
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("the file");
    assert!(bytes.len() > 10 * PAGE);
    bytes[2 * PAGE..].iter_mut().for_each(|byte| *byte = !*byte);
    fs::write(path, bytes).expect("written");
}

#[tokio::test]
async fn a_damaged_file_is_refused_at_start_in_one_line() {
    let (url, _dir) = damaged().await;
    let pool = migrate::open(&url, "catalog", &options(1)).await.expect("its first page is whole");
    let error = migrate::migrate(&pool, &SCHEMA).await.expect_err("damaged");
    assert!(matches!(error, DbError::Damaged(_)), "{error:?}");
    let line = error.to_string();
    assert!(line.starts_with("the database is damaged, restore a copy or move it away: "), "{line}");
    assert!(!line.contains('\n'), "{line}");
}

#[tokio::test]
async fn damage_that_a_query_meets_makes_the_service_not_ready() {
    static QUERY: Query = Query::new("notes.count", "SELECT COUNT(*) FROM notes WHERE text LIKE '%x'");
    let (url, _dir) = damaged().await;
    let pool = migrate::open(&url, "catalog", &options(1)).await.expect("its first page is whole");
    let db = Db::new(pool, Arc::new(Bare));
    let count: Result<i64, DbError> = db
        .run(&QUERY, async |conn| {
            on_either!(conn, |c| Ok(sqlx::query_scalar(QUERY.text).fetch_one(&mut **c).await?))
        })
        .await;
    assert!(matches!(count, Err(DbError::Damaged(_))), "{count:?}");
    assert!(db.was_damaged_within(Duration::from_secs(60)));
    assert_eq!(Probe::new(db, Service::Catalog).condition().await, Condition::Damaged);
}
