//! The outbox before a backend that rejects, warns, and asks for patience.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    routing::post,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry,
};

use super::{
    exits::{Before, Exit, reason},
    outbox::{Outbox, Word},
};
use crate::{
    kernel::https::{self, Tls},
    telemetry::destination::{Backend, Destination, Signal},
};

const LONG: Duration = Duration::from_secs(20);

type Answer = (StatusCode, HeaderMap, Vec<u8>);

/// The names of the lines that were said.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<&'static str>>>);

impl<S: Subscriber> Layer<S> for Said {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.metadata().name());
    }
}

impl Said {
    fn dispatch(&self) -> Dispatch {
        Dispatch::new(registry::Registry::default().with(self.clone()))
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A backend that answers its n-th request as `answer` says; how many it had is counted.
async fn backend(answer: fn(usize) -> Answer) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::<AtomicUsize>::default();
    let count = asked.clone();
    let take = post(async move || answer(count.fetch_add(1, Ordering::SeqCst)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/traces", take)).await });
    (format!("http://{address}/v1/traces"), asked)
}

fn outbox(endpoint: &str) -> Arc<Outbox> {
    Arc::new(Outbox::new(
        Signal::Traces,
        Destination {
            backend: Backend::Otlp,
            endpoint: endpoint.parse().expect("an address"),
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            gzip: false,
            tls: Tls::default(),
        },
    ))
}

/// Sends `parcels` of ten records each, and all that the backend takes of them.
async fn sent(parcels: usize, answer: fn(usize) -> Answer) -> (Exit, Vec<&'static str>) {
    let (endpoint, _) = backend(answer).await;
    let (outbox, said) = (outbox(&endpoint), Said::default());
    (0..parcels).for_each(|_| outbox.post("spans".into(), 10));
    outbox.close();
    let aloud = said.dispatch();
    let run = outbox.run(https::client(https::mozilla()), &aloud);
    tokio::time::timeout(LONG, run).await.expect("it ends");
    (Exit::of(&outbox, &Before::default()), said.names())
}

fn partial(rejected_spans: i64, error_message: &str) -> Answer {
    let partial = ExportTracePartialSuccess { rejected_spans, error_message: error_message.to_owned() };
    let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    (StatusCode::OK, HeaderMap::new(), body)
}

#[tokio::test]
async fn what_a_backend_rejects_is_dropped_and_not_sent() {
    let (exit, said) = sent(5, |_| partial(10_000, "over the limit")).await;
    assert_eq!((exit.sent, exit.dropped, exit.failed), (0, 50, 0));
    assert_eq!(exit.dropped_because[reason::REJECTED], 50);
    assert_eq!(exit.last_minute.dropped, 50);
    assert_eq!(exit.standing, Word::Refusing);
    assert_eq!(exit.took_seconds_ago, None);
    assert_eq!(exit.trouble.as_deref(), Some("it rejects 10 of 10 records: over the limit"));
    assert_eq!(said, ["telemetry.rejected"], "once while it lasts");
}

#[tokio::test]
async fn a_part_that_is_rejected_is_counted_and_a_backend_that_rejects_now_and_then_is_said_once() {
    let (exit, said) = sent(6, |at| partial([3, 0][at % 2], "")).await;
    assert_eq!((exit.sent, exit.dropped), (51, 9));
    assert_eq!(exit.standing, Word::Refusing);
    assert_eq!(said, ["telemetry.rejected"]);
}

#[tokio::test]
async fn a_backend_that_was_busy_and_then_rejects_is_said_to_reject() {
    let busy = |at| if at == 0 { busy_for("0") } else { partial(10, "too old") };
    let (exit, said) = sent(2, busy).await;
    assert_eq!((exit.sent, exit.dropped, exit.failed), (0, 20, 1));
    assert_eq!(said, ["telemetry.away", "telemetry.rejected"]);
}

#[tokio::test]
async fn a_warning_with_nothing_rejected_is_said_once_and_drops_nothing() {
    let (exit, said) = sent(4, |_| partial(0, "this version is deprecated")).await;
    assert_eq!((exit.sent, exit.dropped, exit.standing), (40, 0, Word::Taking));
    assert_eq!(said, ["telemetry.warned"]);
}

fn busy_for(seconds: &'static str) -> Answer {
    let after = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static(seconds))]);
    (StatusCode::TOO_MANY_REQUESTS, after, Vec::new())
}

fn kept() -> Answer {
    (StatusCode::OK, HeaderMap::new(), Vec::new())
}

#[tokio::test]
async fn a_wait_that_was_asked_for_is_kept_and_the_end_of_the_process_ends_it() {
    let (endpoint, asked) = backend(|at| if at == 0 { busy_for("60") } else { kept() }).await;
    let outbox = outbox(&endpoint);
    outbox.post("spans".into(), 10);
    let sender = outbox.clone();
    let sending =
        tokio::spawn(async move { sender.run(https::client(https::mozilla()), &Dispatch::default()).await });
    let begun = Instant::now();
    while outbox.failed.total() == 0 && begun.elapsed() < LONG {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Its own pauses would have led to several tries by now.
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!((asked.load(Ordering::SeqCst), outbox.sent.total()), (1, 0));
    let closed = Instant::now();
    outbox.close();
    tokio::time::timeout(LONG, sending).await.expect("it ends").expect("it does not panic");
    assert!(closed.elapsed() < Duration::from_secs(10), "{:?}", closed.elapsed());
    assert_eq!((asked.load(Ordering::SeqCst), outbox.sent.total(), outbox.left.total()), (2, 10, 0));
}

#[tokio::test]
async fn a_backend_that_asks_for_a_long_wait_at_the_end_keeps_nothing_and_the_rest_is_counted() {
    let (endpoint, asked) = backend(|_| busy_for("60")).await;
    let outbox = outbox(&endpoint);
    (0..3).for_each(|_| outbox.post("spans".into(), 10));
    outbox.close();
    let aloud = Dispatch::default();
    let run = outbox.run(https::client(https::mozilla()), &aloud);
    tokio::time::timeout(LONG, run).await.expect("it ends");
    assert_eq!((asked.load(Ordering::SeqCst), outbox.left.total(), outbox.queue_bytes()), (1, 30, 0));
}
