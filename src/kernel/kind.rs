//! The kinds of failure: each with one status, one name and one title.

use http::StatusCode;

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
    /// The caller asks more often than the service takes it.
    TooManyRequests,
    /// The service ran into its own mistake.
    Internal,
    /// The service takes nothing right now.
    Unavailable,
    /// A peer answered with an error, or something that makes no sense.
    PeerFailed,
    /// A peer could not be reached.
    PeerUnreachable,
    /// Every connection of the pool was in use for as long as we were willing to wait.
    PoolExhausted,
    DatabaseUnavailable,
    /// Another transaction kept the rows for as long as we were willing to wait.
    DatabaseLocked,
    /// The disk under the database has no room left.
    DatabaseFull,
    /// A peer did not answer in time.
    PeerTimeout,
}

impl Kind {
    pub const ALL: [Kind; 21] = [
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
        Kind::TooManyRequests,
        Kind::Internal,
        Kind::Unavailable,
        Kind::PeerFailed,
        Kind::PeerUnreachable,
        Kind::PoolExhausted,
        Kind::DatabaseUnavailable,
        Kind::DatabaseLocked,
        Kind::DatabaseFull,
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
            Kind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::PeerFailed | Kind::PeerUnreachable => StatusCode::BAD_GATEWAY,
            Kind::Unavailable
            | Kind::PoolExhausted
            | Kind::DatabaseUnavailable
            | Kind::DatabaseLocked
            | Kind::DatabaseFull => StatusCode::SERVICE_UNAVAILABLE,
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
            Kind::TooManyRequests => "too_many_requests",
            Kind::Internal => "internal",
            Kind::Unavailable => "unavailable",
            Kind::PeerFailed => "peer_failed",
            Kind::PeerUnreachable => "peer_unreachable",
            Kind::PoolExhausted => "pool_exhausted",
            Kind::DatabaseUnavailable => "database_unavailable",
            Kind::DatabaseLocked => "database_locked",
            Kind::DatabaseFull => "database_full",
            Kind::PeerTimeout => "peer_timeout",
        }
    }

    /// The problem's `title`: the same words for the same kind, every time.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Malformed => "The request could not be read",
            Kind::Unauthenticated => "A token is needed",
            Kind::Declined => "The payment was declined",
            Kind::Forbidden => "That is not allowed",
            Kind::NotFound => "Not found",
            Kind::MethodNotAllowed => "This address does not take that method",
            Kind::Conflict => "The request contradicts an earlier one",
            Kind::OutOfStock => "Out of stock",
            Kind::TooLarge => "The request is too large",
            Kind::UnsupportedMedia => "The request has the wrong content type",
            Kind::Invalid => "A value is not acceptable",
            Kind::TooManyRequests => "Too many requests",
            Kind::Internal => "The shop made a mistake",
            Kind::Unavailable => "The service is not available right now",
            Kind::PeerFailed => "A service behind this one failed",
            Kind::PeerUnreachable => "A service behind this one could not be reached",
            Kind::PoolExhausted => "Too many requests wait for the database",
            Kind::DatabaseUnavailable => "The database is away",
            Kind::DatabaseLocked => "The rows are held by somebody else",
            Kind::DatabaseFull => "The database has no room left",
            Kind::PeerTimeout => "A service behind this one did not answer in time",
        }
    }

    /// The kind that bears this name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
