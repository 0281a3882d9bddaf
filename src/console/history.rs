//! The last minutes, for a page that has just been loaded.

use std::sync::Arc;

use axum::{Json, extract::State};

use super::{desk::Desk, vitals::Vitals};

/// The vitals of the last five minutes, a second each, the oldest first
#[utoipa::path(get, path = "/api/vitals", tag = "state", operation_id = "list_vitals",
    responses((status = 200, description = "What the event `vitals` said", body = Vec<Vitals>)))]
pub async fn vitals(State(desk): State<Arc<Desk>>) -> Json<Vec<Vitals>> {
    Json(desk.recent.list())
}
