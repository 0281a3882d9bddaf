//! Answers for addresses and methods that a router does not know. They too are problem documents.

use axum::Router;

use super::error::{Error, Kind};

/// `router` with an answer for strangers. Layers that are added later stand around it as around any handler.
pub fn answered<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router
        .fallback(async || Error::not_found("there is nothing at this address"))
        .method_not_allowed_fallback(async || {
            Error::new(Kind::MethodNotAllowed, "this address does not take that method")
        })
}
