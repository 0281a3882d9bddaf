//! Asks a backend over HTTP, plain or by TLS, and never for long.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::lab::{Answer, No},
    exits::Verdict,
    report::Finding,
};
use crate::telemetry::egress::http::{Http, client, mozilla};

/// The longest that one question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// As much of an answer as is read.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A backend by its base address.
pub struct Backend {
    name: &'static str,
    base: String,
    http: Http,
}

/// Why there is no answer to judge by.
#[derive(Debug)]
pub enum Silence {
    /// It says that it has nothing of that name.
    NotThere,
    Failed(String),
}

impl Backend {
    /// `flag` names the command line's flag in the error.
    pub fn new(name: &'static str, flag: &str, base: &str) -> Answer<Backend> {
        let base = base.trim().trim_end_matches('/').to_owned();
        let wrong = |why: String| No::CouldNot(format!("{flag}: {why}"));
        let uri: Uri = base.parse().map_err(|error| wrong(format!("`{base}` is not an address: {error}")))?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        match uri.authority() {
            Some(authority) if is_web && !authority.as_str().contains('@') && uri.query().is_none() => {
                Ok(Backend { name, base, http: client(mozilla()) })
            }
            // What may hold a password is not repeated.
            Some(authority) if authority.as_str().contains('@') => {
                Err(wrong("credentials in an address are not used here".to_owned()))
            }
            _ => Err(wrong(format!("`{base}` must be of the form http://host:port"))),
        }
    }

    /// Where `path` is, with `query` as its query string: what a person would ask by hand.
    pub fn address(&self, path: &str, query: &impl Serialize) -> String {
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{path}{mark}{query}", self.base)
    }

    /// The answer as JSON.
    pub async fn ask(&self, address: &str) -> Result<Value, Silence> {
        let failed = |why: String| Silence::Failed(why);
        let mut request = Request::new(Full::<Bytes>::default());
        *request.uri_mut() = address.parse().map_err(|error| failed(format!("{address}: {error}")))?;
        let json = header::HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::ACCEPT, json);
        let answered = async {
            let response = self.http.request(request).await.map_err(|error| failed(innermost(&error)))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| failed(innermost(&*error)))?.to_bytes();
            match status {
                StatusCode::NOT_FOUND => Err(Silence::NotThere),
                status if !status.is_success() => Err(failed(format!("it answers {}", status.as_u16()))),
                _ => serde_json::from_slice(&body).map_err(|_| failed("its answer is no JSON".to_owned())),
            }
        };
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(answer) => answer,
            Err(_) => Err(failed(format!("no answer within {PATIENCE:?}"))),
        }
    }

    pub fn finding(
        &self,
        verdict: Verdict,
        looked_for: impl Into<String>,
        found: impl Into<String>,
    ) -> Finding {
        Finding { backend: self.name, verdict, looked_for: looked_for.into(), found: found.into() }
    }

    /// What there is to say when it did not answer.
    pub fn silent(&self, silence: Silence, looked_for: impl Into<String>) -> Finding {
        match silence {
            Silence::NotThere => self.finding(Verdict::Missing, looked_for, "it is not there"),
            Silence::Failed(why) => self.finding(Verdict::Away, looked_for, why),
        }
    }
}

/// What lies at the bottom of an error: "client error (Connect)" helps nobody.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_path_and_no_password() {
        let backend = Backend::new("loki", "--loki", "https://host/loki/").expect("an address");
        assert_eq!(backend.address("/ready", &[("a", "b c")]), "https://host/loki/ready?a=b+c");
        for wrong in ["host:3100", "ftp://host", "http://u:secret@host", "http://host?x=1", ""] {
            let Err(No::CouldNot(why)) = Backend::new("loki", "--loki", wrong) else { panic!("{wrong}") };
            assert!(why.starts_with("--loki: ") && !why.contains("secret"), "{why}");
        }
    }
}
