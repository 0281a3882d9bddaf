//! From spans and log records to OTLP requests: the SDK hands over what ended, a bounded queue keeps it, and
//! `opentelemetry-otlp`'s exporters turn it into requests, service by service.
//!
//! The SDK's own batch processors are not used: each is a thread per service and signal, waits five seconds before the
//! first span leaves, and drops without saying so when its 2,048 places are taken.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use opentelemetry::{Context, InstrumentationScope, logs::LogRecord as _};
use opentelemetry_otlp::{LogExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::{LogBatch, LogExporter as _, LogProcessor, SdkLogRecord},
    trace::{Span, SpanData, SpanExporter as _, SpanProcessor},
};

use crate::telemetry::{
    egress::{count::Count, door::Door, queue::Queue},
    presence::{Presence, Version},
    resource,
};

/// Spans or records that wait to be encoded may take about this much, in bytes.
const LIMIT_BYTES: usize = 24 * 1024 * 1024;
/// How long the first of a batch waits for others to come along.
const LINGER: Duration = Duration::from_millis(200);
/// The most records in one request.
const BATCH: usize = 2048;

/// A record, the index of the service it belongs to, and the version it was made by.
#[derive(Debug)]
pub struct Owned<T> {
    pub service: usize,
    pub version: Version,
    pub item: T,
}
type Record = Box<(SdkLogRecord, InstrumentationScope)>;

/// Ended spans on their way to the encoder.
pub type Spans = Queue<Owned<SpanData>>;
/// Log records on their way to the encoder.
pub type Records = Queue<Owned<Record>>;

/// An empty queue of the right size.
pub fn queue<T>() -> Arc<Queue<T>> {
    Arc::new(Queue::new(LIMIT_BYTES))
}

/// Hands each ended span of one service to the queue.
#[derive(Debug)]
pub struct SpanTap {
    pub service: usize,
    pub presence: Arc<Presence>,
    /// All spans go here,
    pub queue: Option<Arc<Spans>>,
    /// and here, where there is a tail rule before they leave.
    pub tail: Option<Arc<Spans>>,
}

impl SpanProcessor for SpanTap {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        // Who is not there does not tell how its last requests ended.
        if self.presence.is_mute() {
            return;
        }
        let weight = weight(&span);
        let owned = |item| Owned { service: self.service, version: self.presence.version(), item };
        if let Some(tail) = &self.tail {
            tail.push(owned(span.clone()), weight, |_| 1);
        }
        if let Some(queue) = &self.queue {
            queue.push(owned(span), weight, |_| 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// What a span takes in memory, about: its own fields, and this much an attribute.
pub fn weight(span: &SpanData) -> usize {
    size_of::<SpanData>() + span.attributes.capacity() * 64
}

/// Hands each log record of one service to the queue.
#[derive(Debug)]
pub struct LogTap {
    pub service: usize,
    pub presence: Arc<Presence>,
    pub queue: Arc<Records>,
}

impl LogProcessor for LogTap {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        if self.presence.is_mute() {
            return;
        }
        // Events without a name of their own are called after the file they stand in; a path is nobody's business.
        if record.event_name().is_some_and(|name| name.starts_with("event ")) {
            record.set_event_name("log");
        }
        let weight = size_of::<SdkLogRecord>() + 256;
        let item = Box::new((record.clone(), scope.clone()));
        let owned = Owned { service: self.service, version: self.presence.version(), item };
        self.queue.push(owned, weight, |_| 1);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// One service's exporter, and who it speaks for: the sender, as this version.
struct Exporter<E> {
    exporter: E,
    sender: Resource,
    version: Version,
}

/// Encodes spans until the queue is closed and empty, and hands each batch to `ship` as one request: of all services.
pub async fn spans(
    queue: &Spans,
    resources: Vec<Resource>,
    unencodable: &Count,
    ship: impl FnMut(Bytes, u64),
) {
    let door = Door::default();
    let exporters = resources.into_iter().filter_map(|sender| {
        let mut exporter = through(SpanExporter::builder().with_http(), &door).build().ok()?;
        exporter.set_resource(&sender);
        Some(Exporter { exporter, sender, version: None })
    });
    let export = async |exporter: &SpanExporter, batch| exporter.export(batch).await;
    let pipe = Pipe { door: &door, exporters: exporters.collect(), unencodable };
    pipe.run(queue, SpanExporter::set_resource, export, ship).await;
}

/// The same with log records.
pub async fn logs(
    queue: &Records,
    resources: Vec<Resource>,
    unencodable: &Count,
    ship: impl FnMut(Bytes, u64),
) {
    let door = Door::default();
    let exporters = resources.into_iter().filter_map(|sender| {
        let mut exporter = through(LogExporter::builder().with_http(), &door).build().ok()?;
        exporter.set_resource(&sender);
        Some(Exporter { exporter, sender, version: None })
    });
    let export = async |exporter: &LogExporter, batch: Vec<Record>| {
        let pairs: Vec<_> = batch.iter().map(|record| (&record.0, &record.1)).collect();
        exporter.export(LogBatch::new(&pairs)).await
    };
    let pipe = Pipe { door: &door, exporters: exporters.collect(), unencodable };
    pipe.run(queue, LogExporter::set_resource, export, ship).await;
}

/// Where an exporter thinks it sends to; the door takes it all.
const NOWHERE: &str = "http://localhost/";

fn through<B: WithExportConfig + WithHttpConfig>(builder: B, door: &Door) -> B {
    builder.with_http_client(door.clone()).with_protocol(Protocol::HttpBinary).with_endpoint(NOWHERE)
}

/// The exporters of all services and the door they share.
struct Pipe<'a, E> {
    door: &'a Door,
    exporters: Vec<Exporter<E>>,
    unencodable: &'a Count,
}

impl<E> Pipe<'_, E> {
    async fn run<T>(
        mut self,
        queue: &Queue<Owned<T>>,
        speak_for: impl Fn(&mut E, &Resource),
        export: impl AsyncFn(&E, Vec<T>) -> OTelSdkResult,
        mut ship: impl FnMut(Bytes, u64),
    ) {
        loop {
            queue.filled().await;
            // A full batch does not wait for company: that would bound the rate and not the delay.
            if !queue.is_closed() && queue.len() < BATCH {
                tokio::time::sleep(LINGER).await;
            }
            let taken = queue.take(BATCH);
            if taken.is_empty() && queue.is_closed() {
                return;
            }
            let mut records = 0;
            for (service, version, batch) in by_sender(taken) {
                let count = batch.len() as u64;
                let Some(one) = self.exporters.get_mut(service) else {
                    self.unencodable.add(count);
                    continue;
                };
                if one.version != version {
                    let sender = version.as_deref().map(|version| resource::released(&one.sender, version));
                    speak_for(&mut one.exporter, sender.as_ref().unwrap_or(&one.sender));
                    one.version = version;
                }
                match export(&one.exporter, batch).await {
                    Ok(()) => records += count,
                    Err(_) => self.unencodable.add(count),
                }
            }
            ship(self.door.take(), records);
            tokio::task::yield_now().await;
        }
    }
}

/// A request tells of one sender: a service as one version.
fn by_sender<T>(taken: Vec<Owned<T>>) -> Vec<(usize, Version, Vec<T>)> {
    let mut batches: Vec<(usize, Version, Vec<T>)> = Vec::new();
    for Owned { service, version, item } in taken {
        match batches.iter_mut().find(|batch| batch.0 == service && batch.1 == version) {
            Some(batch) => batch.2.push(item),
            None => batches.push((service, version, vec![item])),
        }
    }
    batches
}
