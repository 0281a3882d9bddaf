//! How the engine's answers become those of the control address.

use axum::http::{HeaderMap, header};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::desk::Desk;
use crate::{
    chaos::setting::Revision,
    kernel::{
        error::{Error, Kind, Result},
        problem::Problem,
    },
    scenario::control::{Command, Done, Refused},
};

/// What the command line's clients call themselves.
pub const COMMAND_LINE: &str = concat!("doorbuster/", env!("CARGO_PKG_VERSION"));

/// How things stand after a command.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Changed {
    /// Always `ok`.
    pub status: &'static str,
    pub mode: String,
    pub scenario: Option<String>,
    pub phase: Option<String>,
    /// What draws follow from.
    pub seed: u64,
    #[schema(value_type = String)]
    pub revision: Revision,
}

/// Asks the engine in the name of whoever sent `headers`.
pub async fn ask(desk: &Desk, headers: &HeaderMap, command: Command) -> Result<Done> {
    desk.console.control.ask(command, asker(headers)).await.map_err(refused)
}

/// The same, and says how things stand then.
pub async fn change(desk: &Desk, headers: &HeaderMap, command: Command) -> Result<Changed> {
    ask(desk, headers, command).await?;
    let status = desk.console.control.status();
    Ok(Changed {
        status: "ok",
        mode: status.mode.clone(),
        scenario: status.scenario.as_ref().map(|running| running.name.clone()),
        phase: status.scenario.as_ref().map(|running| running.phase.clone()),
        seed: status.seed,
        revision: status.revision,
    })
}

/// Who asks, for the ledger.
fn asker(headers: &HeaderMap) -> &'static str {
    let by_us = headers.get(header::USER_AGENT).is_some_and(|agent| agent == COMMAND_LINE);
    match (by_us, headers.contains_key(header::ORIGIN)) {
        (true, _) => "command line",
        (false, true) => "page",
        (false, false) => "api",
    }
}

fn refused(refused: Refused) -> Error {
    match refused {
        Refused::Unknown(text) => Error::not_found(text),
        Refused::Invalid { field, why } => Error::invalid(field, why),
        Refused::NotNow(text) => Error::new(Kind::Conflict, text),
        Refused::Busy => Error::new(Kind::Unavailable, Refused::Busy.to_string()),
    }
}

/// What any call that changes something may answer instead.
#[derive(IntoResponses)]
pub enum Refusals {
    /// The body is no JSON
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(#[to_schema] Problem),
    /// The lab listens beyond this machine, and its token was not sent
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(#[to_schema] Problem),
    /// The call comes from another site's page
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] Problem),
    /// There is nothing of that name; the nearest name is said
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(#[to_schema] Problem),
    /// It makes no sense now
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(#[to_schema] Problem),
    /// The body has more than 64 KiB
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// The body is not `application/json`
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMedia(#[to_schema] Problem),
    /// A field is unknown, missing or out of its range: `field` names it, the nearest right word is said
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(#[to_schema] Problem),
    /// More is asked at once than can be done; `Retry-After` says when to ask again
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(#[to_schema] Problem),
}
