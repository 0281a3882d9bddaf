//! WHERE a fault bites: the crossings of a service's seams that it is about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{
    country::Country,
    id::ProductId,
    origin::{PaymentMethod, Tier},
    places,
    service::Service,
};

/// A place where something passes into, out of or within a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Seam {
    /// Requests that come in.
    Inbound,
    /// Questions to peers.
    Outbound,
    /// Queries.
    Database,
    /// Passages to the cache.
    Cache,
}

impl Seam {
    pub const ALL: [Seam; 4] = [Seam::Inbound, Seam::Outbound, Seam::Database, Seam::Cache];

    pub fn name(self) -> &'static str {
        match self {
            Seam::Inbound => "inbound",
            Seam::Outbound => "outbound",
            Seam::Database => "database",
            Seam::Cache => "cache",
        }
    }

    /// A small dense number.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// `database`, or `cache` when a cache's passage bears this name.
pub fn seam_of_query(query: &str) -> Seam {
    let is_passage = Service::ALL.into_iter().any(|service| places::of(service).passages.contains(&query));
    if is_passage { Seam::Cache } else { Seam::Database }
}

/// Which crossings are meant. A field that is left out matches all; of a list, one has to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    /// The service at whose seam it happens; left out, every service but the lab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Left out, it follows from `query`, `peer` and the effect; where none of them says, it is `inbound`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seam: Option<Seam>,
    /// `METHOD /template`, such as `POST /charge`: the service's own route, or at `outbound` its peer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("POST /charge"))]
    pub route: Option<String>,
    /// A query or a passage to the cache by name, such as `orders.insert`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("orders.insert"))]
    pub query: Option<String>,
    /// At `outbound`: who is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<Service>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub country: Vec<Country>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payment_method: Vec<PaymentMethod>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tier: Vec<Tier>,
    /// Numbers of products, where the request is about one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub product: Vec<ProductId>,
    /// Categories, where the request names one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<String>,
    /// Only while the service runs as this version (`service.version`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}
