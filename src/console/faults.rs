//! Faults: which are active and what they have done; and how one is set and cleared by hand.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    answers::{self, Refusals},
    body::Body,
    desk::Desk,
    unique::Object,
};
use crate::{
    chaos::{
        fault::{Effect, Fault},
        live::Count,
        target::Target,
        units::Share,
    },
    kernel::{
        error::{Error, Kind, Result},
        extract::Path,
    },
    scenario::{
        control::{Active, Command, Done, Status},
        parse,
        spec::{Planned, Ramp, Wave},
    },
};

/// A fault that is active: as it is right now, where it comes from, and what it has done.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FaultNow {
    #[serde(flatten)]
    pub fault: Fault,
    /// `manual`, `baseline`, or `SCENARIO/PHASE`.
    pub source: String,
    /// RFC 3339.
    pub since: String,
    /// Over all processes.
    pub count: Count,
}

/// A fault as it is set by hand: what a file says of one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it only describes; what is read is read as a file is")]
pub struct FaultBody {
    /// May be left out: the address says it. If not, both must be the same.
    #[schema(nullable = false)]
    id: Option<String>,
    /// Where.
    #[schema(nullable = false)]
    on: Option<Target>,
    /// How often: of the crossings that match.
    #[schema(nullable = false)]
    share: Option<Share>,
    /// What.
    effect: Effect,
    /// It comes gradually.
    #[schema(nullable = false)]
    ramp: Option<Ramp>,
    /// It comes and goes.
    #[schema(nullable = false)]
    wave: Option<Wave>,
}

/// The faults of `status` with what they have done by now.
pub fn now(status: &Status, mut totals: BTreeMap<String, Count>) -> Vec<FaultNow> {
    let shown = |active: &Active| FaultNow {
        fault: active.fault.clone(),
        source: active.source.clone(),
        since: active.since.clone(),
        count: totals.remove(&active.fault.id).or_else(|| active.count.clone()).unwrap_or_default(),
    };
    status.faults.iter().map(shown).collect()
}

/// The same without the traces they struck: for whoever is told of each change.
pub fn briefly(status: &Status, mut totals: BTreeMap<String, Count>) -> Vec<FaultNow> {
    totals.values_mut().for_each(|count| count.trace_ids.clear());
    now(status, totals)
}

/// The faults that are active
#[utoipa::path(get, path = "/api/faults", tag = "faults", operation_id = "list_faults",
    responses((status = 200, description = "All of them, in the order of precedence", body = Vec<FaultNow>)))]
pub async fn list(State(desk): State<Arc<Desk>>) -> Json<Vec<FaultNow>> {
    Json(now(&desk.console.control.status(), desk.console.counts.totals()))
}

/// Set a fault by hand; it comes before all others
#[utoipa::path(
    put, path = "/api/faults/{id}", tag = "faults", operation_id = "set_fault", request_body = FaultBody,
    params(("id" = String, Path, description = "Its id: 1 to 64 lower-case letters, digits and dashes",
        pattern = "^[a-z0-9][a-z0-9-]{0,63}$")),
    responses(
        (status = 201, description = "It is active", body = Planned),
        (status = 200, description = "It is active in place of the one of that id", body = Planned), Refusals))]
pub async fn set(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(Object(body)): Body<Object>,
) -> Result<(StatusCode, Json<Planned>)> {
    let planned = read(&id, body)?;
    let command = Command::SetFault(Box::new(planned.clone()));
    let status = match answers::ask(&desk, &headers, command).await? {
        Done::Created => StatusCode::CREATED,
        Done::Replaced | Done::Done => StatusCode::OK,
    };
    Ok((status, Json(planned)))
}

/// End a fault, whether set by hand or by a scenario
#[utoipa::path(delete, path = "/api/faults/{id}", tag = "faults", operation_id = "clear_fault",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 204, description = "It has ended"), Refusals))]
pub async fn clear(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode> {
    answers::ask(&desk, &headers, Command::ClearFault { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads a fault as a file would be read: by the first field that is wrong it is refused, the others are named behind it.
fn read(id: &str, body: Map<String, Value>) -> Result<Planned> {
    let read = parse::read_fault("the body", &Value::Object(body).to_string(), Some(id));
    read.map_err(|wrong| {
        let mut wrong = wrong.into_iter();
        let Some(first) = wrong.next() else { return Error::new(Kind::Invalid, "the fault is wrong") };
        let others: String = wrong.map(|one| format!("; {}: {}", one.field, one.message)).collect();
        Error::new(Kind::Invalid, first.message + &others)
            .at((!first.field.is_empty()).then(|| first.field.into()))
    })
}
