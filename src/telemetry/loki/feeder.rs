//! Shows each line to a `tracing-loki` layer of the service it belongs to, takes what comes out at the relay, and puts it
//! into Loki's outbox.
//!
//! Not the services themselves do this: a layer makes a JSON object of each event on the thread that speaks, and a
//! service that speaks fast would lose lines without knowing.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use opentelemetry_sdk::Resource;
use tracing::{Dispatch, Level, Metadata, dispatcher, level_filters::LevelFilter};
use tracing_loki::BackgroundTask;
use tracing_subscriber::{
    Layer,
    filter::FilterFn,
    layer::SubscriberExt,
    registry::{self, Registry},
};

use super::{convoy::Convoy, pack::pack, wire::Timestamp};
use crate::{
    kernel::service::Service,
    telemetry::{egress::outbox::Outbox, line::Line, names, resource},
};

/// Where the relay listens for what `tracing-loki` sends.
pub const PATH: &str = "/loki/api/v1/push";
/// Half of the places that `tracing-loki` has.
const CONVOY_LINES: usize = 256;
/// How long a convoy may take from here to the relay: both are this very thread.
const PATIENCE: Duration = Duration::from_secs(1);
/// Marks the events that carry lines, and no others pass.
const TARGET: &str = "doorbuster::line";

/// Feeds Loki's outbox.
pub struct Feeder {
    /// By [`Service::index`].
    layers: Vec<Option<Dispatch>>,
    convoy: Arc<Convoy>,
    outbox: Arc<Outbox>,
}

impl Feeder {
    /// A feeder, and the tasks that have to run for it to get anywhere. `base` is the relay's address; no line is more
    /// verbose than `verbosity`.
    pub fn new<'a>(
        base: &str,
        senders: impl Iterator<Item = (Service, &'a Resource)>,
        verbosity: LevelFilter,
        convoy: Arc<Convoy>,
        outbox: Arc<Outbox>,
    ) -> (Self, Vec<BackgroundTask>) {
        let mut layers: Vec<Option<Dispatch>> = Service::ALL.iter().map(|_| None).collect();
        let mut tasks = Vec::new();
        for (service, sender) in senders {
            if let Some((layer, task)) = layer(base, service, sender) {
                let carriers = FilterFn::new(is_carrier as fn(&Metadata<'_>) -> bool);
                // Without the bound, every `trace!` in every crate would ask whether it is heard.
                let carriers = carriers.with_max_level_hint(verbosity);
                let subscriber =
                    registry::Registry::default().with(Layer::<Registry>::with_filter(layer, carriers));
                layers[service.index()] = Some(Dispatch::new(subscriber));
                tasks.push(task);
            }
        }
        (Feeder { layers, convoy, outbox }, tasks)
    }

    /// Takes `lines` to the outbox. Those that are still here when this future is dropped are counted as left behind.
    pub async fn feed(&self, lines: &[Line]) {
        let mut in_hand = InHand::new(self, lines);
        for lines in lines.chunks(CONVOY_LINES) {
            let number = self.convoy.depart(lines.len());
            for (place, line) in lines.iter().enumerate() {
                if let Some(layer) = self.layers.get(line.service.index()).and_then(Option::as_ref) {
                    dispatcher::with_default(layer, || carry(number, place, line));
                }
            }
            // Whether it came to its end or not is counted by the convoy.
            let _ = tokio::time::timeout(PATIENCE, self.convoy.complete()).await;
            let arrived = self.convoy.end();
            in_hand.release(lines);
            for (body, lines) in pack(arrived) {
                self.outbox.post(body, lines);
            }
        }
    }

    /// Nothing more will be fed.
    pub fn close(&self) {
        self.outbox.close();
    }
}

fn layer(base: &str, service: Service, sender: &Resource) -> Option<(tracing_loki::Layer, BackgroundTask)> {
    let name = resource::name(sender, service);
    let labelled = tracing_loki::builder().label(names::resource::SERVICE_LABEL, name).ok()?;
    let labelled = labelled.label("namespace", names::resource::NAMESPACE).ok()?;
    labelled.build_url(format!("{base}/").parse().ok()?).ok()
}

/// The level of an event is part of the place that speaks it.
fn carry(convoy: u64, place: usize, line: &Line) {
    let Timestamp { seconds, nanos } = line.at.into();
    let (trace_id, span_id) = line.ids.map(|(trace, span)| (trace.to_string(), span.to_string())).unzip();
    macro_rules! carry_at {
        ($level:ident) => {
            tracing::event!(
                target: TARGET, Level::$level,
                convoy, place, line = &*line.text, seconds, nanos, trace_id, span_id
            )
        };
    }
    match line.level {
        Level::ERROR => carry_at!(ERROR),
        Level::WARN => carry_at!(WARN),
        Level::INFO => carry_at!(INFO),
        Level::DEBUG => carry_at!(DEBUG),
        Level::TRACE => carry_at!(TRACE),
    }
}

fn is_carrier(metadata: &Metadata<'_>) -> bool {
    metadata.target() == TARGET
}

/// Keeps the account of the lines that are neither in a queue nor in the outbox.
struct InHand<'a> {
    feeder: &'a Feeder,
    lines: u64,
    bytes: usize,
}

impl<'a> InHand<'a> {
    fn new(feeder: &'a Feeder, lines: &[Line]) -> Self {
        let bytes = bytes(lines);
        feeder.convoy.in_hand_bytes.fetch_add(bytes, Ordering::Relaxed);
        InHand { feeder, lines: lines.len() as u64, bytes }
    }

