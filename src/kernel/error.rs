//! The one error of the shop, in business words. It answers a request; it does not log, and it knows no peer's text.

use std::{borrow::Cow, fmt};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    fact::{Fact, Stated},
    problem::Problem,
};

/// Why a request could not be served. Each kind has one status and one low-cardinality name (`error.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The body is not what it says it is: broken JSON, broken form.
    Malformed,
    Unauthenticated,
    Declined,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    /// The same key was used for something else, or a code was spent before.
    Conflict,
    OutOfStock,
    TooLarge,
    UnsupportedMedia,
    /// Well-formed, but a value is out of its range or unknown.
    Invalid,
    /// The service ran into its own mistake.
    Internal,
    /// A peer answered with an error, or something that makes no sense.
    PeerFailed,
    /// A peer could not be reached.
    PeerUnreachable,
    /// Every connection of the pool was in use for as long as we were willing to wait.
    PoolExhausted,
    DatabaseUnavailable,
    /// Another transaction kept the rows for as long as we were willing to wait.
    DatabaseLocked,
    /// A peer did not answer in time.
    PeerTimeout,
}

impl Kind {
    pub const ALL: [Kind; 18] = [
        Kind::Malformed,
        Kind::Unauthenticated,
        Kind::Declined,
        Kind::Forbidden,
        Kind::NotFound,
        Kind::MethodNotAllowed,
        Kind::Conflict,
        Kind::OutOfStock,
        Kind::TooLarge,
        Kind::UnsupportedMedia,
        Kind::Invalid,
        Kind::Internal,
        Kind::PeerFailed,
        Kind::PeerUnreachable,
        Kind::PoolExhausted,
        Kind::DatabaseUnavailable,
        Kind::DatabaseLocked,
        Kind::PeerTimeout,
    ];

    pub fn status(self) -> StatusCode {
        match self {
            Kind::Malformed => StatusCode::BAD_REQUEST,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Declined => StatusCode::PAYMENT_REQUIRED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Conflict | Kind::OutOfStock => StatusCode::CONFLICT,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::PeerFailed | Kind::PeerUnreachable => StatusCode::BAD_GATEWAY,
            Kind::PoolExhausted | Kind::DatabaseUnavailable | Kind::DatabaseLocked => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Kind::PeerTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// `error.type` in signals, and the last part of the problem's `type`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Malformed => "malformed",
            Kind::Unauthenticated => "unauthenticated",
            Kind::Declined => "payment_declined",
            Kind::Forbidden => "forbidden",
            Kind::NotFound => "not_found",
            Kind::MethodNotAllowed => "method_not_allowed",
            Kind::Conflict => "conflict",
            Kind::OutOfStock => "out_of_stock",
            Kind::TooLarge => "too_large",
            Kind::UnsupportedMedia => "unsupported_media_type",
            Kind::Invalid => "invalid",
            Kind::Internal => "internal",
            Kind::PeerFailed => "peer_failed",
            Kind::PeerUnreachable => "peer_unreachable",
            Kind::PoolExhausted => "pool_exhausted",
            Kind::DatabaseUnavailable => "database_unavailable",
            Kind::DatabaseLocked => "database_locked",
            Kind::PeerTimeout => "peer_timeout",
        }
    }

    /// The problem's `title`: the same words for the same kind, every time.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Malformed => "The request could not be read",
            Kind::Unauthenticated => "A token is needed",
            Kind::Declined => "The payment was declined",
            Kind::Forbidden => "This token may not do that",
            Kind::NotFound => "Not found",
            Kind::MethodNotAllowed => "This address does not take that method",
            Kind::Conflict => "The request contradicts an earlier one",
            Kind::OutOfStock => "Out of stock",
            Kind::TooLarge => "The request is too large",
            Kind::UnsupportedMedia => "The request has the wrong content type",
            Kind::Invalid => "A value is not acceptable",
            Kind::Internal => "The shop made a mistake",
            Kind::PeerFailed => "A service behind this one failed",
            Kind::PeerUnreachable => "A service behind this one could not be reached",
            Kind::PoolExhausted => "Too many requests wait for the database",
            Kind::DatabaseUnavailable => "The database is away",
            Kind::DatabaseLocked => "The rows are held by somebody else",
            Kind::PeerTimeout => "A service behind this one did not answer in time",
        }
    }

    /// The kind that bears this name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

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
        let mut response = Problem::of(&self, None).into_response();
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
