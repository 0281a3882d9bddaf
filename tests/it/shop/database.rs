//! What comes back to a pool of a real PostgreSQL is sound, or is closed; and readiness writes to it.

use std::{sync::Arc, time::Duration};

use doorbuster::{
    kernel::{
        db::{Bare, Db, DbError, PoolOptions, Query},
        migrate::{self, Schema},
        probe::{Condition, Probe},
        service::Service,
    },
    on_either,
};

use crate::servers::postgres::Postgres;

static SCHEMA: Schema = Schema {
    service: "catalog",
    steps: &[(
        "notes and their lines",
        "CREATE TABLE notes (id BIGINT PRIMARY KEY); \
         CREATE TABLE lines (id BIGINT PRIMARY KEY, \
         note BIGINT REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)",
    )],
};
static LINE: Query = Query::new("lines.insert", "INSERT INTO lines (id, note) VALUES ($1, $2)");
static NOTE: Query = Query::new("notes.insert", "INSERT INTO notes (id) VALUES ($1)");
/// Longer than readiness remembers.
const STALE: Duration = Duration::from_millis(1100);

async fn open() -> (Db, String) {
    let url = Postgres::shared().database();
    // One connection: what becomes of it is what becomes of the service.
    let options = PoolOptions {
        size: 1,
        acquire_timeout: Duration::from_secs(5),
        max_lifetime: Duration::from_secs(3600),
    };
    let pool = migrate::open(&url, "catalog", &options).await.expect("a pool");
    migrate::migrate(&pool, &SCHEMA).await.expect("tables");
    (Db::new(pool, Arc::new(Bare)), url)
}

async fn insert(db: &Db, query: &'static Query, values: &[i64]) -> Result<(), DbError> {
    db.transact(query, async |conn| {
        on_either!(conn, |c| {
            let statement = sqlx::query(query.text);
            let statement = values.iter().fold(statement, |statement, value| statement.bind(*value));
            statement.execute(&mut **c).await.map(drop)?;
        });
        Ok(())
    })
    .await
}

/// The server ends the session that asks for it.
const END_SESSION: &str = "SELECT pg_terminate_backend(pg_backend_pid())";

async fn fifteen_are_written(db: &Db, from: i64) {
    for id in from..from + 15 {
        insert(db, &NOTE, &[id]).await.expect("the next is written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_postgresql_does_not_end_costs_no_later_one() {
    let (db, _) = open().await;

    let refused = insert(&db, &LINE, &[1, 77]).await.expect_err("COMMIT is refused");
    assert!(matches!(&refused, DbError::Other(why) if why.contains("foreign key")), "{refused:?}");
    fifteen_are_written(&db, 0).await;

    let broken = db
        .transact(&NOTE, async |conn| {
            on_either!(conn, |c| sqlx::query(END_SESSION).execute(&mut **c).await.map(drop)?);
            Ok(())
        })
        .await;
    assert!(matches!(broken, Err(DbError::Unavailable(_))), "{broken:?}");
    fifteen_are_written(&db, 100).await;

    // ROLLBACK fails as well; what is reported is why it was wanted.
    let first: Result<(), DbError> = db
        .transact(&NOTE, async |conn| {
            on_either!(conn, |c| drop(sqlx::query(END_SESSION).execute(&mut **c).await));
            Err(DbError::Other("the first error".to_owned()))
        })
        .await;
    assert_eq!(first, Err(DbError::Other("the first error".to_owned())));
    fifteen_are_written(&db, 200).await;

    // COMMIT itself meets a session that is gone.
    let gone = db
        .transact(&NOTE, async |conn| {
            on_either!(conn, |c| drop(sqlx::query(END_SESSION).execute(&mut **c).await));
            Ok(())
        })
        .await;
    assert!(matches!(gone, Err(DbError::Unavailable(_))), "{gone:?}");
    fifteen_are_written(&db, 300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_takes_no_writes_makes_a_service_not_ready_until_it_does() {
    let (db, url) = open().await;
    let probe = Probe::new(db.clone(), Service::Catalog);
    assert_eq!(probe.condition().await, Condition::Up);
    let set = async |value: &str| {
        let mut held = db.pool().acquire().await.expect("a connection");
        let statement = format!("SET default_transaction_read_only = {value}");
        let done = on_either!(held.conn(), |c| sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut *c)
            .await
            .map(drop));
        done.expect("set");
    };
    set("on").await;
    tokio::time::sleep(STALE).await;
    assert_eq!(probe.condition().await, Condition::ReadOnly);
    set("off").await;
    tokio::time::sleep(STALE).await;
    assert_eq!(probe.condition().await, Condition::Up);
    assert_eq!(Postgres::shared().query(&url, "SELECT COUNT(*) FROM catalog_probe"), "0");
}
