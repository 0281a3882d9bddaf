//! An answer without a handler: in the very words in which the shop itself says no.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::kernel::{
    error::{Error, Kind},
    problem::Problem,
};

/// The failure that a service of ours would call this, if there is one.
pub fn failure(status: u16) -> Option<Error> {
    let (kind, detail) = match status {
        400 => (Kind::Malformed, "the request could not be read"),
        401 => (Kind::Unauthenticated, "a token is needed"),
        402 => (Kind::Declined, "the payment was declined"),
        403 => (Kind::Forbidden, "that is not allowed"),
        404 => (Kind::NotFound, "there is nothing of that name"),
        405 => (Kind::MethodNotAllowed, "this address does not take that method"),
        409 => (Kind::Conflict, "the request contradicts an earlier one"),
        413 => (Kind::TooLarge, "the request is too large"),
        415 => (Kind::UnsupportedMedia, "the request has the wrong content type"),
        422 => (Kind::Invalid, "a value is not acceptable"),
        429 => (Kind::TooManyRequests, "too many requests"),
        500 => (Kind::Internal, "the shop made a mistake"),
        502 => (Kind::PeerFailed, "a service behind this one failed"),
        503 => (Kind::Unavailable, "the service is not available right now"),
        504 => (Kind::PeerTimeout, "a service behind this one did not answer in time"),
        _ => return None,
    };
    Some(Error::new(kind, detail))
}

/// The answer with this status, which says when to come back if that is known.
pub fn response(status: u16, retry_after: Option<Duration>) -> Response {
    let mut response = match failure(status) {
        Some(error) => error.into_response(),
        None => plain(status).into_response(),
    };
    if let Some(after) = retry_after {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn plain(status: u16) -> Problem {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let title = reason.unwrap_or("The request failed");
    Problem {
        // RFC 9457's word for a problem that says no more than its status.
        kind: "about:blank".to_owned(),
        title: title.to_owned(),
        status,
        detail: title.to_lowercase(),
        field: None,
        trace_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_answered_as_itself() {
        for status in 400..600 {
            let response = response(status, None);
            assert_eq!(response.status().as_u16(), status);
            let named = response.extensions().get::<Error>().map(|error| error.kind().status().as_u16());
            assert!(named.is_none_or(|named| named == status));
        }
        let waits = response(429, Some(Duration::from_millis(1_500)));
        assert_eq!(waits.headers()[header::RETRY_AFTER], "2");
    }
}
