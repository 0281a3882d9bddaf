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
/// How long a convoy may take from here to the relay before what is missing sets out again: both are this very thread, which
/// may be late on a busy machine.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often that happens with nothing arriving at all before the rest is given up: it will never get through. Until then
/// lines wait in their queue, which is bounded in bytes.
const MOST_VAIN: u32 = 60;
/// Marks the events that carry lines, and no others pass.
const TARGET: &str = "doorbuster::line";

/// Feeds Loki's outbox.
pub struct Feeder {
    /// By [`Service::index`].
    layers: Vec<Option<Dispatch>>,
    convoy: Arc<Convoy>,
    outbox: Arc<Outbox>,
    patience: Duration,
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
        (Feeder { layers, convoy, outbox, patience: PATIENCE }, tasks)
    }

    /// Takes `lines` to the outbox. Those that are still here when this future is dropped are counted as left behind.
    pub async fn feed(&self, lines: &[Line]) {
        let mut in_hand = InHand::new(self, lines);
        for lines in lines.chunks(CONVOY_LINES) {
            let number = self.convoy.depart(lines.len());
            self.bring(number, lines).await;
            let arrived = self.convoy.end();
            in_hand.release(lines);
            for (body, lines) in pack(arrived) {
                self.outbox.post(body, lines);
            }
        }
    }

    /// Sends `lines` on their way until all have arrived, or until none does any more: the convoy counts those as lost.
    async fn bring(&self, number: u64, lines: &[Line]) {
        let (mut missing, mut vain) = (self.convoy.missing(), 0);
        while vain < MOST_VAIN {
            for place in &missing {
                let Some(line) = lines.get(*place) else { continue };
                match self.layers.get(line.service.index()).and_then(Option::as_ref) {
                    Some(layer) => dispatcher::with_default(layer, || carry(number, *place, line)),
                    None => self.convoy.give_up(*place),
                }
            }
            if tokio::time::timeout(self.patience, self.convoy.complete()).await.is_ok() {
                return;
            }
            let left = self.convoy.missing();
            vain = if left.len() < missing.len() { 0 } else { vain + 1 };
            missing = left;
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
    use crate::{
        kernel::https::Tls,
        telemetry::{
            destination::{Backend, Destination, Signal},
            egress::relay::{Relay, Taker},
        },
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
                tls: Tls::default(),
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
    async fn what_never_comes_through_is_lost_and_counted() {
        let convoy = Arc::new(Convoy::default());
        let (mut feeder, _tasks_that_nobody_runs, outbox) = feeder("http://127.0.0.1:9", &convoy);
        feeder.patience = Duration::from_millis(5);
        feeder.feed(&lines(&LEVELS)).await;
        assert_eq!((convoy.lost.total(), outbox.left.total(), outbox.queue_bytes()), (5, 0, 0));
    }

    #[tokio::test]
    async fn a_line_of_a_service_that_is_not_here_holds_up_no_other() {
        let convoy = Arc::new(Convoy::default());
        let (feeder, _tasks_that_nobody_runs, _) = feeder("http://127.0.0.1:9", &convoy);
        let mut lines = lines(&[Level::INFO]);
        lines[0].service = Service::Lab;
        tokio::time::timeout(PATIENCE / 2, feeder.feed(&lines)).await.expect("at once");
        assert_eq!(convoy.lost.total(), 1);
    }

    #[tokio::test]
    async fn a_line_that_is_late_or_gets_lost_on_the_way_arrives_once_all_the_same() {
        let (relay, convoy) = (Relay::bind().expect("a free port"), Arc::new(Convoy::default()));
        let (mut feeder, tasks, outbox) = feeder(&relay.base(), &convoy);
        feeder.patience = Duration::from_millis(50);
        tasks.into_iter().for_each(|task| drop(tokio::spawn(task)));
        let (seen, onwards) = (std::sync::atomic::AtomicUsize::new(0), convoy.clone());
        // The first request does not get through at all.
        let taker: Taker = Arc::new(move |body| {
            if seen.fetch_add(1, Ordering::Relaxed) > 0 {
                onwards.arrive(&body);
            }
        });
        tokio::spawn(async move {
            // Longer than the feeder's patience.
            tokio::time::sleep(Duration::from_millis(300)).await;
            relay.serve(vec![(PATH, taker)]).await;
        });
        feeder.feed(&lines(&LEVELS)).await;
        assert_eq!((convoy.lost.total(), convoy.waiting_bytes(), outbox.left.total()), (0, 0, 0));
        assert!(outbox.queue_bytes() > 0);
        outbox.abandon();
        assert_eq!(outbox.left.total(), 5, "each once");
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
