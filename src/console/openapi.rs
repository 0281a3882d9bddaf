//! The description of all this for machines: what the handlers say of themselves, under a common head.

use std::sync::Arc;

use axum::{Extension, http::HeaderMap, response::Response};
use utoipa::OpenApi;

use super::{
    asset::Asset,
    events::{FaultsNow, ModeNow},
    faults::FaultNow,
    followers::Follower,
    state::{ScenarioNow, StateNow},
    switchboard::Beat,
    verify::record::VerifyStep,
    vitals::Vitals,
};
use crate::{
    chaos::setting::Setting,
    kernel::problem::Problem,
    scenario::library::Listing,
    stack::{inbox::Note, standing::StackNow},
};

/// The head of the document, and what only streams speak of.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "doorbuster: control API",
        description = "Breaks the shop on cue. Whoever reads is let in. Calls that change something come from this \
                       machine, and not from another site's page; where the lab listens beyond this machine, they \
                       bring its token.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/")),
    tags(
        (name = "modes", description = "A presenter's switches"),
        (name = "scenarios", description = "Stories in which things break"),
        (name = "faults", description = "What is broken right now"),
        (name = "state", description = "How all of it stands"),
        (name = "switchboard", description = "For services in processes of their own"),
        (name = "alerts", description = "What burns, and who was told"),
        (name = "exercises", description = "Find out what is wrong"),
        (name = "signals", description = "Measurements"),
        (name = "store", description = "The recent past, without a backend"),
        (name = "otlp", description = "Signals from elsewhere"),
    ),
    components(schemas(
        Beat, FaultNow, FaultsNow, Follower, ModeNow, Listing, Note, Problem, ScenarioNow, Setting,
        StackNow, StateNow, VerifyStep, Vitals
    )),
)]
pub struct Head;

/// The document as it is answered.
#[derive(Clone)]
pub struct Document(Arc<Asset>);

impl Document {
    /// Of the document as JSON.
    pub fn new(json: String) -> Self {
        Document(Arc::new(Asset::new("application/json", json.into_bytes())))
    }
}

/// This description (OpenAPI 3.1)
#[utoipa::path(get, path = "/openapi.json", tag = "state", operation_id = "read_openapi",
    responses((status = 200, description = "The document", body = Object)))]
pub async fn document(Extension(document): Extension<Document>, headers: HeaderMap) -> Response {
    document.0.answer(&headers)
}
