//! The answer of a handler that panicked.

use std::any::Any;

use axum::{body::Body, http::Response, response::IntoResponse};

use crate::kernel::error::{Error, Kind};

/// 500, and the service goes on. What the panic said stays inside.
pub fn after_panic(panic: Box<dyn Any + Send>) -> Response<Body> {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something that is not text");
    Error::new(Kind::Internal, "the shop made a mistake")
        .caused_by(format!("a handler panicked: {said}"))
        .into_response()
}
