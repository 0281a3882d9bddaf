//! Asks a Prometheus or an Alertmanager over HTTP, plain or by TLS, and never for long.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use serde_json::Value;

use crate::kernel::https::{self, Http, innermost};

/// The longest that one question may take.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// As much of an answer as is read.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Asks. Clones share their connections, which live on the runtime that first asked.
#[derive(Clone)]
pub struct Asker(Http);

impl Asker {
    pub fn new() -> Self {
        Asker(https::client(https::mozilla()))
    }

    /// What is at `base` and `path`, as JSON; otherwise why not, in a fragment for one line.
    pub async fn json(&self, base: &str, path: &str) -> Result<Value, String> {
        let body = self.read(base, path).await?;
        serde_json::from_slice(&body).map_err(|_| format!("{base} answered with something that is no JSON"))
    }

    /// Whether `base` says that it is ready.
    pub async fn is_ready(&self, base: &str) -> Result<(), String> {
        self.read(base, "/-/ready").await.map(drop)
    }

    async fn read(&self, base: &str, path: &str) -> Result<Bytes, String> {
        let failed = |why: &dyn std::fmt::Display| format!("{base}: {why}");
        let uri: Uri = format!("{base}{path}").parse().map_err(|error| failed(&error))?;
        let mut request = Request::new(Full::<Bytes>::default());
        *request.uri_mut() = uri;
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let answered = async {
            let response = self.0.request(request).await.map_err(|error| failed(&innermost(&error)))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| failed(&innermost(&*error)))?.to_bytes();
            match status {
                StatusCode::OK => Ok(body),
                other => Err(failed(&format!("it answered {}", other.as_u16()))),
            }
        };
        let late = || failed(&format!("no answer within {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, answered).await.unwrap_or_else(|_| Err(late()))
    }
}

impl Default for Asker {
    fn default() -> Self {
        Asker::new()
    }
}

/// Reads an address as a person writes it: without the slash at its end. `what` names the variable in the error.
pub fn base(what: &str, text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let uri: Uri = text.parse().map_err(|error| format!("{what}: `{text}` is not an address: {error}"))?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none();
    match uri.authority() {
        // What may hold a password is not repeated.
        Some(authority) if authority.as_str().contains('@') => {
            Err(format!("{what}: credentials in an address are not used here"))
        }
        Some(_) if is_web => Ok(text.to_owned()),
        _ => Err(format!("{what}: `{text}` must be of the form http://host:port")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_a_person_writes_it() {
        assert_eq!(base("PROMETHEUS_URL", " http://p:9090/ ").as_deref(), Ok("http://p:9090"));
        assert_eq!(base("A", "https://p.example/prometheus").as_deref(), Ok("https://p.example/prometheus"));
        for (text, word) in [("p:9090", "form"), ("ftp://p", "form"), ("http://me:secret@p", "credentials")] {
            let why = base("PROMETHEUS_URL", text).expect_err(text);
            assert!(why.starts_with("PROMETHEUS_URL: ") && why.contains(word), "{why}");
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[tokio::test]
    async fn whoever_does_not_listen_is_named() {
        let why = Asker::new().is_ready("http://127.0.0.1:1").await.expect_err("nobody listens");
        assert!(why.starts_with("http://127.0.0.1:1: ") && why.contains("refused"), "{why}");
    }
}
