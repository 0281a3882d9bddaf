//! The thread that takes signals out of the process, and the counters of what became of them.
//!
//! It has a runtime of its own, so that no backend ever takes time from a service, and speaks to no subscriber, so that
//! sending a signal never makes another: but for one line when a destination fails, and one when it is back.

use std::{
    io::Write,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ::http::{HeaderMap, HeaderValue, header};
use flate2::{Compression, write::GzEncoder};
use opentelemetry::{KeyValue, metrics::Meter};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::Resource;
use prost::Message;
use tokio::sync::watch;
use tracing::Dispatch;

use super::{
    config::{Config, Signal},
    encode::{self, Records, Spans},
    http,
    names::{attribute, help, metric, unit},
    outbox::{Outbox, Parcel},
    presence,
    scope::Scope,
    siblings,
    stdout::Stdout,
};

/// The destination's word in labels.
const OTLP: &str = "otlp";
const STDOUT: &str = "stdout";

/// All ways out of this process. Clones share them.
#[derive(Clone)]
pub struct Egress {
    spans: Arc<Spans>,
    records: Arc<Records>,
    outboxes: Vec<Arc<Outbox>>,
    stdout: Stdout,
    interval: Duration,
}

/// How one way out is doing; one row of `/api/state` and of the metrics.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Exit {
    pub signal: &'static str,
    pub destination: &'static str,
    /// Records that arrived.
    pub sent: u64,
    /// Requests that did not.
    pub failed: u64,
    /// Records that were given up.
    pub dropped: u64,
    pub queue_bytes: usize,
}

/// The running thread; dropped without [`Running::stop`], signals that wait are lost.
pub struct Running {
    stop: watch::Sender<Option<Instant>>,
    thread: thread::JoinHandle<()>,
}

impl Egress {
    pub fn new(config: &Config, stdout: Stdout) -> Self {
        let outbox = |signal| Some(Arc::new(Outbox::new(signal, config.destination(signal)?.clone())));
        Egress {
            spans: encode::queue(),
            records: encode::queue(),
            outboxes: Signal::ALL.into_iter().filter_map(outbox).collect(),
            stdout,
            interval: config.metric_interval,
        }
    }

    pub fn spans(&self) -> Arc<Spans> {
        self.spans.clone()
    }

    pub fn records(&self) -> Arc<Records> {
        self.records.clone()
    }

    pub fn exits(&self) -> Vec<Exit> {
        let stdout = Exit {
            signal: Signal::Logs.name(),
            destination: STDOUT,
            sent: self.stdout.sent(),
            failed: 0,
            dropped: self.stdout.dropped(),
            queue_bytes: self.stdout.queue_bytes(),
        };
        let outboxes = self.outboxes.iter().map(|outbox| {
            let counts = outbox.counts();
            let (waiting, lost) = match outbox.signal {
                Signal::Traces => (self.spans.bytes(), self.spans.dropped()),
                Signal::Logs => (self.records.bytes(), self.records.dropped()),
                Signal::Metrics => (0, 0),
            };
            Exit {
                signal: outbox.signal.name(),
                destination: OTLP,
                sent: counts.sent,
                failed: counts.failed,
                dropped: counts.dropped + lost,
                queue_bytes: counts.queue_bytes + waiting,
            }
        });
        outboxes.chain([stdout]).collect()
    }

    /// Makes the state of the egress itself measurable.
    pub fn watch(&self, meter: &Meter) {
        type Reading = fn(&Exit) -> u64;
        let counters: [(&str, Reading); 3] = [
            (metric::TELEMETRY_SENT, |exit| exit.sent),
            (metric::TELEMETRY_FAILED, |exit| exit.failed),
            (metric::TELEMETRY_DROPPED, |exit| exit.dropped),
        ];
        for (name, read) in counters {
            let egress = self.clone();
            meter
                .u64_observable_counter(name)
                .with_description(help(name))
                .with_unit(unit::RECORDS)
                .with_callback(move |observer| {
                    egress.exits().iter().for_each(|exit| observer.observe(read(exit), &exit.labels()));
                })
                .build();
        }
        let egress = self.clone();
        meter
            .u64_observable_gauge(metric::TELEMETRY_QUEUE)
            .with_description(help(metric::TELEMETRY_QUEUE))
            .with_unit(unit::BYTES)
            .with_callback(move |observer| {
                for exit in egress.exits() {
                    observer.observe(exit.queue_bytes as u64, &exit.labels());
                }
            })
            .build();
    }

