//! How a service asks another: typed JSON over HTTP, through a carrier that layers above may dress.
//!
//! The client knows what to ask, how long to wait and whether to ask again. Who carries the question — a socket, or in
//! a test the peer's own `Router` — it does not know.

use std::{fmt, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;
use tower::ServiceExt;

pub use super::ask::Ask;
use super::{
    error::{Error, Kind},
    origin::Origin,
    problem::Problem,
    service::Service,
};

/// The most bytes that are read of a peer's answer.
pub const ANSWER_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Says how often this question was asked before, when it was: `1` on the first repetition.
pub const ATTEMPT: HeaderName = HeaderName::from_static("x-request-attempt");

/// One question to one peer, as it crosses the outbound seam. `attempt` counts from 0.
#[derive(Clone, Debug)]
pub struct Errand {
    pub peer: Service,
    pub method: Method,
    /// The route's template, such as `/products/{id}`: a bounded word for signals and faults.
    pub route: &'static str,
    /// Path and query as they are sent.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub origin: Origin,
    /// The trace this errand begins, when whoever asks has chosen one. Never all zeroes.
    pub trace_id: Option<[u8; 16]>,
    pub attempt: u32,
    pub timeout: Duration,
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nobody listens there: the question was not sent.
    Refused(String),
    TimedOut,
    /// The connection broke after the question was sent.
    Broken(String),
}

impl Lost {
    /// `error.type` in signals.
    pub fn name(&self) -> &'static str {
        match self {
            Lost::Refused(_) => "connection_refused",
            Lost::TimedOut => "timeout",
            Lost::Broken(_) => "connection_broken",
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::Refused(text) => write!(f, "nobody can be reached there: {text}"),
            Lost::TimedOut => f.write_str("no answer came in time"),
            Lost::Broken(text) => write!(f, "the connection broke: {text}"),
        }
    }
}

/// Takes errands to a peer. The dressed carrier of a service stands between its `Client` and the socket.
pub trait Carrier: Send + Sync {
    fn carry(&self, errand: Errand) -> BoxFuture<'_, Result<Response<Bytes>, Lost>>;

    /// How often `errand` may be repeated, where its client was built to do as `declared`.
    fn retry(&self, _errand: &Errand, declared: Retry) -> Retry {
        declared
    }
}

/// Gives up on an errand when its time is over.
pub struct Deadline<C>(pub C);

impl<C: Carrier> Carrier for Deadline<C> {
    fn carry(&self, errand: Errand) -> BoxFuture<'_, Result<Response<Bytes>, Lost>> {
        Box::pin(async move {
            let within = errand.timeout;
            tokio::time::timeout(within, self.0.carry(errand)).await.unwrap_or(Err(Lost::TimedOut))
        })
    }

    fn retry(&self, errand: &Errand, declared: Retry) -> Retry {
        self.0.retry(errand, declared)
    }
}

/// Carries errands to a router in this very process: a peer without a port.
pub struct InProcess(pub Router);

impl Carrier for InProcess {
    fn carry(&self, errand: Errand) -> BoxFuture<'_, Result<Response<Bytes>, Lost>> {
        let router = self.0.clone();
        Box::pin(async move {
            let broken = |error: &dyn fmt::Display| Lost::Broken(error.to_string());
            let mut request = http::Request::new(Body::from(errand.body));
            *request.method_mut() = errand.method;
            *request.uri_mut() = errand.path.parse().map_err(|error| broken(&error))?;
            *request.headers_mut() = errand.headers;
            request.extensions_mut().insert(errand.origin);
            let (parts, body) =
                router.oneshot(request).await.unwrap_or_else(|never| match never {}).into_parts();
            let body = Limited::new(body, ANSWER_LIMIT_BYTES);
            let body = body.collect().await.map_err(|error| broken(&error))?.to_bytes();
            Ok(Response::from_parts(parts, body))
        })
    }
}

/// How often a question is asked again when the peer answers 5xx or 429, and how long to wait before each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    pub extra: u32,
    pub backoff: Duration,
}

impl Retry {
    pub const NEVER: Retry = Retry { extra: 0, backoff: Duration::ZERO };
    pub const ONCE: Retry = Retry { extra: 1, backoff: Duration::from_millis(50) };
}

/// A peer, and how it is to be asked.
#[derive(Clone)]
pub struct Client {
    peer: Service,
    carrier: Arc<dyn Carrier>,
    timeout: Duration,
    retry: Retry,
}

impl Client {
    /// `timeout` is for one attempt.
    pub fn new(peer: Service, carrier: Arc<dyn Carrier>, timeout: Duration) -> Self {
        Client { peer, carrier, timeout, retry: Retry::NEVER }
    }

