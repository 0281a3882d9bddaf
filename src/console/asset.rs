//! What never changes while the program runs, as it is sent: packed once, and with a tag by which a browser that has it
//! already is told so.

use std::{borrow::Cow, io::Write, sync::OnceLock};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

/// Bytes of a media type.
pub struct Asset {
    plain: Bytes,
    media_type: &'static str,
    tag: OnceLock<String>,
    packed: OnceLock<Bytes>,
}

impl Asset {
    pub fn new(media_type: &'static str, plain: impl Into<Cow<'static, [u8]>>) -> Self {
        let plain = match plain.into() {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Asset { plain, media_type, tag: OnceLock::new(), packed: OnceLock::new() }
    }

    /// The answer to whoever asked with these headers: packed where that can be read, and nothing where it is known.
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        let says = |name: HeaderName, word: &str| {
            asked.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(word))
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // Kept, and asked about each time: another version of the lab has others.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.extend(HeaderValue::from_str(self.tag()).map(|tag| (header::ETAG, tag)));
        if says(header::IF_NONE_MATCH, self.tag()) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        if says(header::ACCEPT_ENCODING, "gzip") {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            return (headers, self.packed()).into_response();
        }
        (headers, self.plain.clone()).into_response()
    }

    /// What changes when the bytes do.
    fn tag(&self) -> &str {
        self.tag.get_or_init(|| {
            let hash = Sha256::digest(&self.plain);
            let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("\"{digits}\"")
        })
    }

    fn packed(&self) -> Bytes {
        let pack = || {
            let mut packer = GzEncoder::new(Vec::new(), Compression::default());
            // Into memory: nothing can stand in the way.
            let _ = packer.write_all(&self.plain);
            packer.finish().unwrap_or_default().into()
        };
        self.packed.get_or_init(pack).clone()
    }
}
