//! Readiness says what it has tried.

use std::time::Duration;

use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::scene::{fill, open, run};
use crate::{
    kernel::{db::Db, health::Health, service::Service},
    on_either,
};

/// Longer than an answer holds.
const STALE: Duration = Duration::from_millis(1100);

struct Asked(axum::Router);

impl Asked {
    fn of(db: &Db) -> Self {
        Asked(Health::new(Service::Catalog, Some(db.clone()), None).router())
    }

    /// The status, and the word for the database.
    async fn get(&self, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = self.0.clone().oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        (status, body["database"].as_str().unwrap_or_default().to_owned())
    }
}

fn is(status: u16, word: &str) -> (u16, String) {
    (status, word.to_owned())
}

#[tokio::test]
async fn a_service_whose_database_is_full_is_not_ready_until_there_is_room() {
    let (db, _dir) = open(1).await;
    let asked = Asked::of(&db);
    assert_eq!(asked.get("/ready").await, is(200, "up"));
    fill(&db).await;
    tokio::time::sleep(STALE).await;
    assert_eq!(asked.get("/ready").await, is(503, "full"));
    assert_eq!(asked.get("/health").await, is(200, "full"), "it lives all the same");
    // The connection that met it was closed; the next one has room.
    tokio::time::sleep(STALE).await;
    assert_eq!(asked.get("/ready").await, is(200, "up"));
}

#[tokio::test]
async fn a_service_whose_database_takes_no_writes_is_not_ready_until_it_does() {
    let (db, _dir) = open(1).await;
    let asked = Asked::of(&db);
    run(&db, "PRAGMA query_only = ON".to_owned()).await;
    assert_eq!(asked.get("/ready").await, is(503, "read-only"));
    run(&db, "PRAGMA query_only = OFF".to_owned()).await;
    tokio::time::sleep(STALE).await;
    assert_eq!(asked.get("/ready").await, is(200, "up"));
}

#[tokio::test]
async fn a_busy_database_is_not_away() {
    let (db, _dir) = open(2).await;
    let mut writer = db.pool().acquire().await.expect("a connection");
    let locked =
        on_either!(writer.conn(), |c| sqlx::query("BEGIN IMMEDIATE").execute(&mut *c).await.map(drop));
    locked.expect("locked");
    assert_eq!(Asked::of(&db).get("/ready").await, is(200, "up"), "somebody else writes");
    let _reader = db.pool().acquire().await.expect("a connection");
    assert_eq!(Asked::of(&db).get("/ready").await, is(200, "up"), "every connection is in use");
}

#[tokio::test]
async fn readiness_writes_once_a_second_however_often_it_is_asked() {
    let (db, _dir) = open(2).await;
    run(&db, "CREATE TABLE written (at TEXT)".to_owned()).await;
    let count = "CREATE TRIGGER count AFTER INSERT ON catalog_probe \
                 BEGIN INSERT INTO written VALUES (''); END";
    run(&db, count.to_owned()).await;
    let asked = Asked::of(&db);
    let begun = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(asked.get("/ready").await.0, 200);
    }
    let most = begun.elapsed().as_secs() + 1;
    let mut held = db.pool().acquire().await.expect("a connection");
    let written: Result<i64, _> =
        on_either!(held.conn(), |c| sqlx::query_scalar("SELECT COUNT(*) FROM written")
            .fetch_one(&mut *c)
            .await);
    let written = written.expect("a count").cast_unsigned();
    assert!((1..=most).contains(&written), "{written} writes, at most {most}");
    let left: Result<i64, _> =
        on_either!(held.conn(), |c| sqlx::query_scalar("SELECT COUNT(*) FROM catalog_probe")
            .fetch_one(&mut *c)
            .await);
    assert_eq!(left.expect("a count"), 0, "nothing is left");
}
