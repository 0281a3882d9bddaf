//! The description of all this for machines: what the handlers say of themselves, under a common head.

use std::sync::Arc;

use axum::{Extension, http::HeaderMap, response::Response};
use utoipa::{
    OpenApi,
    openapi::{
        Components, ContentBuilder, OpenApi as Described, Ref, RefOr, ResponseBuilder, Schema,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{
    access::{self, Role},
    asset::Asset,
    events::{FaultsNow, ModeNow, RoleNow},
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
        description = "Breaks the shop on cue. On a loopback address every program of this machine may call it, and no \
                       page of another site. Where the lab listens beyond this machine, a token says in which role \
                       it is called; each operation names those that may.",
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
        Beat, FaultNow, FaultsNow, Follower, ModeNow, Listing, Note, Problem, RoleNow, ScenarioNow, Setting,
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

/// Makes one schema of those that are put together by `allOf` where one of them allows no other fields: nothing would be
/// valid by both. A type that is a part of another has its own schema unchanged.
pub fn flattened(mut document: Described) -> Described {
    let Some(components) = &mut document.components else { return document };
    let whole = components.schemas.clone();
    let parts = components.schemas.values_mut().filter_map(|schema| match schema {
        RefOr::T(Schema::AllOf(all)) => Some(&mut all.items),
        RefOr::T(_) | RefOr::Ref(_) => None,
    });
    for part in parts.flatten() {
        let RefOr::Ref(reference) = part else { continue };
        let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
        if let Some(RefOr::T(Schema::Object(object))) = whole.get(name)
            && object.additional_properties.is_some()
        {
            let mut open = object.clone();
            open.additional_properties = None;
            *part = RefOr::T(Schema::Object(open));
        }
    }
    document
}

/// Adds what follows from the guard for every operation: the roles that may send it, and how the others are refused.
pub fn guarded(mut document: Described) -> Described {
    let schemes = document.components.get_or_insert_with(Components::new);
    for (role, what) in [
        (Role::Trainee, "DOORBUSTER_TRAINEE_TOKEN: takes part in exercises and reads signals"),
        (Role::Presenter, "DOORBUSTER_TOKEN: may do anything"),
    ] {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(what)).build();
        schemes.add_security_scheme(role.name(), SecurityScheme::Http(scheme));
    }
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("GET", &mut item.get),
            ("PUT", &mut item.put),
            ("POST", &mut item.post),
            ("DELETE", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                guard(operation, access::listed(method, path).unwrap_or(Role::Presenter));
            }
        }
    }
    document
}

fn guard(operation: &mut Operation, least: Role) {
    let with = |role: Role| SecurityRequirement::new(role.name(), Vec::<String>::new());
    // On a loopback address nobody needs a token; an empty requirement says so.
    let mut needs = vec![SecurityRequirement::default()];
    needs.extend([Role::Trainee, Role::Presenter].into_iter().filter(|role| *role >= least).map(with));
    operation.security = Some(needs);
    for (status, what) in [
        ("401", "The lab listens beyond this machine, and no token of it was sent"),
        (
            "403",
            "The host is not one of this lab, the call comes from another site's page, or the token is a trainee's",
        ),
        ("429", "Too many wrong tokens came from that address"),
    ] {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new().description(what).content("application/problem+json", problem);
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.build().into());
    }
}

/// This description (OpenAPI 3.1)
#[utoipa::path(get, path = "/openapi.json", tag = "state", operation_id = "read_openapi",
    responses((status = 200, description = "The document", body = Object)))]
pub async fn document(Extension(document): Extension<Document>, headers: HeaderMap) -> Response {
    document.0.answer(&headers)
}