    #[must_use]
    pub fn retrying(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Asks and reads the answer as JSON.
    pub async fn call<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, Refusal> {
        self.call_for_status(ask).await.map(|(_, answer)| answer)
    }

    /// The same, with the status of success: by it a peer tells what it made just now from what was there before.
    pub async fn call_for_status<T: DeserializeOwned>(&self, ask: Ask) -> Result<(StatusCode, T), Refusal> {
        let (status, answer) = self.send(ask).await?;
        let answer = serde_json::from_slice(&answer);
        let answer = answer.map_err(|error| self.refusal(Why::Garbled(error.to_string()).into()))?;
        Ok((status, answer))
    }

    /// Asks and returns the answer as it came, for what is not JSON.
    pub async fn read(&self, ask: Ask) -> Result<Bytes, Refusal> {
        self.send(ask).await.map(|(_, answer)| answer)
    }

    /// Asks and does not look at the answer's body.
    pub async fn tell(&self, ask: Ask) -> Result<(), Refusal> {
        self.send(ask).await.map(drop)
    }

    async fn send(&self, ask: Ask) -> Result<(StatusCode, Bytes), Refusal> {
        if let Some(broken) = ask.broken {
            return Err(self.refusal(Why::Garbled(broken).into()));
        }
        let mut errand = Errand {
            peer: self.peer,
            method: ask.method,
            route: ask.route,
            path: ask.path,
            headers: ask.headers,
            body: ask.body,
            origin: ask.origin,
            trace_id: None,
            attempt: 0,
            timeout: self.timeout,
        };
        let retry = self.carrier.retry(&errand, self.retry);
        while errand.attempt < retry.extra {
            match self.attempt(errand.clone()).await {
                Err(No { why: Why::Status(status, _), .. }) if worth_repeating(status) => {
                    tokio::time::sleep(retry.backoff).await;
                    errand.attempt += 1;
                    errand.headers.insert(ATTEMPT, HeaderValue::from(errand.attempt));
                }
                done => return done.map_err(|no| self.refusal(no)),
            }
        }
        self.attempt(errand).await.map_err(|no| self.refusal(no))
    }

    async fn attempt(&self, errand: Errand) -> Result<(StatusCode, Bytes), No> {
        let response = self.carrier.carry(errand).await.map_err(Why::Lost)?;
        let (parts, body) = response.into_parts();
        if parts.status.is_success() {
            return Ok((parts.status, body));
        }
        Err(No { why: Why::Status(parts.status, serde_json::from_slice(&body).ok()), body })
    }

    fn refusal(&self, no: No) -> Refusal {
        Refusal { peer: self.peer, why: no.why, body: no.body }
    }
}

/// Why one attempt failed, and what was said with it.
struct No {
    why: Why,
    body: Bytes,
}

impl From<Why> for No {
    fn from(why: Why) -> Self {
        No { why, body: Bytes::new() }
    }
}

/// A question that got no usable answer.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub peer: Service,
    pub why: Why,
    body: Bytes,
}

#[derive(Clone, Debug)]
pub enum Why {
    /// The peer said no; the problem document is there when it sent one.
    Status(StatusCode, Option<Problem>),
    Lost(Lost),
    /// What was asked or answered was not what was agreed.
    Garbled(String),
}

impl Refusal {
    /// The status, when there was an answer at all.
    pub fn status(&self) -> Option<StatusCode> {
        match &self.why {
            Why::Status(status, _) => Some(*status),
            Why::Lost(_) | Why::Garbled(_) => None,
        }
    }

    /// What a peer that said no said with it, where a shape was agreed upon.
    pub fn said<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Status(status, _) => write!(f, "{} answered {}", self.peer, status.as_u16()),
            Why::Lost(Lost::TimedOut) => write!(f, "{} did not answer in time", self.peer),
            Why::Lost(Lost::Refused(text)) => write!(f, "{} is not reachable: {text}", self.peer),
            Why::Lost(Lost::Broken(text)) => write!(f, "the connection to {} broke: {text}", self.peer),
            Why::Garbled(text) => write!(f, "{} answered something unexpected: {text}", self.peer),
        }
    }
}

impl From<Refusal> for Error {
    /// Our own services' refusals keep their kind; of a third party's, only the fact that it failed is passed on.
    fn from(refusal: Refusal) -> Self {
        let ours = !refusal.peer.is_third_party();
        let error = match &refusal.why {
            Why::Status(status, Some(problem)) if ours => relay(*status, problem),
            Why::Status(..) | Why::Garbled(_) | Why::Lost(Lost::Broken(_)) => {
                Error::new(Kind::PeerFailed, format!("{} failed", refusal.peer))
            }
            Why::Lost(Lost::TimedOut) => {
                Error::new(Kind::PeerTimeout, format!("{} did not answer in time", refusal.peer))
            }
            Why::Lost(Lost::Refused(_)) => {
                Error::new(Kind::PeerUnreachable, format!("{} could not be reached", refusal.peer))
            }
        };
        error.caused_by(refusal)
    }
}

fn relay(status: StatusCode, problem: &Problem) -> Error {
    match problem.error_kind() {
        Some(Kind::Internal) | None => Error::new(Kind::PeerFailed, "a service behind this one failed"),
        Some(kind) if status.is_client_error() => {
            Error::new(kind, problem.detail.clone()).at(problem.field.clone().map(Into::into))
        }
        Some(kind) => Error::new(kind, problem.detail.clone()),
    }
}

fn worth_repeating(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
