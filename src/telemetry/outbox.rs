//! What waits for one destination, encoded, and the task that takes it there. Bounded in bytes; gives up the oldest
//! first; tries again with growing pauses; counts what was sent, what failed and what was dropped.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use tracing::{Dispatch, dispatcher, info, warn};

use super::{
    config::{Destination, Signal},
    http::Http,
    queue::Queue,
};

const LIMIT_BYTES: usize = 8 * 1024 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// As much of an answer as is read to find out that it was fine.
const ANSWER_BYTES: usize = 64 * 1024;

/// One request, ready to go: how many records are in it is what the counters count.
#[derive(Clone, Debug)]
pub struct Parcel {
    pub body: Bytes,
    pub headers: HeaderMap,
    pub records: u64,
}

/// The way out for one signal to one destination.
#[derive(Debug)]
pub struct Outbox {
    pub signal: Signal,
    pub destination: Destination,
    queue: Queue<Parcel>,
    sent: AtomicU64,
    failed: AtomicU64,
    away: AtomicBool,
}

/// What an outbox has done so far, in records; `failed` counts requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub sent: u64,
    pub failed: u64,
    pub dropped: u64,
    pub queue_bytes: usize,
}

enum Outcome {
    Delivered,
    /// Will not get better by trying again.
    Refused,
    TryAgain(Option<Duration>),
    Unreachable,
}

impl Outbox {
    pub fn new(signal: Signal, destination: Destination) -> Self {
        let queue = Queue::new(LIMIT_BYTES);
        let (sent, failed, away) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        Outbox { signal, destination, queue, sent, failed, away }
    }

    pub fn put(&self, parcel: Parcel) {
        let weight = parcel.body.len();
        self.queue.push(parcel, weight, |parcel| parcel.records);
    }

    pub fn counts(&self) -> Counts {
        Counts {
            sent: self.sent.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            dropped: self.queue.dropped(),
            queue_bytes: self.queue.bytes(),
        }
    }

    /// Nothing more will be put in; [`Outbox::run`] ends when the rest has been delivered.
    pub fn close(&self) {
        self.queue.close();
    }

    /// Delivers until the outbox is closed and empty; says `aloud` when the destination fails and when it is back.
    /// Whoever stops it earlier calls [`Outbox::abandon`].
    pub async fn run(&self, http: Http, aloud: &Dispatch) {
        let mut pause = FIRST_PAUSE;
        loop {
            self.queue.filled().await;
            let Some(parcel) = self.queue.take(1).pop() else { return };
            let (records, weight) = (parcel.records, parcel.body.len());
            // In sight of the counters until it is known what became of it: if this future is dropped meanwhile, the
            // guard counts the parcel as dropped.
            let mut guard = InHand { outbox: self, records };
            let outcome = self.deliver(&http, parcel.clone()).await;
            guard.records = 0;
            self.note(&outcome, aloud);
            match outcome {
                Outcome::Delivered => {
                    self.sent.fetch_add(records, Ordering::Relaxed);
                    pause = FIRST_PAUSE;
                    continue;
                }
                Outcome::Refused => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    self.queue.count_dropped(records);
                    continue;
                }
                Outcome::Unreachable if self.queue.is_closed() => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    self.queue.count_dropped(records);
                    self.abandon();
                    return;
                }
                Outcome::TryAgain(_) | Outcome::Unreachable => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    self.queue.put_back(parcel, weight, |parcel| parcel.records);
                }
            }
            let asked = match outcome {
                Outcome::TryAgain(asked) => asked,
                Outcome::Delivered | Outcome::Refused | Outcome::Unreachable => None,
            };
            tokio::time::sleep(asked.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn note(&self, outcome: &Outcome, aloud: &Dispatch) {
        let trouble = match outcome {
            Outcome::Delivered => None,
            Outcome::Refused => Some("it refuses what is sent"),
            Outcome::TryAgain(_) => Some("it did not answer, or asked to try again"),
            Outcome::Unreachable => Some("nobody can be reached there"),
        };
        if self.away.swap(trouble.is_some(), Ordering::Relaxed) == trouble.is_some() {
            return;
        }
        // The address may hold a key in its query: host and path are enough.
        let place = self.destination.endpoint.authority().map_or("", |authority| authority.as_str());
        let (signal, place) = (self.signal.name(), place.rsplit('@').next().unwrap_or(place));
        dispatcher::with_default(aloud, || match trouble {
            Some(trouble) => {
                warn!(name: "telemetry.away", signal, destination = place, trouble, "signals are not taken, they wait");
            }
            None => info!(name: "telemetry.back", signal, destination = place, "signals are taken again"),
        });
    }

    /// Counts all that is still here as dropped.
    pub fn abandon(&self) {
        for parcel in self.queue.take(usize::MAX) {
            self.queue.count_dropped(parcel.records);
        }
    }

    async fn deliver(&self, http: &Http, parcel: Parcel) -> Outcome {
        let mut request = Request::new(Full::new(parcel.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.destination.endpoint.clone();
        *request.headers_mut() = parcel.headers;
        let answered = async {
            let response = http.request(request).await.map_err(|error| error.is_connect())?;
            let (parts, body) = response.into_parts();
            // Read, so that the connection can be used again.
            let _ = Limited::new(body, ANSWER_BYTES).collect().await;
            Ok::<_, bool>(parts)
        };
        match tokio::time::timeout(self.destination.timeout, answered).await {
            Ok(Ok(parts)) if parts.status.is_success() => Outcome::Delivered,
            Ok(Ok(parts)) if worth_repeating(parts.status) => Outcome::TryAgain(retry_after(&parts.headers)),
            Ok(Ok(_)) => Outcome::Refused,
            Ok(Err(true)) => Outcome::Unreachable,
            Ok(Err(false)) | Err(_) => Outcome::TryAgain(None),
        }
    }
}

/// Counts a parcel as dropped if nobody came to know what became of it.
struct InHand<'a> {
    outbox: &'a Outbox,
    records: u64,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if self.records > 0 {
            self.outbox.queue.count_dropped(self.records);
        }
    }
}

/// The answers after which OTLP asks senders to try again.
fn worth_repeating(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}
