//! Liveness and readiness, the same for every service.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde_json::{Value, json};

use super::{
    cache::Cache,
    clock,
    db::Db,
    probe::{Condition, Probe},
    service::Service,
};

/// How long a cache may take to show that it is there, and how long liveness waits for the database's answer: whoever is
/// slow to say it lives is restarted.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long readiness waits; the database's own time-outs are over before.
const READY_PATIENCE: Duration = Duration::from_secs(3);

/// What a service's health depends on. Asked past the seams: health must not be a shopper's traffic.
#[derive(Clone)]
pub struct Health {
    pub service: Service,
    database: Option<Probe>,
    pub cache: Option<Cache>,
    draining: Arc<AtomicBool>,
}

impl Health {
    pub fn new(service: Service, database: Option<Db>, cache: Option<Cache>) -> Self {
        let database = database.map(|db| Probe::new(db, service));
        Health { service, database, cache, draining: Arc::default() }
    }

    /// From now on the service is not ready: it finishes what it has and takes nothing new.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// `/health` and `/ready`, and `/healthz` where it is known under that name.
    pub fn router(self) -> Router {
        let router = Router::new().route("/health", get(health)).route("/ready", get(ready));
        let router =
            if self.service == Service::Storefront { router.route("/healthz", get(health)) } else { router };
        router.with_state(self)
    }

    /// What is known within `patience`, and whether the service may have requests.
    async fn report(&self, patience: Duration) -> (bool, Value) {
        let mut is_ready = !self.is_draining();
        let mut body = json!({
            "status": if is_ready { "ok" } else { "draining" },
            "service": self.service.name(),
            "timestamp": clock::now(),
        });
        if let Some(database) = &self.database {
            let condition = tokio::time::timeout(patience, database.condition()).await;
            is_ready &= matches!(condition, Ok(Condition::Up));
            body["database"] = condition.map_or("busy", Condition::name).into();
        }
        if let Some(cache) = &self.cache {
            let up = tokio::time::timeout(PATIENCE, cache.is_up()).await.unwrap_or(false);
            body["cache"] = json!({ "system": cache.system(), "state": if up { "up" } else { "down" } });
        }
        (is_ready, body)
    }
}

/// 200 for as long as the process serves.
async fn health(State(health): State<Health>) -> Json<Value> {
    Json(health.report(PATIENCE).await.1)
}

/// 503 while draining or while the database takes no writes. A cache that is away has a fallback, so it does not count.
async fn ready(State(health): State<Health>) -> (StatusCode, Json<Value>) {
    let (is_ready, body) = health.report(READY_PATIENCE).await;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body))
}
