//! The page: files that are part of the program, served as they are. What runs in the browser comes from here alone: the
//! policy that goes with each file lets nothing else in, and nothing that stands between a page's own brackets.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{
    asset::Asset,
    desk::Desk,
    page_files::{FILES, INDEX},
};

/// No script, style, frame or call but our own; none of ours within anybody else's frame.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

static ASSETS: LazyLock<BTreeMap<&'static str, Asset>> = LazyLock::new(|| {
    let asset = |(path, plain): &(&'static str, &'static [u8])| (*path, Asset::new(media_type(path), *plain));
    FILES.iter().map(asset).collect()
});

/// The page itself
#[utoipa::path(get, path = "/", tag = "state", operation_id = "read_page",
    responses((status = 200, description = "The presenter's console, for a browser", body = String,
        content_type = "text/html")))]
pub async fn index(headers: HeaderMap) -> Response {
    answer(INDEX, &headers)
}

/// `router` with each file of the page at its own path.
pub fn beside(router: Router<Arc<Desk>>) -> Router<Arc<Desk>> {
    FILES.iter().fold(router, |router, (path, _)| {
        router.route(&format!("/{path}"), get(async move |headers: HeaderMap| answer(path, &headers)))
    })
}

fn answer(path: &str, asked: &HeaderMap) -> Response {
    let Some(asset) = ASSETS.get(path) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = asset.answer(asked);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}
