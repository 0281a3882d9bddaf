//! Scenarios: which there are, what they say, and their start, stop and course.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    answers::{self, Changed, Refusals},
    body::{Body, Optional},
    desk::Desk,
};
use crate::{
    kernel::{
        error::{Error, Result},
        extract::Path,
        problem::Problem,
    },
    scenario::{control::Command, library::Listing, spec::Spec},
};

/// The media type of a scenario's file (RFC 9512).
const YAML: &str = "application/yaml";

/// The largest number that every reader of JSON keeps exactly.
const MOST_SEED: u64 = (1 << 53) - 1;

/// How a scenario is started; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartBody {
    /// What draws and visits follow from; left out, the file's own.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    seed: Option<u64>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JumpBody {
    /// A phase of the scenario that runs.
    phase: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpeedBody {
    /// How many times as fast its time runs.
    #[schema(examples(2.0), minimum = 0.1, maximum = 100)]
    factor: f64,
}

/// The scenarios that can be started
#[utoipa::path(get, path = "/api/scenarios", tag = "scenarios", operation_id = "list_scenarios",
    responses((status = 200, description = "All of them", body = Vec<Listing>)))]
pub async fn list(State(desk): State<Arc<Desk>>) -> Json<Vec<Listing>> {
    Json(desk.console.scenarios.list())
}

/// A scenario as its file says it: as JSON, or with `Accept: application/yaml` the file's own text
#[utoipa::path(get, path = "/api/scenarios/{name}", tag = "scenarios", operation_id = "show_scenario",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The scenario", content((Spec = "application/json"), (String = "application/yaml"))),
        (status = 404, description = "There is none of that name", body = Problem,
            content_type = "application/problem+json")))]
pub async fn show(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let shelf = &desk.console.scenarios;
    let Some((spec, text)) = shelf.get(&name).zip(shelf.source(&name)) else {
        return Err(Error::not_found(shelf.unknown(&name)));
    };
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(match accepts.contains("yaml") {
        true => ([(header::CONTENT_TYPE, YAML)], text).into_response(),
        false => Json(&*spec).into_response(),
    })
}

/// Start a scenario in place of the one that runs
#[utoipa::path(post, path = "/api/scenarios/{name}/start", tag = "scenarios", operation_id = "start_scenario",
    params(("name" = String, Path, description = "Its name")), request_body = Option<StartBody>,
    responses((status = 200, description = "It runs", body = Changed), Refusals))]
pub async fn start(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Optional(body): Optional<StartBody>,
) -> Result<Json<Changed>> {
    if body.seed.is_some_and(|seed| seed > MOST_SEED) {
        return Err(Error::invalid("seed", format!("expected a whole number up to {MOST_SEED}")));
    }
    let command = Command::Start { name, seed: body.seed };
    answers::change(&desk, &headers, command).await.map(Json)
}

/// End the scenario; `normal` runs again
#[utoipa::path(post, path = "/api/scenarios/stop", tag = "scenarios", operation_id = "stop_scenario",
    responses((status = 200, description = "It has ended", body = Changed), Refusals))]
pub async fn stop(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Result<Json<Changed>> {
    answers::change(&desk, &headers, Command::Stop).await.map(Json)
}

/// Let the scenario's time stand still; faults and load stay as they are
#[utoipa::path(post, path = "/api/scenarios/pause", tag = "scenarios", operation_id = "pause_scenario",
    responses((status = 200, description = "It stands still", body = Changed), Refusals))]
pub async fn pause(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Result<Json<Changed>> {
    answers::change(&desk, &headers, Command::Pause).await.map(Json)
}

/// Let the scenario's time go on
#[utoipa::path(post, path = "/api/scenarios/resume", tag = "scenarios", operation_id = "resume_scenario",
    responses((status = 200, description = "It goes on", body = Changed), Refusals))]
pub async fn resume(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Result<Json<Changed>> {
    answers::change(&desk, &headers, Command::Resume).await.map(Json)
}

/// Go to the beginning of a phase
#[utoipa::path(
    post, path = "/api/scenarios/jump", tag = "scenarios",
    operation_id = "jump_to_phase", request_body = JumpBody,
    responses((status = 200, description = "It is there", body = Changed), Refusals))]
pub async fn jump(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Body(body): Body<JumpBody>,
) -> Result<Json<Changed>> {
    let command = Command::Jump { phase: body.phase };
    answers::change(&desk, &headers, command).await.map(Json)
}

/// Let the scenario's time run so many times as fast
#[utoipa::path(
    post, path = "/api/scenarios/speed", tag = "scenarios",
    operation_id = "set_speed", request_body = SpeedBody,
    responses((status = 200, description = "It runs so fast", body = Changed), Refusals))]
pub async fn speed(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Body(body): Body<SpeedBody>,
) -> Result<Json<Changed>> {
    let command = Command::Speed { factor: body.factor };
    answers::change(&desk, &headers, command).await.map(Json)
}
