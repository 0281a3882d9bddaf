//! Traces in the built-in store.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    answers::Refusals,
    desk::Desk,
    wanted::{Asked, MOST_SECONDS, Pair, Unanswered, Wanted, id, number, pairs, since_ms},
};
use crate::{
    kernel::{
        clock,
        error::{Error, Kind, Result},
        extract::Path,
    },
    store::traces::{
        search,
        search::Summary,
        shelf::{MOST_PINNED, Pinned},
        tree::Tree,
    },
};

const TRACES: u64 = 50;
const MOST_TRACES: u64 = 500;
/// The longest that may be asked for, in milliseconds: an hour.
const LONGEST_MS: u64 = 3_600_000;

/// What is looked for. `service`, `route` and `attribute` must hold for one span together.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TracesWanted {
    #[param(min_length = 1)]
    service: Option<String>,
    /// A route's template, such as `/cart/add`.
    #[param(min_length = 1)]
    route: Option<String>,
    /// Whether any span of it failed.
    #[param(value_type = Option<String>, pattern = "^(ok|error)$")]
    status: Option<Ended>,
    /// It took at least so long.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 3600000)]
    min_duration_ms: Option<String>,
    /// An attribute of the span or its resource, as `key=value`; several must all hold.
    #[serde(default)]
    #[param(inline, value_type = Vec<Pair>)]
    attribute: Vec<String>,
    /// It began within the last so many seconds.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 86400)]
    seconds: Option<String>,
    /// It ended at least so many seconds ago.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 86400)]
    ended_seconds_ago: Option<String>,
    /// So many; 50 unless it is said.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    limit: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ended {
    Ok,
    Error,
}

impl Asked for TracesWanted {
    const REPEATED: &'static [&'static str] = &["attribute"];
}

/// Recent traces, newest first
#[utoipa::path(get, path = "/api/traces", tag = "store", operation_id = "list_traces", params(TracesWanted),
    responses((status = 200, description = "Those that fit", body = Vec<Summary>), Unanswered))]
pub async fn list(
    State(desk): State<Arc<Desk>>,
    Wanted(wanted): Wanted<TracesWanted>,
) -> Result<Json<Vec<Summary>>> {
    let limit = number("limit", wanted.limit.as_deref(), TRACES, MOST_TRACES)?;
    let min_duration_ms = number("min_duration_ms", wanted.min_duration_ms.as_deref(), 0, LONGEST_MS)?;
    let wanted = search::Wanted {
        since_ns: since_ms(wanted.seconds.as_deref())?.unsigned_abs() * 1_000_000,
        until_ns: ended_before_ns(wanted.ended_seconds_ago.as_deref())?,
        has_errors: wanted.status.map(|status| status == Ended::Error),
        min_duration_ns: min_duration_ms * 1_000_000,
        attributes: pairs("attribute", &wanted.attribute)?,
        service: wanted.service,
        route: wanted.route,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
    };
    desk.console.asked(move |store| store.traces(&wanted)).await.map(Json)
}

/// The moment before which a trace has to have ended, if it has to.
fn ended_before_ns(text: Option<&str>) -> Result<Option<u64>> {
    if text.is_none() {
        return Ok(None);
    }
    let millis = number("ended_seconds_ago", text, 0, MOST_SECONDS)? * 1_000;
    Ok(Some(clock::now_millis().unsigned_abs().saturating_sub(millis) * 1_000_000))
}

/// One trace as a tree
#[utoipa::path(get, path = "/api/traces/{id}", tag = "store", operation_id = "read_trace",
    params(("id" = String, Path, description = "The trace's id: 32 hexadecimal digits", pattern = "^[0-9a-fA-F]{32}$")),
    responses((status = 200, description = "All of its spans that are here", body = Tree), Unanswered))]
pub async fn show(State(desk): State<Arc<Desk>>, Path(text): Path<String>) -> Result<Json<Tree>> {
    let id = id("id", &text)?;
    let found = desk.console.asked(move |store| store.trace(&id)).await?;
    found.map(Json).ok_or_else(gone)
}

/// Keep a trace until it is unpinned
///
/// However full the store becomes. Up to 50 traces may be pinned, and they may take a tenth of the room for traces.
#[utoipa::path(put, path = "/api/traces/{id}/pin", tag = "store", operation_id = "pin_trace",
    params(("id" = String, Path, description = "The trace's id: 32 hexadecimal digits", pattern = "^[0-9a-fA-F]{32}$")),
    responses((status = 201, description = "It is pinned"), (status = 204, description = "It was pinned already"),
        Refusals))]
pub async fn pin(State(desk): State<Arc<Desk>>, Path(text): Path<String>) -> Result<StatusCode> {
    let id = id("id", &text)?;
    match desk.console.asked(move |store| store.pin(&id)).await? {
        Pinned::Now => Ok(StatusCode::CREATED),
        Pinned::Already => Ok(StatusCode::NO_CONTENT),
        Pinned::Gone => Err(gone()),
        Pinned::TooMany => {
            let detail = format!("{MOST_PINNED} traces are pinned already; unpin one of them first");
            Err(Error::new(Kind::Conflict, detail))
        }
        Pinned::TooLarge => {
            let detail = "the pinned traces would take more than a tenth of the room for traces; unpin one of them \
                          first, or start the lab with a larger --store-mb";
            Err(Error::new(Kind::Conflict, detail))
        }
    }
}

/// Unpin a trace
#[utoipa::path(delete, path = "/api/traces/{id}/pin", tag = "store", operation_id = "unpin_trace",
    params(("id" = String, Path, description = "The trace's id: 32 hexadecimal digits", pattern = "^[0-9a-fA-F]{32}$")),
    responses((status = 204, description = "It is not pinned any more"), Refusals))]
pub async fn unpin(State(desk): State<Arc<Desk>>, Path(text): Path<String>) -> Result<StatusCode> {
    let id = id("id", &text)?;
    match desk.console.asked(move |store| store.unpin(&id)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Error::not_found("this trace is not pinned")),
    }
}

fn gone() -> Error {
    Error::not_found(
        "no such trace is in the store: it may be too old, not have come yet, or not have been sampled",
    )
}
