//! Answers that no handler gives: unknown addresses, wrong methods, panics. They too are problem documents.

use std::any::Any;

use axum::{Router, body::Body, http::Response, response::IntoResponse};

use crate::kernel::error::{Error, Kind};

/// Answers for addresses and methods that the router does not know.
pub fn for_strangers(router: Router) -> Router {
    router
        .fallback(async || Error::not_found("there is nothing at this address"))
        .method_not_allowed_fallback(async || {
            Error::new(Kind::MethodNotAllowed, "this address does not take that method")
        })
}

/// The answer of a handler that panicked. What it said stays inside.
pub fn after_panic(panic: Box<dyn Any + Send>) -> Response<Body> {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something that is not text");
    Error::new(Kind::Internal, "the shop made a mistake")
        .caused_by(format!("a handler panicked: {said}"))
        .into_response()
}
