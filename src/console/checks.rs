//! What would be wrong with something before it is set: it is read as a file would be, and nothing changes.

use axum::Json;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{answers::Refusals, body::Body, unique::Object};
use crate::{
    kernel::error::{Error, Kind, Result},
    scenario::{parse, spec::Planned, write},
};

/// What became of a fault that was only looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct FaultChecked {
    /// All that is wrong with it; empty when it could be set.
    pub wrong: Vec<WrongField>,
    /// The fault as it would be set.
    pub fault: Option<Planned>,
    /// As a file writes it.
    pub yaml: Option<String>,
    /// A scenario in which it comes and goes, as the text of `ID.yaml`.
    pub scenario: Option<String>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct WrongField {
    /// Such as `on.route`; empty when it is the fault as a whole.
    pub field: String,
    pub message: String,
}

/// Look at a fault without setting it
#[utoipa::path(post, path = "/api/check/fault", tag = "faults", operation_id = "check_fault",
    request_body(content = Object, description = "A fault as `FaultBody` has it, or what may become one"),
    responses((status = 200, description = "What is wrong with it, or how a file writes it", body = FaultChecked),
        Refusals))]
pub async fn fault(Body(Object(body)): Body<Object>) -> Result<Json<FaultChecked>> {
    match parse::read_fault("the body", &Value::Object(body).to_string(), None) {
        Ok(planned) => Ok(Json(FaultChecked {
            wrong: Vec::new(),
            yaml: Some(written(write::fault(&planned))?),
            scenario: Some(written(write::scenario(&planned))?),
            fault: Some(planned),
        })),
        Err(wrong) => {
            let wrong = wrong.into_iter().map(|one| WrongField { field: one.field, message: one.message });
            Ok(Json(FaultChecked { wrong: wrong.collect(), fault: None, yaml: None, scenario: None }))
        }
    }
}

fn written(text: std::result::Result<String, String>) -> Result<String> {
    text.map_err(|why| Error::new(Kind::Internal, format!("the fault cannot be written: {why}")))
}
