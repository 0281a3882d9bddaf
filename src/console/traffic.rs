//! More shoppers for a while, on top of what runs.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answers::{self, Refusals},
    body::Body,
    desk::Desk,
};
use crate::{kernel::error::Result, scenario::control::Command};

/// So many requests a minute for so long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrafficBody {
    #[schema(minimum = 1, maximum = 3600)]
    duration_seconds: u64,
    #[schema(exclusive_minimum = 0, maximum = 60000)]
    requests_per_minute: f64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TrafficStarted {
    /// Always `started`.
    status: &'static str,
    duration_seconds: u64,
    requests_per_minute: f64,
}

/// Send more shoppers for a while, on top of what runs
#[utoipa::path(
    post, path = "/admin/generate-traffic", tag = "modes",
    operation_id = "generate_traffic", request_body = TrafficBody,
    responses((status = 202, description = "They come", body = TrafficStarted), Refusals))]
pub async fn generate(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Body(body): Body<TrafficBody>,
) -> Result<(StatusCode, Json<TrafficStarted>)> {
    let TrafficBody { duration_seconds, requests_per_minute } = body;
    let surge = Command::Surge { seconds: duration_seconds, requests_per_minute };
    answers::ask(&desk, &headers, surge).await?;
    let started = TrafficStarted { status: "started", duration_seconds, requests_per_minute };
    Ok((StatusCode::ACCEPTED, Json(started)))
}
