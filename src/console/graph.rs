//! The service graph in the built-in store.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    desk::Desk,
    wanted::{Asked, Unanswered, Wanted, number},
};
use crate::{kernel::error::Result, store::graph::answer::Graph};

const SECONDS: u64 = 60;
/// As long as calls are kept.
const MOST_SECONDS: u64 = 900;

/// Over which time.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct GraphWanted {
    /// The last so many seconds, in slots of ten; 60 unless it is said.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 900)]
    seconds: Option<String>,
}

impl Asked for GraphWanted {}

/// Who calls whom, how often, how fast, and with how many failures
#[utoipa::path(get, path = "/api/graph", tag = "store", operation_id = "read_graph", params(GraphWanted),
    responses((status = 200, description = "Services, databases and caches, and the calls between them",
        body = Graph), Unanswered))]
pub async fn graph(
    State(desk): State<Arc<Desk>>,
    Wanted(wanted): Wanted<GraphWanted>,
) -> Result<Json<Graph>> {
    let seconds = number("seconds", wanted.seconds.as_deref(), SECONDS, MOST_SECONDS)?;
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    desk.console.asked(move |store| store.graph(seconds)).await.map(Json)
}
