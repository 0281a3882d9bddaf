//! The pages of `docs/runbooks`, where the links in notifications lead.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use super::pages::PAGES;
use crate::kernel::{
    error::{Error, Result},
    extract::Path,
    nearest::nearest,
    problem::Problem,
};

/// What to do when an alert fires
#[utoipa::path(get, path = "/runbooks/{alert}", tag = "alerts", operation_id = "read_runbook",
    params(("alert" = String, Path, description = "The alert's name")),
    responses(
        (status = 200, description = "The page, as it stands in docs/runbooks", body = String,
            content_type = "text/markdown"),
        (status = 404, description = "There is no page of that name; the nearest name is said", body = Problem,
            content_type = "application/problem+json")))]
pub async fn page(Path(alert): Path<String>) -> Result<Response> {
    let name = alert.strip_suffix(".md").unwrap_or(&alert);
    // Only names of the table lead to a text: nothing is looked for on a disk.
    match PAGES.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => {
            Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], *text).into_response())
        }
        None => {
            let near = nearest(name, PAGES.iter().map(|(known, _)| *known));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(Error::not_found(format!("there is no runbook of that name{hint}")))
        }
    }
}
