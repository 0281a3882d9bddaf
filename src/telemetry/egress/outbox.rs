//! What waits for one destination, encoded, and the task that takes it there. Bounded in bytes; gives up the oldest
//! first; tries again with growing pauses; counts what was sent, what failed and what was given up, and why.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Method, Request, header, response::Parts};
use http_body_util::{BodyExt, Full, Limited};
use serde::Serialize;
use tracing::{Dispatch, dispatcher, info, warn};

use super::{
    answer::{Partial, retry_after, words},
    count::Count,
    queue::Queue,
};
use crate::{
    kernel::https::{Http, innermost},
    telemetry::destination::{Backend, Destination, Signal},
};

const LIMIT_BYTES: usize = 8 * 1024 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The longest wait that a destination may ask for by `Retry-After`. What comes meanwhile waits in the queue, which is
/// bounded; so a longer wait would lose more, and say less.
const LONGEST_ASKED: Duration = Duration::from_secs(300);
/// The longest wait by `Retry-After` once nothing more comes.
const LONGEST_LAST: Duration = Duration::from_secs(1);
/// A destination that rejected something counts as refusing until it has kept everything for this long: one that rejects
/// some records of every other request is not said to recover each time.
const STILL_REJECTING: Duration = Duration::from_secs(10);
/// Where trouble turns into loss, that is said, but no more often than this.
const LOSS_SAID: Duration = Duration::from_secs(60);
/// A warning of a destination is not repeated within this time.
const WARNED: Duration = Duration::from_secs(600);
/// As much of an answer as is read.
const ANSWER_BYTES: usize = 256 * 1024;

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
    /// Records that arrived.
    pub sent: Count,
    /// Requests that did not.
    pub failed: Count,
    /// Records of requests that the destination refused.
    pub refused: Count,
    /// Records that the destination rejected out of requests that it took.
    pub rejected: Count,
    /// Records that were still here at the end.
    pub left: Count,
    standing: Mutex<Standing>,
}

/// How a destination stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Nothing was ever sent there.
    #[default]
    Idle,
    Taking,
    /// It answers, but does not take what is sent now; that waits.
    Busy,
    /// It does not answer; what is sent waits.
    Away,
    /// It refuses what is sent; that is given up.
    Refusing,
}

/// How a destination answered last.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What is wrong, in words; `None` while all is well.
    pub trouble: Option<String>,
    /// Of which kind that is.
    pub word: Word,
    /// When it last took something.
    pub took: Option<Instant>,
    /// When it last rejected a part of a request.
    rejected: Option<Instant>,
    /// When it was last said that signals are dropped.
    lost: Option<Instant>,
    /// When a warning of it was last said.
    warned: Option<Instant>,
}

enum Outcome {
    /// It took the request, and of its records all but those that it says it rejected.
    Delivered(Partial),
    /// Will not get better by trying again.
    Refused(String),
    /// May get better, after the pause that was asked for.
    Busy(String, Option<Duration>),
    /// No answer in time; the wait was pause enough.
    Silent(String),
    Unreachable(String),
}

impl Outbox {
    pub fn new(signal: Signal, destination: Destination) -> Self {
        Outbox {
            signal,
            destination,
            queue: Queue::new(LIMIT_BYTES),
            sent: Count::default(),
            failed: Count::default(),
            refused: Count::default(),
            rejected: Count::default(),
            left: Count::default(),
            standing: Mutex::default(),
        }
    }

