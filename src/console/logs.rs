//! Log lines in the built-in store.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    desk::Desk,
    wanted::{Asked, Unanswered, Wanted, id, number, since_ms},
};
use crate::{
    kernel::error::{Error, Result},
    store::logs::{line::Level, ring},
};

const LINES: u64 = 100;
const MOST_LINES: u64 = 1_000;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LogsWanted {
    /// 32 hexadecimal digits.
    #[param(pattern = "^[0-9a-fA-F]{32}$")]
    trace_id: Option<String>,
    /// 16 hexadecimal digits.
    #[param(pattern = "^[0-9a-fA-F]{16}$")]
    span_id: Option<String>,
    #[param(min_length = 1)]
    service: Option<String>,
    /// This level or a worse one: `trace`, `debug`, `info`, `warn` or `error`.
    #[param(pattern = "^(trace|debug|info|warn|error)$")]
    level: Option<String>,
    /// Stands somewhere in the line, in capitals or not.
    #[param(min_length = 1)]
    text: Option<String>,
    /// Of the last so many seconds.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 86400)]
    seconds: Option<String>,
    /// So many of the newest; 100 unless it is said.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

impl Asked for LogsWanted {}

/// Recent log lines in the order of time
#[utoipa::path(get, path = "/api/logs", tag = "store", operation_id = "list_logs", params(LogsWanted),
    responses((status = 200, description = "The newest that fit, each as it stands on standard output: `timestamp \
        level service message trace_id span_id`, and what else there was to say", body = Vec<Object>), Unanswered))]
pub async fn list(State(desk): State<Arc<Desk>>, Wanted(wanted): Wanted<LogsWanted>) -> Result<Response> {
    let limit = number("limit", wanted.limit.as_deref(), LINES, MOST_LINES)?;
    let level = wanted.level.as_deref().map(|level| {
        let unknown = |()| Error::invalid("level", "expected trace, debug, info, warn or error");
        level.parse::<Level>().map_err(unknown)
    });
    let wanted = ring::Wanted {
        since_ns: since_ms(wanted.seconds.as_deref())?.unsigned_abs() * 1_000_000,
        trace_id: wanted.trace_id.as_deref().map(|text| id("trace_id", text)).transpose()?,
        span_id: wanted.span_id.as_deref().map(|text| id("span_id", text)).transpose()?,
        level: level.transpose()?,
        service: wanted.service,
        text: wanted.text,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let lines = desk.console.asked(move |store| store.lines(&wanted)).await?;
    // Each line is a JSON object already.
    let body = format!("[{}]", lines.join(","));
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
