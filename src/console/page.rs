//! The page: files that are part of the program, served as they are. What runs in the browser comes from here alone: the
//! policy that goes with each file lets nothing else in, and nothing that stands between a page's own brackets.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, LazyLock, OnceLock},
};

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::{
    desk::Desk,
    page_files::{FILES, INDEX},
};

/// No script, style, frame or call but our own; none of ours within anybody else's frame.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// A file as it is sent.
struct Asset {
    plain: &'static [u8],
    media_type: &'static str,
    tag: OnceLock<String>,
    packed: OnceLock<Bytes>,
}

static ASSETS: LazyLock<BTreeMap<&'static str, Asset>> = LazyLock::new(|| {
    let asset = |(path, plain): &(&'static str, &'static [u8])| (*path, Asset::new(path, plain));
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
    let says = |name, word: &str| {
        asked.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(word))
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Kept, and asked about each time: another version of the lab has other files.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.extend(HeaderValue::from_str(asset.tag()).map(|tag| (header::ETAG, tag)));
    if says(header::IF_NONE_MATCH, asset.tag()) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if says(header::ACCEPT_ENCODING, "gzip") {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return (headers, asset.packed()).into_response();
    }
    (headers, asset.plain).into_response()
}

impl Asset {
    fn new(path: &str, plain: &'static [u8]) -> Self {
        let media_type = media_type(path);
        Asset { plain, media_type, tag: OnceLock::new(), packed: OnceLock::new() }
    }

    /// What changes when the file does.
    fn tag(&self) -> &str {
        self.tag.get_or_init(|| {
            let hash = Sha256::digest(self.plain);
            let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("\"{digits}\"")
        })
    }

    /// The file, packed once and kept.
    fn packed(&self) -> Bytes {
        let pack = || {
            let mut packer = GzEncoder::new(Vec::new(), Compression::default());
            // Into memory: nothing can stand in the way.
            let _ = packer.write_all(self.plain);
            packer.finish().unwrap_or_default().into()
        };
        self.packed.get_or_init(pack).clone()
    }
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
