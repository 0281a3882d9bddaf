//! The built-in store itself: whether it is there, and how full it is.

use std::sync::Arc;

use axum::{Json, extract::State};

use super::{desk::Desk, wanted::Unanswered};
use crate::{kernel::error::Result, store::fill::Fill};

/// How full the built-in store is
#[utoipa::path(get, path = "/api/store", tag = "store", operation_id = "read_store",
    responses((status = 200, description = "What each part holds, and what it had to let go", body = Fill),
        Unanswered))]
pub async fn fill(State(desk): State<Arc<Desk>>) -> Result<Json<Fill>> {
    desk.console.asked(|store| store.fill()).await.map(Json)
}
