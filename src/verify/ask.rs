//! Asks a server over HTTP, plain or by TLS, and never for long.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use serde::Serialize;
use serde_json::Value;

use crate::kernel::https::{self, Http, innermost};

/// The longest that one question may take: less than what is called a gap.
const PATIENCE: Duration = Duration::from_secs(3);
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
    pub fn new(what: &str, base: &str) -> Result<Place, String> {
        let base = base.trim().trim_end_matches('/').to_owned();
        let uri: Uri =
            base.parse().map_err(|_| format!("{what}: expected an address such as http://host:port"))?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        match uri.authority() {
            // What may hold a password is not repeated.
            Some(authority) if authority.as_str().contains('@') => {
                Err(format!("{what}: credentials in an address are not used here"))
            }
            Some(_) if is_web && uri.query().is_none() => {
                Ok(Place { base, http: https::client(https::mozilla()), token: None })
            }
            _ => Err(format!("{what}: `{base}` must be of the form http://host:port")),
        }
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
        let failed = |why: String| Silence::Failed(why);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() =
            format!("{}{path}", self.base).parse().map_err(|error| failed(format!("{path}: {error}")))?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::ACCEPT, json.clone());
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        if let Some(token) = &self.token {
            request.headers_mut().insert(header::AUTHORIZATION, token.clone());
        }
        let answered = async {
            let response = self.http.request(request).await.map_err(|error| failed(innermost(&error)))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| failed(innermost(&*error)))?.to_bytes();
            match status {
                StatusCode::NO_CONTENT => Ok(Value::Null),
                status if status.is_success() => {
                    serde_json::from_slice(&body).map_err(|_| failed("its answer is no JSON".to_owned()))
                }
                status => Err(Silence::Refused(status.as_u16(), said(&body))),
            }
        };
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(answer) => answer,
            Err(_) => Err(failed(format!("no answer within {PATIENCE:?}"))),
        }
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
    fn an_address_may_have_a_path_and_no_password() {
        assert_eq!(Place::new("--url", "https://host/am/").expect("an address").base(), "https://host/am");
        for wrong in ["host:3100", "ftp://host", "http://u:secret@host", "http://host?x=1", ""] {
            let Err(why) = Place::new("--url", wrong) else { panic!("{wrong}") };
            assert!(why.starts_with("--url: ") && !why.contains("secret"), "{why}");
        }
    }
}
