//! The two switches of a presenter: normal and Black Friday; and the way out of everything.

use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answers::{self, Changed, Refusals},
    body::Body,
    desk::Desk,
};
use crate::{kernel::error::Result, scenario::control::Command};

/// What is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Normal,
    Blackfriday,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Mode::Normal => "normal",
            Mode::Blackfriday => "blackfriday",
        }
    }

    /// A mode is a scenario of that name.
    fn command(self) -> Command {
        Command::Start { name: self.name().to_owned(), seed: None }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModeBody {
    mode: Mode,
}

/// The answer that this call has always had.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemoMode {
    /// Always `ok`.
    status: &'static str,
    mode: Mode,
}

/// Switch between a normal evening and Black Friday
#[utoipa::path(post, path = "/api/mode", tag = "modes", operation_id = "switch_mode", request_body = ModeBody,
    responses((status = 200, description = "It runs", body = Changed), Refusals))]
pub async fn switch(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Body(body): Body<ModeBody>,
) -> Result<Json<Changed>> {
    answers::change(&desk, &headers, body.mode.command()).await.map(Json)
}

/// The same, under the address and with the answer it is known by
#[utoipa::path(
    post, path = "/admin/demo-mode", tag = "modes", operation_id = "demo_mode", request_body = ModeBody,
    responses((status = 200, description = "It runs", body = DemoMode), Refusals))]
pub async fn demo_mode(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Body(body): Body<ModeBody>,
) -> Result<Json<DemoMode>> {
    answers::change(&desk, &headers, body.mode.command()).await?;
    Ok(Json(DemoMode { status: "ok", mode: body.mode }))
}

/// No faults at all, normal load, at once
#[utoipa::path(post, path = "/api/calm", tag = "modes", operation_id = "calm",
    responses((status = 200, description = "All is calm", body = Changed), Refusals))]
pub async fn calm(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Result<Json<Changed>> {
    answers::change(&desk, &headers, Command::Calm).await.map(Json)
}
