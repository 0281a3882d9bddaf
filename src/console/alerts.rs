//! Alerts: which burn right now, by Prometheus and Alertmanager themselves, and who was told of which.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;

use super::{
    desk::Desk,
    wanted::{Asked, Unanswered, Wanted, number},
};
use crate::{
    kernel::{
        error::{Error, Kind, Result},
        problem::Problem,
    },
    stack::{
        alerts::{self, AlertsNow},
        inbox::{MOST_NOTES, Note},
        part::Part,
        routes::{self, RoutesNow},
        rulebook::{self, RuleNow},
    },
};

/// Alerts that are pending or fire, each with its receivers and what keeps it quiet
#[utoipa::path(get, path = "/api/alerts", tag = "alerts", operation_id = "list_alerts",
    responses(
        (status = 200, description = "What Prometheus says now, and Alertmanager of the same", body = AlertsNow),
        (status = 503, description = "There is no Prometheus, or it does not answer", body = Problem,
            content_type = "application/problem+json")))]
pub async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<AlertsNow>> {
    let stack = &desk.console.stack;
    let prometheus = address(&desk, Part::Prometheus)?;
    let alertmanager = stack.standing.url(Part::Alertmanager);
    let now = alerts::now(&stack.asker, &prometheus, alertmanager.as_deref()).await;
    now.map(Json).map_err(|why| {
        let state = stack.standing.now().state;
        Error::new(Kind::Unavailable, format!("Prometheus does not answer ({state}): {why}"))
    })
}

/// Alert rules, each with its state, and its value against its threshold
#[utoipa::path(get, path = "/api/alerts/rules", tag = "alerts", operation_id = "list_rules",
    responses(
        (status = 200, description = "In Prometheus's order", body = Vec<RuleNow>),
        (status = 503, description = "There is no Prometheus, or it does not answer", body = Problem,
            content_type = "application/problem+json")))]
pub async fn rules(State(desk): State<Arc<Desk>>) -> Result<Json<Vec<RuleNow>>> {
    let base = address(&desk, Part::Prometheus)?;
    let rules = rulebook::now(&desk.console.stack.asker, &base).await;
    rules.map(Json).map_err(|why| Error::new(Kind::Unavailable, format!("Prometheus does not answer: {why}")))
}

/// Alertmanager's route tree, the way each alert takes, and what is grouped, inhibited and silenced
#[utoipa::path(get, path = "/api/alerts/routes", tag = "alerts", operation_id = "show_routes",
    responses(
        (status = 200, description = "As Alertmanager itself says it", body = RoutesNow),
        (status = 503, description = "There is no Alertmanager, or it does not answer", body = Problem,
            content_type = "application/problem+json")))]
pub async fn routes(State(desk): State<Arc<Desk>>) -> Result<Json<RoutesNow>> {
    let base = address(&desk, Part::Alertmanager)?;
    let routes = routes::now(&desk.console.stack.asker, &base).await;
    routes
        .map(Json)
        .map_err(|why| Error::new(Kind::Unavailable, format!("Alertmanager does not answer: {why}")))
}

/// Where that part of the stack answers; why there is nobody, when there is nobody.
pub fn address(desk: &Desk, part: Part) -> Result<String> {
    let standing = &desk.console.stack.standing;
    standing.url(part).ok_or_else(|| {
        let why = standing.now().why.unwrap_or_else(|| "it is off".to_owned());
        let name = match part {
            Part::Prometheus => "Prometheus",
            Part::Alertmanager => "Alertmanager",
        };
        Error::new(Kind::Unavailable, format!("there is no {name}: {why}"))
    })
}

/// The largest number that every reader of JSON keeps exactly.
const MOST_EXACT: u64 = (1 << 53) - 1;

/// Which notifications are asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    receiver: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

impl Asked for Which {}

/// What receivers were told, the oldest first
#[utoipa::path(get, path = "/api/alerts/notifications", tag = "alerts", operation_id = "list_notifications",
    params(
        ("receiver" = Option<String>, Query, description = "Only those to this receiver", min_length = 1),
        ("after" = Option<u64>, Query, description = "Only those that came after the one of this number",
            minimum = 0, maximum = 9007199254740991_i64),
        ("limit" = Option<u64>, Query, description = "Only so many of the newest, up to 1000; all when it is not said",
            minimum = 1, maximum = 1000)),
    responses((status = 200, description = "The newest thousand are kept", body = Vec<Note>), Unanswered))]
pub async fn notifications(
    State(desk): State<Arc<Desk>>,
    Wanted(which): Wanted<Which>,
) -> Result<Json<Vec<Note>>> {
    let wrong = || Error::invalid("after", "expected the number of a notification");
    let after = which
        .after
        .as_deref()
        .map(|text| text.parse().ok().filter(|after| *after <= MOST_EXACT).ok_or_else(wrong))
        .transpose()?;
    let most = MOST_NOTES as u64;
    let limit = number("limit", which.limit.as_deref(), most, most)?;
    let mut notes = desk.console.stack.inbox.list(after);
    notes.retain(|note| which.receiver.as_ref().is_none_or(|name| note.receiver == *name));
    let surplus = notes.len().saturating_sub(usize::try_from(limit).unwrap_or(MOST_NOTES));
    notes.drain(..surplus);
    Ok(Json(notes.iter().map(|note| Note::clone(note)).collect()))
}
