//! What the control address answers.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::guard;
use crate::{
    kernel::{
        error::{Error, Result},
        extract::{self, BODY_LIMIT_BYTES},
        strangers,
    },
    load::run::Shoppers,
};

/// What the console is given to show. `metrics` and `telemetry` are asked anew for each answer.
#[derive(Clone)]
pub struct Console {
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub metrics_type: &'static str,
    pub telemetry: Arc<dyn Fn() -> Value + Send + Sync>,
    pub shoppers: Arc<Shoppers>,
    pub services: Arc<[Place]>,
    pub seed: u64,
}

/// Where a service is.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    pub service: &'static str,
    pub url: String,
    pub third_party: bool,
}

/// The longest surge that may be asked for, and the most requests a minute it may bring.
const SURGE_SECONDS: u64 = 3600;
const SURGE_PER_MINUTE: f64 = 60_000.0;

pub fn router(console: Console) -> Router {
    let known = Router::new()
        .route("/", get(index))
        .route("/metrics", get(metrics))
        .route("/api/state", get(state))
        .route("/admin/generate-traffic", post(generate_traffic));
    strangers::answered(known)
        .with_state(console)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(middleware::from_fn(guard::same_site))
}

async fn index(State(console): State<Console>) -> Html<String> {
    let shop = console.services.iter().find(|place| place.service == "storefront");
    let shop = shop.map(|place| place.url.as_str()).unwrap_or_default();
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>doorbuster</title>\
         <h1>doorbuster</h1><p>The shop is open at <a href=\"{shop}/\">{shop}</a>.</p>\
         <ul><li><a href=\"/metrics\">/metrics</a>: measurements of all services, as OpenMetrics\
         <li><a href=\"/api/state\">/api/state</a>: shoppers, telemetry, addresses, as JSON</ul>"
    ))
}

async fn metrics(State(console): State<Console>) -> Response {
    ([(header::CONTENT_TYPE, console.metrics_type)], (console.metrics)()).into_response()
}

async fn state(State(console): State<Console>) -> Json<Value> {
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "seed": console.seed,
        "services": &*console.services,
        "shoppers": console.shoppers.tally(),
        "telemetry": (console.telemetry)(),
    }))
}

/// The body of `POST /admin/generate-traffic`: so many requests a minute on top of what runs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Surge {
    duration_seconds: u64,
    requests_per_minute: f64,
}

async fn generate_traffic(
    State(console): State<Console>,
    extract::Json(surge): extract::Json<Surge>,
) -> Result<(StatusCode, Json<Value>)> {
    if !(1..=SURGE_SECONDS).contains(&surge.duration_seconds) {
        return Err(Error::invalid("duration_seconds", format!("expected 1 to {SURGE_SECONDS}")));
    }
    if !(surge.requests_per_minute > 0.0 && surge.requests_per_minute <= SURGE_PER_MINUTE) {
        let detail = format!("expected more than 0 and at most {SURGE_PER_MINUTE}");
        return Err(Error::invalid("requests_per_minute", detail));
    }
    let duration = Duration::from_secs(surge.duration_seconds);
    console
        .shoppers
        .surge(duration, surge.requests_per_minute)
        .map_err(|error| Error::invalid("requests_per_minute", error.to_string()))?;
    let body = json!({
        "status": "started",
        "duration_seconds": surge.duration_seconds,
        "requests_per_minute": surge.requests_per_minute,
    });
    Ok((StatusCode::ACCEPTED, Json(body)))
}
