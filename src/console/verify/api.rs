//! What is asked of `verify`: begin, look, end.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    play::{self, Wanted},
    record::{VerifyNow, VerifyState},
};
use crate::{
    console::{
        answers::{self, Refusals},
        body::Body,
        desk::Desk,
    },
    kernel::{
        error::{Error, Kind, Result},
        outside::Place,
    },
    scenario::control::Command,
};

/// Scenarios that may be asked for at once.
const MOST_SCENARIOS: usize = 30;

/// What is to be verified.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBody {
    /// Their names, in order; each must promise something.
    #[schema(min_items = 1, max_items = 30)]
    scenarios: Vec<String>,
    /// Go on to the next phase as soon as all that the one before promises has been seen.
    #[serde(default)]
    hurry: bool,
}

/// The verification that runs, or ran last
#[utoipa::path(get, path = "/api/verify", tag = "alerts", operation_id = "read_verify",
    responses((status = 200, description = "What has happened, and the verdicts so far", body = VerifyNow)))]
pub async fn read(State(desk): State<Arc<Desk>>) -> Json<VerifyNow> {
    Json(desk.verifying.now())
}

/// Play scenarios on this lab, and judge what they promise
///
/// It takes the stage: what runs now ends, and whoever changes something meanwhile disturbs it. Each step comes as the
/// event `verify` (`VerifyStep`).
#[utoipa::path(post, path = "/api/verify", tag = "alerts", operation_id = "verify", request_body = VerifyBody,
    responses((status = 202, description = "It has begun", body = VerifyNow), Refusals))]
pub async fn begin(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Body(body): Body<VerifyBody>,
) -> Result<(StatusCode, Json<VerifyNow>)> {
    if !(1..=MOST_SCENARIOS).contains(&body.scenarios.len()) {
        return Err(Error::invalid("scenarios", format!("expected 1 to {MOST_SCENARIOS} names")));
    }
    let shelf = &desk.console.scenarios;
    let mut scenarios = Vec::with_capacity(body.scenarios.len());
    for name in &body.scenarios {
        let spec = shelf.get(name).ok_or_else(|| Error::not_found(shelf.unknown(name)))?;
        if spec.expect.is_empty() {
            return Err(Error::invalid("scenarios", format!("{name} promises nothing")));
        }
        scenarios.push(spec);
    }
    if desk.console.exercises.incident().is_some() {
        return Err(Error::new(Kind::Conflict, "an exercise has the stage"));
    }
    let place = desk.console.services.iter().find(|place| place.service == "lab");
    let place = place.map(|place| Place::new("the lab", &place.url));
    let lab = place.and_then(|place| place.ok());
    let lab = lab.ok_or_else(|| Error::new(Kind::Internal, "the lab does not know its own address"))?;
    if !desk.verifying.begin(body.scenarios, body.hurry) {
        return Err(Error::new(Kind::Conflict, "one is under way already"));
    }
    // Whoever may ask this may do what it does.
    let token = headers.get(header::AUTHORIZATION).cloned();
    let wanted = Wanted { scenarios, hurry: body.hurry, lab, token };
    let task = tokio::spawn(play::play(desk.weak(), desk.verifying.clone(), wanted));
    desk.verifying.is_played_by(task.abort_handle());
    Ok((StatusCode::ACCEPTED, Json(desk.verifying.now())))
}

/// End the verification; `normal` runs again
#[utoipa::path(delete, path = "/api/verify", tag = "alerts", operation_id = "end_verify",
    responses((status = 200, description = "It has ended, or none ran", body = VerifyNow), Refusals))]
pub async fn end(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Result<Json<VerifyNow>> {
    if let Some(step) = desk.verifying.end(VerifyState::Ended, None) {
        play::tell(&desk.weak(), &step);
        answers::ask(&desk, &headers, Command::Stop).await?;
    }
    Ok(Json(desk.verifying.now()))
}