    /// Starts the thread. `resources` are by service index, like the scopes' taps.
    pub fn start(&self, scopes: Vec<Arc<Scope>>, resources: Vec<Resource>) -> std::io::Result<Running> {
        let (stop, stopped) = watch::channel(None);
        let egress = self.clone();
        let aloud = tracing::dispatcher::get_default(Clone::clone);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("egress".into()).spawn(move || {
            let silence = tracing::subscriber::NoSubscriber::default();
            tracing::subscriber::with_default(silence, || {
                runtime.block_on(egress.run(scopes, resources, stopped, aloud));
            });
        })?;
        Ok(Running { stop, thread })
    }

    async fn run(
        self,
        scopes: Vec<Arc<Scope>>,
        resources: Vec<Resource>,
        stopped: watch::Receiver<Option<Instant>>,
        aloud: Dispatch,
    ) {
        let http = http::client();
        let mut tasks = tokio::task::JoinSet::new();
        for outbox in &self.outboxes {
            let (sender, client, aloud) = (outbox.clone(), http.clone(), aloud.clone());
            tasks.spawn(async move { sender.run(client, &aloud).await });
            let (outbox, resources) = (outbox.clone(), resources.clone());
            match outbox.signal {
                Signal::Traces => {
                    let queue = self.spans.clone();
                    tasks.spawn(async move { drop(encode::spans(queue, outbox, resources).await) });
                }
                Signal::Logs => {
                    let queue = self.records.clone();
                    tasks.spawn(async move { drop(encode::logs(queue, outbox, resources).await) });
                }
                Signal::Metrics => {
                    let (interval, stopped) = (self.interval, stopped.clone());
                    let scopes = scopes.clone();
                    tasks.spawn(send_metrics(scopes, outbox, interval, stopped));
                }
            }
        }
        let deadline = end_of(stopped).await;
        self.spans.close();
        self.records.close();
        let drained = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout_at(deadline.into(), drained).await.is_err() {
            tasks.shutdown().await;
            self.outboxes.iter().for_each(|outbox| outbox.abandon());
        }
    }
}

impl Exit {
    fn labels(&self) -> [KeyValue; 2] {
        [
            KeyValue::new(attribute::SIGNAL, self.signal),
            KeyValue::new(attribute::DESTINATION, self.destination),
        ]
    }
}

impl Running {
    /// Sends what waits, until `deadline` at the latest; what is left then is counted as dropped.
    pub fn stop(self, deadline: Instant) {
        let _ = self.stop.send(Some(deadline));
        // The thread holds nothing but what it sends; if it panicked there is nothing left to wait for.
        let _ = self.thread.join();
    }
}

/// Everything measured up to now, by all of `scopes`.
pub fn measured(scopes: &[Arc<Scope>]) -> ExportMetricsServiceRequest {
    let heard = scopes.iter().filter(|scope| !scope.presence.is_mute());
    let resource_metrics = heard.filter_map(|scope| {
        let mut request = ExportMetricsServiceRequest::from(&scope.signals()?.collect());
        if let Some(version) = scope.presence.version() {
            let senders = request.resource_metrics.iter_mut().filter_map(|one| one.resource.as_mut());
            senders.for_each(|sender| presence::stamp(&mut sender.attributes, &version));
        }
        Some(request.resource_metrics)
    });
    let mut request = ExportMetricsServiceRequest { resource_metrics: resource_metrics.flatten().collect() };
    siblings::add(&mut request);
    request
}

async fn send_metrics(
    scopes: Vec<Arc<Scope>>,
    outbox: Arc<Outbox>,
    interval: Duration,
    mut stopped: watch::Receiver<Option<Instant>>,
) {
    loop {
        let ended = tokio::time::timeout(interval, stopped.wait_for(Option::is_some)).await.is_ok();
        outbox.put(parcel(&measured(&scopes), &outbox));
        if ended {
            outbox.close();
            return;
        }
    }
}

fn parcel(request: &ExportMetricsServiceRequest, outbox: &Outbox) -> Parcel {
    let metrics = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    let records = metrics.map(|scope| scope.metrics.len() as u64).sum();
    let mut headers = HeaderMap::from_iter(outbox.destination.headers.iter().cloned());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
    let plain = request.encode_to_vec();
    let packed = outbox.destination.gzip.then(|| packed(&plain).ok()).flatten();
    if packed.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Parcel { body: packed.unwrap_or(plain).into(), headers, records }
}

fn packed(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(plain)?;
    packer.finish()
}

async fn end_of(mut stopped: watch::Receiver<Option<Instant>>) -> Instant {
    // A sender that is gone without a word leaves no time at all.
    stopped.wait_for(Option::is_some).await.ok().and_then(|deadline| *deadline).unwrap_or_else(Instant::now)
}
