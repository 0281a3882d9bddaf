//! Metrics in the built-in store.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    desk::Desk,
    wanted::{Asked, Pair, Unanswered, Wanted, number, pairs, since_ms},
};
use crate::{
    kernel::error::{Error, Result},
    store::metrics::answer::{self, Metric, Shown},
};

const SERIES: u64 = 200;
const MOST_SERIES: u64 = 1_000;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SeriesWanted {
    /// A metric's name with dots, such as `http.server.request.duration`.
    #[param(min_length = 1)]
    metric: String,
    #[param(min_length = 1)]
    service: Option<String>,
    /// A label of the series, as `key=value`; several must all hold.
    #[serde(default)]
    #[param(inline, value_type = Vec<Pair>)]
    label: Vec<String>,
    /// Points of the last so many seconds; up to 15 minutes are kept.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 86400)]
    seconds: Option<String>,
    /// So many series, by service and labels; 200 unless it is said.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

impl Asked for SeriesWanted {
    const REPEATED: &'static [&'static str] = &["label"];
}

/// The metrics of which there are series
#[utoipa::path(get, path = "/api/metrics", tag = "store", operation_id = "list_metrics",
    responses((status = 200, description = "By name", body = Vec<Metric>), Unanswered))]
pub async fn metrics(State(desk): State<Arc<Desk>>) -> Result<Json<Vec<Metric>>> {
    desk.console.asked(|store| store.metrics()).await.map(Json)
}

/// The last fifteen minutes of a metric, series by series
#[utoipa::path(get, path = "/api/series", tag = "store", operation_id = "read_series", params(SeriesWanted),
    responses((status = 200, description = "Those that fit, by service and labels", body = Vec<Shown>), Unanswered))]
pub async fn series(
    State(desk): State<Arc<Desk>>,
    Wanted(wanted): Wanted<SeriesWanted>,
) -> Result<Json<Vec<Shown>>> {
    let limit = number("limit", wanted.limit.as_deref(), SERIES, MOST_SERIES)?;
    let wanted = answer::Wanted {
        since_ms: since_ms(wanted.seconds.as_deref())?,
        labels: pairs("label", &wanted.label)?,
        metric: wanted.metric,
        service: wanted.service,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let found = desk.console.asked(move |store| store.series(&wanted)).await?;
    found
        .map(Json)
        .ok_or_else(|| Error::not_found("there is no metric of that name; GET /api/metrics lists them"))
}
