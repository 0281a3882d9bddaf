//! What passes a seam, as far as faults care.

use crate::kernel::{id::ProductId, origin::Origin, service::Service};

use super::target::Seam;

/// One passage through a seam of a service.
#[derive(Clone, Copy, Debug)]
pub struct Crossing<'a> {
    pub place: Place<'a>,
    /// The trace it belongs to: with it, whether a fault strikes is settled before anything happens.
    pub trace_id: [u8; 16],
    /// How often it has been tried before: 0 the first time.
    pub attempt: u32,
    pub who: &'a Origin,
    pub product: Option<ProductId>,
    pub category: Option<&'a str>,
}

/// Where in the service it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    Inbound { method: &'a str, route: &'a str },
    Outbound { peer: Service, method: &'a str, route: &'a str },
    Database { query: &'a str },
    Cache { query: &'a str },
}

impl Place<'_> {
    pub fn seam(&self) -> Seam {
        match self {
            Place::Inbound { .. } => Seam::Inbound,
            Place::Outbound { .. } => Seam::Outbound,
            Place::Database { .. } => Seam::Database,
            Place::Cache { .. } => Seam::Cache,
        }
    }
}
