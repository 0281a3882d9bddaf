//! A full database fails what is written while it is full, and nothing after that.

use futures_util::future::FutureExt;

use super::scene::{fill, insert, open, rows, run};
use crate::{
    kernel::{
        db::{Db, DbError, Query},
        error::{Error, Kind},
    },
    on_either,
};

const LARGE: usize = 100_000;

async fn all_is_well(db: &Db) {
    let before = rows(db).await;
    for id in 0..15 {
        insert(db, 1_000 + id, 10).await.expect("there is room");
    }
    assert_eq!(rows(db).await, before + 15);
}

#[tokio::test]
async fn what_is_written_after_a_full_disk_is_written() {
    let (db, _dir) = open(1).await;
    fill(&db).await;
    let error = insert(&db, 1, LARGE).await.expect_err("there is no room");
    assert!(matches!(&error, DbError::Full(why) if why.contains("full")), "the first error: {error:?}");
    let error = Error::from(error);
    assert_eq!((error.kind(), error.kind().status().as_u16()), (Kind::DatabaseFull, 503));
    all_is_well(&db).await;
}

#[tokio::test]
async fn a_transaction_given_up_on_a_full_disk_leaves_nothing_in_the_pool() {
    static QUERY: Query = Query::new("notes.insert", "");
    let (db, _dir) = open(1).await;
    fill(&db).await;
    let given_up = db.transact(&QUERY, async |conn| {
        let text = "x".repeat(LARGE);
        let written = on_either!(conn, |c| sqlx::query("INSERT INTO notes (id, text) VALUES (1, $1)")
            .bind(&text)
            .execute(&mut **c)
            .await
            .map(drop));
        written.expect_err("there is no room");
        // The customer leaves here.
        std::future::pending::<Result<(), DbError>>().await
    });
    let mut given_up = Box::pin(given_up);
    let left = tokio::time::timeout(std::time::Duration::from_millis(300), &mut given_up).await;
    assert!(left.is_err() && given_up.as_mut().now_or_never().is_none());
    drop(given_up);
    all_is_well(&db).await;
}

#[tokio::test]
async fn a_query_outside_of_a_transaction_meets_a_full_disk_and_the_next_does_not() {
    static QUERY: Query = Query::new("notes.insert", "INSERT INTO notes (id, text) VALUES (1, $1)");
    let (db, _dir) = open(1).await;
    fill(&db).await;
    let text = "x".repeat(LARGE);
    let outcome = db
        .run(&QUERY, async |conn| {
            on_either!(conn, |c| sqlx::query(QUERY.text).bind(&text).execute(&mut **c).await.map(drop)?);
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Err(DbError::Full(_))), "{outcome:?}");
    all_is_well(&db).await;
}

#[tokio::test]
async fn a_commit_that_fails_is_an_error_and_leaves_nothing_behind() {
    static QUERY: Query = Query::new("lines.insert", "INSERT INTO lines (id, note) VALUES (1, 77)");
    let (db, _dir) = open(1).await;
    let table = "CREATE TABLE lines (id BIGINT PRIMARY KEY, \
                 note BIGINT REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)";
    run(&db, table.to_owned()).await;
    let outcome = db
        .transact(&QUERY, async |conn| {
            on_either!(conn, |c| sqlx::query(QUERY.text).execute(&mut **c).await.map(drop)?);
            Ok(())
        })
        .await;
    assert!(matches!(&outcome, Err(DbError::Other(why)) if why.contains("FOREIGN KEY")), "{outcome:?}");
    all_is_well(&db).await;
}