    fn release(&mut self, lines: &[Line]) {
        self.lines -= lines.len() as u64;
        self.bytes -= bytes(lines);
        self.feeder.convoy.in_hand_bytes.fetch_sub(bytes(lines), Ordering::Relaxed);
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.feeder.outbox.left.add(self.lines);
        self.feeder.convoy.in_hand_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn bytes(lines: &[Line]) -> usize {
    lines.iter().map(|line| line.text.len()).sum()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::SystemTime};

    use super::*;
    use crate::telemetry::{
        destination::{Backend, Destination, Signal},
        egress::relay::{Relay, Taker},
    };

    const LEVELS: [Level; 5] = [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];

    fn lines(levels: &[Level]) -> Vec<Line> {
        let line = |level: &Level| Line {
            service: Service::Cart,
            version: None,
            level: *level,
            at: SystemTime::now(),
            ids: None,
            text: format!("{{\"level\":\"{level}\"}}").into(),
        };
        levels.iter().map(line).collect()
    }

    fn feeder(base: &str, convoy: &Arc<Convoy>) -> (Feeder, Vec<BackgroundTask>, Arc<Outbox>) {
        let outbox = Arc::new(Outbox::new(
            Signal::Logs,
            Destination {
                backend: Backend::Loki,
                endpoint: http::Uri::from_static("http://nowhere"),
                headers: Vec::new(),
                timeout: PATIENCE,
                gzip: false,
            },
        ));
        let cart = resource::of(Service::Cart, Some("cart-of-ann"));
        let senders = [(Service::Cart, &cart)].into_iter();
        let (feeder, tasks) = Feeder::new(base, senders, LevelFilter::TRACE, convoy.clone(), outbox.clone());
        (feeder, tasks, outbox)
    }

    #[tokio::test]
    async fn each_line_arrives_under_its_own_level_and_name() {
        let (relay, convoy) = (Relay::bind().expect("a free port"), Arc::new(Convoy::default()));
        let (feeder, tasks, outbox) = feeder(&relay.base(), &convoy);
        tasks.into_iter().for_each(|task| drop(tokio::spawn(task)));
        let labels: Arc<std::sync::Mutex<BTreeSet<String>>> = Arc::default();
        let (seen, onwards) = (labels.clone(), convoy.clone());
        let taker: Taker = Arc::new(move |body| {
            let plain = snap::raw::Decoder::new().decompress_vec(&body).expect("snappy");
            let push: crate::telemetry::loki::wire::Push = prost::Message::decode(&*plain).expect("a push");
            seen.lock()
                .expect("nobody panicked")
                .extend(push.streams.into_iter().map(|stream| stream.labels));
            onwards.arrive(&body);
        });
        tokio::spawn(relay.serve(vec![(PATH, taker)]));
        feeder.feed(&lines(&LEVELS)).await;
        let expected = ["debug", "error", "info", "trace", "warn"].map(|level| {
            format!("{{service_name=\"cart-of-ann\",namespace=\"webstore\",level=\"{level}\"}}")
        });
        assert_eq!(*labels.lock().expect("nobody panicked"), BTreeSet::from(expected));
        assert_eq!((convoy.lost.total(), convoy.waiting_bytes()), (0, 0));
        assert!(outbox.queue_bytes() > 0);
    }

    #[tokio::test]
    async fn what_does_not_come_through_is_lost_and_counted() {
        let convoy = Arc::new(Convoy::default());
        let (feeder, _tasks_that_nobody_runs, outbox) = feeder("http://127.0.0.1:9", &convoy);
        feeder.feed(&lines(&LEVELS)).await;
        assert_eq!((convoy.lost.total(), outbox.left.total(), outbox.queue_bytes()), (5, 0, 0));
    }

    #[tokio::test]
    async fn what_is_underway_when_all_ends_is_left_behind() {
        let convoy = Arc::new(Convoy::default());
        let (feeder, _tasks_that_nobody_runs, outbox) = feeder("http://127.0.0.1:9", &convoy);
        let lines = lines(&LEVELS);
        let mut feeding = Box::pin(feeder.feed(&lines));
        let step = std::future::poll_fn(|context| std::task::Poll::Ready(feeding.as_mut().poll(context)));
        assert!(step.await.is_pending() && convoy.waiting_bytes() > 0);
        drop(feeding);
        assert_eq!((convoy.lost.total(), outbox.left.total(), convoy.waiting_bytes()), (0, 5, 0));
    }
}
