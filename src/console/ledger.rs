//! The ledger: who or what changed which fault when, and what it did.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::desk::Desk;
use crate::{
    chaos::ledger,
    kernel::{
        clock,
        error::{Error, Kind, Result},
        extract::Query,
        problem::Problem,
    },
};

const JSON_LINES: &str = "application/x-ndjson";
/// Lines that are answered unless fewer are asked for.
const MOST_LINES: usize = 10_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Only lines about the fault of this id.
    fault: Option<String>,
    /// Lines too about the faults that go on underneath every scenario.
    #[serde(default)]
    baseline: bool,
    /// So many of the newest lines; 10000 unless fewer are asked for.
    #[param(minimum = 0, maximum = 10000)]
    limit: Option<usize>,
}

/// The newest lines of the ledger, oldest first, each a JSON object
#[utoipa::path(get, path = "/api/ledger", tag = "faults", operation_id = "read_ledger", params(Wanted),
    responses(
        (status = 200, description = "A line of JSON each", body = String, content_type = "application/x-ndjson"),
        (status = 422, description = "The query string is wrong", body = Problem,
            content_type = "application/problem+json"),
        (status = 500, description = "The ledger cannot be read", body = Problem,
            content_type = "application/problem+json")))]
pub async fn lines(State(desk): State<Arc<Desk>>, Query(wanted): Query<Wanted>) -> Result<Response> {
    let limit = wanted.limit.unwrap_or(MOST_LINES);
    if limit > MOST_LINES {
        return Err(Error::invalid("limit", format!("expected a whole number up to {MOST_LINES}")));
    }
    let begun_ms = desk.console.exercises.incident().map(|incident| incident.started_ms);
    let book = desk.console.ledger.clone();
    // It may read files: the address must not wait for a disk.
    let read = tokio::task::spawn_blocking(move || {
        let Wanted { fault, baseline, .. } = &wanted;
        book.lines(&ledger::Wanted { fault: fault.as_deref(), baseline: *baseline, limit })
    })
    .await;
    let cannot = || Error::new(Kind::Internal, "the ledger cannot be read");
    let lines =
        read.map_err(|error| cannot().caused_by(error))?.map_err(|error| cannot().caused_by(error))?;
    // What an exercise is about is told when it is over.
    let lines: Vec<String> = match begun_ms {
        Some(begun_ms) => lines.into_iter().filter(|line| is_before(line, begun_ms)).collect(),
        None => lines,
    };
    let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, JSON_LINES)], text).into_response())
}

/// Whether a line was entered before that moment, with a second to spare: the first lines are older than their answer.
fn is_before(line: &str, begun_ms: i64) -> bool {
    #[derive(Deserialize)]
    struct Dated {
        at: String,
    }
    let begun = clock::rfc3339(begun_ms - 1_000);
    serde_json::from_str::<Dated>(line).is_ok_and(|line| line.at < begun)
}
