//! The one error of the shop, in business words. It answers a request; it does not log, and it knows no peer's text.

use std::{borrow::Cow, fmt};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

pub use super::kind::Kind;
use super::{
    fact::{Fact, Stated},
    problem::Problem,
};

/// A failed request: its kind, one sentence for the client, and what only the operator may read.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    detail: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    cause: Option<String>,
    facts: Vec<Fact>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// `detail` goes to the client: a lower-case fragment in our own words.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Error(Box::new(Inner { kind, detail: detail.into(), field: None, cause: None, facts: Vec::new() }))
    }

    /// A value of the request is out of its range; `field` names it.
    pub fn invalid(field: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Error::new(Kind::Invalid, detail);
        error.0.field = Some(field.into());
        error
    }

    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Error::new(Kind::NotFound, detail)
    }

    /// Names the field of the request that is at fault.
    #[must_use]
    pub fn at(mut self, field: Option<Cow<'static, str>>) -> Self {
        self.0.field = field;
        self
    }

    /// Adds what only logs and spans may say; the client never sees it.
    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// States a fact although the request failed.
    #[must_use]
    pub fn stating(mut self, fact: Fact) -> Self {
        self.0.facts.push(fact);
        self
    }

    /// The document that says this to a client; the cause stays inside.
    pub fn problem(&self, trace_id: Option<String>) -> Problem {
        let kind = self.kind();
        Problem {
            kind: Problem::address(kind),
            title: kind.title().to_owned(),
            status: kind.status().as_u16(),
            detail: self.detail().to_owned(),
            field: self.field().map(str::to_owned),
            trace_id,
        }
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// What went wrong inside, when there is more to say than the detail.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause() {
            Some(cause) => write!(f, "{}: {cause}", self.0.detail),
            None => f.write_str(&self.0.detail),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}

/// Seconds a client is told to wait when a shortage has turned it away.
const RETRY_AFTER_SECONDS: u16 = 1;

impl IntoResponse for Error {
    /// A problem document, with the error itself as an extension so that the inbound seam can log the cause.
    fn into_response(mut self) -> Response {
        let facts = std::mem::take(&mut self.0.facts);
        let mut response = self.problem(None).into_response();
        if self.kind().status() == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = HeaderValue::from(RETRY_AFTER_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if self.kind() == Kind::Unauthenticated {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response.extensions_mut().insert(Stated(facts));
        response.extensions_mut().insert(self);
        response
    }
}
