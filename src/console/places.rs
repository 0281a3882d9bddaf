//! What there is to aim at, service by service: whoever composes a fault chooses from it.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::{places, service::Service};

/// The places of a service.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Aim {
    pub service: Service,
    /// `METHOD /template`.
    pub routes: &'static [&'static str],
    /// Names of its queries.
    pub queries: &'static [&'static str],
    /// Names of its passages to the cache.
    pub passages: &'static [&'static str],
    pub tables: &'static [&'static str],
    /// Whom it asks.
    pub peers: &'static [Service],
}

/// What each service has to aim a fault at
#[utoipa::path(get, path = "/api/places", tag = "faults", operation_id = "list_places",
    responses((status = 200, description = "Every service but the lab, by port", body = Vec<Aim>)))]
pub async fn list() -> Json<Vec<Aim>> {
    let services = Service::ALL.into_iter().filter(|service| *service != Service::Lab);
    Json(services.map(aim).collect())
}

fn aim(service: Service) -> Aim {
    let places::Places { routes, queries, passages, tables, peers } = places::of(service);
    Aim { service, routes, queries, passages, tables, peers }
}