    /// Packs and addresses a body with `records` in it. An empty one is no parcel.
    pub fn post(&self, plain: Bytes, records: u64) {
        if plain.is_empty() {
            return;
        }
        let mut headers = HeaderMap::from_iter(self.destination.headers.iter().cloned());
        headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(self.destination.backend.content_type()));
        if let Some(encoding) = self.destination.backend.encoding() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        let packed = self.destination.gzip.then(|| packed(&plain).ok()).flatten();
        if packed.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        self.put(Parcel { body: packed.map_or(plain, Bytes::from), headers, records });
    }

    pub fn put(&self, parcel: Parcel) {
        let weight = parcel.body.len();
        self.queue.push(parcel, weight, |parcel| parcel.records);
    }

    pub fn queue_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// Records that had to go because they were the oldest in a full outbox.
    pub fn displaced(&self) -> &Count {
        &self.queue.displaced
    }

    pub fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The destination as a person reads it: an address may hold a key in its query or before its host.
    pub fn place(&self) -> String {
        let endpoint = &self.destination.endpoint;
        let place = endpoint.authority().map_or("", |authority| authority.as_str());
        let place = place.rsplit('@').next().unwrap_or(place);
        format!("{}://{place}{}", endpoint.scheme_str().unwrap_or_default(), endpoint.path())
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
            // guard counts the parcel as left behind.
            let mut guard = InHand { outbox: self, records };
            let outcome = self.deliver(&http, parcel.clone()).await;
            guard.records = 0;
            self.note(&outcome, records, aloud);
            let asked = match outcome {
                Outcome::Delivered(Partial { rejected, .. }) => {
                    let rejected = rejected.min(records);
                    self.sent.add(records - rejected);
                    self.rejected.add(rejected);
                    pause = FIRST_PAUSE;
                    continue;
                }
                Outcome::Refused(_) => {
                    self.failed.add(1);
                    self.refused.add(records);
                    continue;
                }
                Outcome::Unreachable(_) if self.queue.is_closed() => {
                    self.failed.add(1);
                    self.left.add(records);
                    return self.abandon();
                }
                // Before the process ends there is no time for a long wait.
                Outcome::Busy(_, Some(asked)) if self.queue.is_closed() && asked > LONGEST_LAST => {
                    self.failed.add(1);
                    self.left.add(records);
                    return self.abandon();
                }
                Outcome::Silent(_) => Some(FIRST_PAUSE),
                Outcome::Busy(_, asked) => asked.map(|asked| asked.min(LONGEST_ASKED)),
                Outcome::Unreachable(_) => None,
            };
            self.failed.add(1);
            self.queue.put_back(parcel, weight, |parcel| parcel.records);
            match asked {
                // The end of the process ends the wait: then there is one last try.
                Some(asked) if !self.queue.is_closed() => {
                    let _ = tokio::time::timeout(asked, self.queue.closed()).await;
                }
                Some(asked) => tokio::time::sleep(asked).await,
                None => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Notes how the destination answered to so many `records`, and says what is new of it.
    fn note(&self, outcome: &Outcome, records: u64, aloud: &Dispatch) {
        let rejected = match outcome {
            Outcome::Delivered(partial) => partial.rejected.min(records),
            Outcome::Refused(_) | Outcome::Busy(..) | Outcome::Silent(_) | Outcome::Unreachable(_) => 0,
        };
        let (trouble, word) = match outcome {
            Outcome::Delivered(partial) if rejected > 0 => {
                (Some(rejection(rejected, records, partial.message.as_deref())), Word::Refusing)
            }
            Outcome::Delivered(_) => (None, Word::Taking),
            Outcome::Refused(words) => (Some(words.clone()), Word::Refusing),
            Outcome::Busy(words, _) => (Some(words.clone()), Word::Busy),
            Outcome::Silent(words) | Outcome::Unreachable(words) => (Some(words.clone()), Word::Away),
        };
        let now = Instant::now();
        let since = |at: Option<Instant>| at.map_or(Duration::MAX, |at| now.duration_since(at));
        let warning = match outcome {
            Outcome::Delivered(Partial { rejected: 0, message }) => message.as_deref(),
            Outcome::Delivered(_)
            | Outcome::Refused(_)
            | Outcome::Busy(..)
            | Outcome::Silent(_)
            | Outcome::Unreachable(_) => None,
        };
        let (is_news, warning) = {
            let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
            let was_well = standing.trouble.is_none();
            if rejected > 0 {
                standing.rejected = Some(now);
            }
            if matches!(outcome, Outcome::Delivered(_)) && rejected < records {
                standing.took = Some(now);
            }
            let is_rejecting = word == Word::Taking
                && standing.word == Word::Refusing
                && since(standing.rejected) < STILL_REJECTING;
            if is_rejecting {
                return;
            }
            // That signals wait is no longer true once they are dropped.
            let is_lost = word == Word::Refusing
                && standing.word != Word::Refusing
                && since(standing.lost) >= LOSS_SAID;
            let is_news = was_well != trouble.is_none() || is_lost;
            if is_news && word == Word::Refusing {
                standing.lost = Some(now);
            }
            standing.trouble.clone_from(&trouble);
            standing.word = word;
            let warning = warning.filter(|_| since(standing.warned) >= WARNED);
            if warning.is_some() {
                standing.warned = Some(now);
            }
            (is_news, warning)
        };
        let (signal, destination) = (self.signal.name(), self.place());
        dispatcher::with_default(aloud, || {
            if let Some(warning) = warning {
                warn!(name: "telemetry.warned", signal, destination, warning, "the destination warns");
            }
            if !is_news {
                return;
            }
            match &trouble {
                Some(trouble) if rejected > 0 => {
                    warn!(name: "telemetry.rejected", signal, destination, trouble, "signals are rejected, they are dropped");
                }
                Some(trouble) if word == Word::Refusing => {
                    warn!(name: "telemetry.refused", signal, destination, trouble, "signals are refused, they are dropped");
                }
                Some(trouble) => {
                    warn!(name: "telemetry.away", signal, destination, trouble, "signals are not taken, they wait");
                }
                None => info!(name: "telemetry.back", signal, destination, "signals are taken again"),
            }
        });
    }

    /// Counts all that is still here as left behind.
    pub fn abandon(&self) {
        self.left.add(self.queue.take(usize::MAX).iter().map(|parcel| parcel.records).sum());
    }

    async fn deliver(&self, http: &Http, parcel: Parcel) -> Outcome {
        let mut request = Request::new(Full::new(parcel.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.destination.endpoint.clone();
        *request.headers_mut() = parcel.headers;
        let answered = async {
            let response = http.request(request).await?;
            let (parts, body) = response.into_parts();
            // Read, so that the connection can be used again.
            let body = Limited::new(body, ANSWER_BYTES).collect().await.map(|body| body.to_bytes());
            Ok::<_, hyper_util::client::legacy::Error>((parts, body.unwrap_or_default()))
        };
        match tokio::time::timeout(self.destination.timeout, answered).await {
            Ok(Ok((parts, body))) if parts.status.is_success() => {
                Outcome::Delivered(match self.destination.backend {
                    Backend::Otlp => Partial::read(self.signal, &parts.headers, &body),
                    Backend::Loki | Backend::Pyroscope => Partial::default(),
                })
            }
            Ok(Ok((parts, body))) => {
                let words = refusal(&parts, &body);
                if self.destination.backend.may_recover(parts.status) {
                    Outcome::Busy(words, retry_after(&parts.headers, SystemTime::now()))
                } else {
                    Outcome::Refused(words)
                }
            }
            Ok(Err(error)) if error.is_connect() => Outcome::Unreachable(innermost(&error)),
            Ok(Err(error)) => Outcome::Busy(innermost(&error), None),
            Err(_) => Outcome::Silent(format!("no answer within {:?}", self.destination.timeout)),
        }
    }
}

/// Counts a parcel as left behind if nobody came to know what became of it.
struct InHand<'a> {
    outbox: &'a Outbox,
    records: u64,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.outbox.left.add(self.records);
    }
}

/// The status and the first line of what was answered, as far as it is text.
fn refusal(parts: &Parts, body: &[u8]) -> String {
    let status = parts.status.as_u16();
    let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = std::str::from_utf8(line).ok().filter(|text| !text.trim().contains(char::is_control));
    match text.and_then(words) {
        Some(words) => format!("it answers {status}: {words}"),
        None => format!("it answers {status}"),
    }
}

/// How much of a request was rejected, and why.
fn rejection(rejected: u64, records: u64, message: Option<&str>) -> String {
    let because = message.map_or(String::new(), |message| format!(": {message}"));
    format!("it rejects {rejected} of {records} records{because}")
}

fn packed(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(plain)?;
    packer.finish()
}
