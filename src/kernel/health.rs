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

use super::{cache::Cache, clock, db::Db, service::Service};

/// How long a dependency may take to show that it is there.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a service's health depends on. Asked past the seams: health must not be a shopper's traffic.
#[derive(Clone)]
pub struct Health {
    pub service: Service,
    pub database: Option<Db>,
    pub cache: Option<Cache>,
    draining: Arc<AtomicBool>,
}

impl Health {
    pub fn new(service: Service, database: Option<Db>, cache: Option<Cache>) -> Self {
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
        let router = match self.service {
            Service::Storefront => router.route("/healthz", get(health)),
            _ => router,
        };
        router.with_state(self)
    }

    async fn database_is_up(&self) -> Option<bool> {
        let database = self.database.as_ref()?;
        let acquired = tokio::time::timeout(PATIENCE, database.pool().acquire()).await;
        // An exhausted pool is a busy database, not an absent one.
        Some(match acquired {
            Ok(Ok(_)) | Ok(Err(super::db::DbError::Exhausted)) => true,
            Ok(Err(_)) => false,
            Err(_) => database.pool().size() >= database.pool().max(),
        })
    }

    async fn report(&self) -> Value {
        let word = |up| if up { "up" } else { "down" };
        let mut body = json!({
            "status": if self.is_draining() { "draining" } else { "ok" },
            "service": self.service.name(),
            "timestamp": clock::now(),
        });
        if let Some(up) = self.database_is_up().await {
            body["database"] = word(up).into();
        }
        if let Some(cache) = &self.cache {
            let up = tokio::time::timeout(PATIENCE, cache.is_up()).await.unwrap_or(false);
            body["cache"] = json!({ "system": cache.system(), "state": word(up) });
        }
        body
    }
}

/// 200 for as long as the process serves.
async fn health(State(health): State<Health>) -> Json<Value> {
    Json(health.report().await)
}

/// 503 while draining or while the database is away. A cache that is away has a fallback, so it does not count.
async fn ready(State(health): State<Health>) -> (StatusCode, Json<Value>) {
    let body = health.report().await;
    let ready = !health.is_draining() && body["database"] != "down";
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body))
}
