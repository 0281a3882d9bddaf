//! Asks a server outside of the shop over HTTP, plain or by TLS, and never for long: one question and one answer, of
//! bounded length.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use serde::Serialize;
use serde_json::Value;

use super::https::{self, Http, innermost};

/// The longest that one question may take: less than what `verify` calls a gap.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// As much of an answer as is read.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A server by its base address.
#[derive(Clone)]
pub struct Place {
    base: String,
    http: Http,
    token: Option<HeaderValue>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It answered, and said no: the status, and what it said.
    Refused(u16, String),
    Failed(String),
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Silence::Refused(status, words) if words.is_empty() => write!(f, "it answered {status}"),
            Silence::Refused(status, words) => write!(f, "it answered {status}: {words}"),
            Silence::Failed(why) => f.write_str(why),
        }
    }
}

impl Place {
    /// `what` names the address in the error.
    pub fn new(what: &str, address: &str) -> Result<Place, String> {
        Ok(Place { base: base(what, address)?, http: https::client(https::mozilla()), token: None })
    }

    #[must_use]
    pub fn with_token(self, token: Option<HeaderValue>) -> Place {
        Place { token, ..self }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// The answer as JSON; `query` becomes the query string.
    pub async fn get(&self, path: &str, query: &impl Serialize) -> Result<Value, Silence> {
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        let mark = if query.is_empty() { "" } else { "?" };
        self.ask(Method::GET, &format!("{path}{mark}{query}"), Bytes::new()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Silence> {
        self.ask(Method::POST, path, Bytes::from(body.to_string())).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, Silence> {
        self.ask(Method::PATCH, path, Bytes::from(body.to_string())).await
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Value, Silence> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.extend(self.token.clone().map(|token| (header::AUTHORIZATION, token)));
        let answer =
            ask(&self.http, PATIENCE, method, &format!("{}{path}", self.base), headers, body).await?;
        if answer.is_empty() { Ok(Value::Null) } else { json(&answer) }
    }
}

/// What is at `address`, with any status of success, within `patience`.
pub async fn ask(
    http: &Http,
    patience: Duration,
    method: Method,
    address: &str,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Bytes, Silence> {
    let failed = |why: String| Silence::Failed(why);
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = address.parse().map_err(|error| failed(format!("{address}: {error}")))?;
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    request.headers_mut().extend(headers);
    let answered = async {
        let response = http.request(request).await.map_err(|error| failed(innermost(&error)))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| failed(innermost(&*error)))?.to_bytes();
        if status.is_success() { Ok(body) } else { Err(Silence::Refused(status.as_u16(), said(&body))) }
    };
    match tokio::time::timeout(patience, answered).await {
        Ok(answer) => answer,
        Err(_) => Err(failed(format!("no answer within {patience:?}"))),
    }
}

/// An answer as JSON.
pub fn json(answer: &[u8]) -> Result<Value, Silence> {
    serde_json::from_slice(answer).map_err(|_| Silence::Failed("its answer is no JSON".to_owned()))
}

/// Reads an address as a person writes it: without the slash at its end. `what` names the variable in the error.
pub fn base(what: &str, text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    // What may hold a password is not repeated.
    let shown = if text.contains('@') { "it" } else { &format!("`{text}`") };
    let uri: Uri = text.parse().map_err(|error| format!("{what}: {shown} is not an address: {error}"))?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none();
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err(format!("{what}: credentials in an address are not used here"))
        }
        Some(_) if is_web => Ok(text.to_owned()),
        _ => Err(format!("{what}: {shown} must be of the form http://host:port")),
    }
}

/// What a refusal says: a problem document's detail, Prometheus's error, or a few words of text.
fn said(body: &[u8]) -> String {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let words = ["detail", "error", "message"].iter().find_map(|field| document[field].as_str());
    words.map_or_else(|| String::from_utf8_lossy(body).chars().take(200).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_a_person_writes_it() {
        assert_eq!(base("PROMETHEUS_URL", " http://p:9090/ ").as_deref(), Ok("http://p:9090"));
        assert_eq!(Place::new("--url", "https://host/am/").expect("an address").base(), "https://host/am");
        for (text, word) in [
            ("p:9090", "form"),
            ("ftp://p", "form"),
            ("http://host?x=1", "form"),
            ("", "address"),
            ("http://me:secret@p", "credentials"),
            ("me:secret@p", "credentials"),
        ] {
            let why = base("PROMETHEUS_URL", text).expect_err(text);
            assert!(why.starts_with("PROMETHEUS_URL: ") && why.contains(word), "{why}");
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[tokio::test]
    async fn whoever_does_not_listen_is_said_not_to() {
        let nobody = Place::new("x", "http://127.0.0.1:1").expect("an address");
        let why = nobody.get("/", &()).await.expect_err("nobody listens").to_string();
        assert!(why.contains("refused"), "{why}");
    }
}
