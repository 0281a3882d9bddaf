//! RFC 9457 problem documents: the one shape in which the shop says no.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kind::Kind;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
const TYPE_PREFIX: &str = "/problems/";

/// The document. `field` names the part of the request at fault; `trace_id` finds the request in the signals.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

impl Problem {
    /// The `type` of the documents of one kind.
    pub fn address(kind: Kind) -> String {
        format!("{TYPE_PREFIX}{}", kind.name())
    }

    /// The kind of error this document stands for, when it is one of ours.
    pub fn error_kind(&self) -> Option<Kind> {
        Kind::named(self.kind.strip_prefix(TYPE_PREFIX)?)
    }

    /// The document as the body of a response.
    pub fn body(&self) -> Body {
        // A struct of strings and numbers always serialises.
        Body::from(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body());
        if let Ok(status) = axum::http::StatusCode::from_u16(self.status) {
            *response.status_mut() = status;
        }
        response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
        response
    }
}
