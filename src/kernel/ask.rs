//! What a service asks another, before it has a peer: method, route, body, and who it is asked for.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Serialize;

use super::origin::Origin;

/// A question before it has a peer: method, route, body, and who it is asked for.
#[derive(Debug)]
pub struct Ask {
    pub(super) method: Method,
    pub(super) route: &'static str,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) origin: Origin,
    pub(super) broken: Option<String>,
}

impl Ask {
    /// `route` is the template; [`Ask::path`] fills it in when it has variable parts.
    pub fn new(method: Method, route: &'static str, origin: &Origin) -> Self {
        Ask {
            method,
            route,
            path: route.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            origin: origin.clone(),
            broken: None,
        }
    }

    pub fn get(route: &'static str, origin: &Origin) -> Self {
        Ask::new(Method::GET, route, origin)
    }

    pub fn post(route: &'static str, origin: &Origin) -> Self {
        Ask::new(Method::POST, route, origin)
    }

    pub fn put(route: &'static str, origin: &Origin) -> Self {
        Ask::new(Method::PUT, route, origin)
    }

    pub fn delete(route: &'static str, origin: &Origin) -> Self {
        Ask::new(Method::DELETE, route, origin)
    }

    /// Fills the first `{…}` of the path with `value`, percent-encoded.
    #[must_use]
    pub fn part(mut self, value: impl fmt::Display) -> Self {
        let bounds = self.path.find('{').zip(self.path.find('}'));
        if let Some((open, close)) = bounds {
            self.path.replace_range(open..=close, &encode(&value.to_string()));
        }
        self
    }

    /// Adds a query string made of `query`'s fields.
    #[must_use]
    pub fn query(mut self, query: &impl Serialize) -> Self {
        match serde_urlencoded::to_string(query) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => self.path = format!("{}?{text}", self.path),
            Err(error) => self.broken = Some(error.to_string()),
        }
        self
    }

    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = bytes.into(),
            Err(error) => self.broken = Some(error.to_string()),
        }
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
