//! From spans and log records to OTLP requests: the SDK hands over what ended, a bounded queue keeps it, and
//! `opentelemetry-otlp`'s exporters turn it into requests, service by service.
//!
//! The SDK's own batch processors are not used: each is a thread per service and signal, waits five seconds before the
//! first span leaves, and drops without saying so when its 2,048 places are taken.

use std::{sync::Arc, time::Duration};

use opentelemetry::{Context, InstrumentationScope, logs::LogRecord as _};
use opentelemetry_otlp::{LogExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::{LogBatch, LogExporter as _, LogProcessor, SdkLogRecord},
    trace::{Span, SpanData, SpanExporter as _, SpanProcessor},
};

use super::{config::Destination, door::Door, outbox::Outbox, queue::Queue};

/// Spans or records that wait to be encoded may take about this much, in bytes.
const LIMIT_BYTES: usize = 24 * 1024 * 1024;
/// How long the first of a batch waits for others to come along.
const LINGER: Duration = Duration::from_millis(200);
/// The most records in one request.
const BATCH: usize = 2048;

/// A record, and the index of the service it belongs to.
type Owned<T> = (usize, T);
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
    pub queue: Arc<Spans>,
}

impl SpanProcessor for SpanTap {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        // What a span takes in memory: its own fields, and about this much an attribute.
        let weight = size_of::<SpanData>() + span.attributes.capacity() * 64;
        self.queue.push((self.service, span), weight, |_| 1);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Hands each log record of one service to the queue.
#[derive(Debug)]
pub struct LogTap {
    pub service: usize,
    pub queue: Arc<Records>,
}

impl LogProcessor for LogTap {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        // Events without a name of their own are called after the file they stand in; a path is nobody's business.
        if record.event_name().is_some_and(|name| name.starts_with("event ")) {
            record.set_event_name("log");
        }
        let weight = size_of::<SdkLogRecord>() + 256;
        self.queue.push((self.service, Box::new((record.clone(), scope.clone()))), weight, |_| 1);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// One service's exporter and the door it leaves by.
struct Exit<E> {
    exporter: E,
    door: Door,
}

/// Encodes spans until the queue is closed and empty.
pub async fn spans(queue: Arc<Spans>, outbox: Arc<Outbox>, resources: Vec<Resource>) -> Result<(), String> {
    let exits = resources.iter().map(|resource| {
        let door = Door::new(outbox.clone());
        let builder = dressed(SpanExporter::builder().with_http(), &door, &outbox.destination);
        let mut exporter = builder.build().map_err(|error| error.to_string())?;
        exporter.set_resource(resource);
        Ok(Exit { exporter, door })
    });
    let exits: Vec<_> = exits.collect::<Result<_, String>>()?;
    each_batch(&queue, &outbox, exits, async |exit: &Exit<SpanExporter>, batch| {
        exit.exporter.export(batch).await
    })
    .await;
    Ok(())
}

/// Encodes log records until the queue is closed and empty.
pub async fn logs(queue: Arc<Records>, outbox: Arc<Outbox>, resources: Vec<Resource>) -> Result<(), String> {
    let exits = resources.iter().map(|resource| {
        let door = Door::new(outbox.clone());
        let builder = dressed(LogExporter::builder().with_http(), &door, &outbox.destination);
        let mut exporter = builder.build().map_err(|error| error.to_string())?;
        exporter.set_resource(resource);
        Ok(Exit { exporter, door })
    });
    let exits: Vec<_> = exits.collect::<Result<_, String>>()?;
    each_batch(&queue, &outbox, exits, async |exit: &Exit<LogExporter>, batch: Vec<Record>| {
        let pairs: Vec<_> = batch.iter().map(|record| (&record.0, &record.1)).collect();
        exit.exporter.export(LogBatch::new(&pairs)).await
    })
    .await;
    Ok(())
}

fn dressed<B: WithExportConfig + WithHttpConfig>(builder: B, door: &Door, to: &Destination) -> B {
    let headers = to.headers.iter().filter_map(|(name, value)| {
        value.to_str().ok().map(|value| (name.as_str().to_owned(), value.to_owned()))
    });
    let builder = builder
        .with_http_client(door.clone())
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(to.endpoint.to_string())
        .with_headers(headers.collect());
    if to.gzip { builder.with_compression(opentelemetry_otlp::Compression::Gzip) } else { builder }
}

async fn each_batch<T, E>(
    queue: &Queue<Owned<T>>,
    outbox: &Outbox,
    exits: Vec<Exit<E>>,
    export: impl AsyncFn(&Exit<E>, Vec<T>) -> OTelSdkResult,
) {
    loop {
        queue.filled().await;
        // A full batch does not wait for company: that would bound the rate and not the delay.
        if !queue.is_closed() && queue.len() < BATCH {
            tokio::time::sleep(LINGER).await;
        }
        let taken = queue.take(BATCH);
        if taken.is_empty() && queue.is_closed() {
            break;
        }
        let mut batches: Vec<Vec<T>> = exits.iter().map(|_| Vec::new()).collect();
        for (service, item) in taken {
            batches[service].push(item);
        }
        for (exit, batch) in exits.iter().zip(batches).filter(|(_, batch)| !batch.is_empty()) {
            let records = batch.len();
            exit.door.announce(records);
            if export(exit, batch).await.is_err() {
                queue.count_dropped(records as u64);
            }
        }
        tokio::task::yield_now().await;
    }
    outbox.close();
}
