//! A page as a response: its text, its status and its headers.

use askama::Template;
use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};

use crate::kernel::error::{Error, Kind, Result};

pub fn show(page: &impl Template) -> Result<Response> {
    let text = page.render();
    let text =
        text.map_err(|error| Error::new(Kind::Internal, "the page could not be made").caused_by(error))?;
    Ok(Html(text).into_response())
}

/// A page that tells of a failure: it has the failure's status and carries its cause on to whoever logs it.
pub fn as_failure(page: Response, error: Error) -> Response {
    let (mut parts, _) = error.into_response().into_parts();
    parts.headers.clear();
    parts.headers.extend(page.headers().clone());
    Response::from_parts(parts, page.into_body())
}

pub fn is_page(response: &Response) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE);
    media_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

/// No scripts, no styles but our own, no frames around us; and a page is its visitor's alone.
pub const PAGE_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    (header::VARY, HeaderValue::from_static("accept, cookie")),
];
