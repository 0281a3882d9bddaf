//! The thread that takes signals out of the process.
//!
//! It has a runtime of its own, so that no backend ever takes time from a service, and speaks to no subscriber, so that
//! sending a signal never makes another: but for one line when a destination fails, and one when it is back.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use opentelemetry_sdk::Resource;
use prost::Message;
use tokio::{
    sync::{oneshot, watch},
    task::JoinSet,
};
use tracing::Dispatch;

use super::{
    chosen::Chosen,
    count::Count,
    exits::{Before, Exit, Minute, STDOUT},
    onlooker::Onlooker,
    outbox::{Outbox, Word},
    progress,
    relayed::{Link, Relayed},
};
use crate::{
    kernel::{heartbeat::Heartbeat, https, service::Service},
    telemetry::{
        config::Config,
        destination::Signal,
        line,
        loki::feeder::Feeder,
        otlp::{
            encode::{self, Records, Spans},
            measured::{measured, records},
        },
        profile::hub::Hub,
        scope::{Buckets, Scope},
        stdout::Stdout,
    },
};

/// The built-in store, which is no backend either.
const STORE: &str = "store";
/// The most lines that are taken at once.
const LINES: usize = 4096;
/// How long the first line waits for others to go together with it.
const LINGER: Duration = Duration::from_millis(200);

/// All ways out of this process. Clones share them.
#[derive(Clone)]
pub struct Egress {
    pub spans: Arc<Spans>,
    /// What leaves by OTLP when there is a rule which traces do.
    pub tail: Option<Arc<Chosen>>,
    pub records: Arc<Records>,
    pub lines: Arc<line::Lines>,
    pub relayed: Arc<Relayed>,
    outboxes: Vec<Arc<Outbox>>,
    onlooker: Option<Arc<dyn Onlooker>>,
    shown: Arc<Shown>,
    unencodable: Arc<Unencodable>,
    /// Counts the seconds in which the thread turned and no queue waited in vain.
    pub beats: Heartbeat,
    stdout: Stdout,
    interval: Duration,
}

/// How many records of each signal could not be encoded.
#[derive(Debug, Default)]
struct Unencodable {
    spans: Count,
    records: Count,
}

/// How many records of each signal the onlooker was shown.
#[derive(Debug, Default)]
pub struct Shown {
    pub spans: Count,
    pub metrics: Count,
    pub lines: Count,
    pub samples: Count,
}

/// The running thread; dropped without [`Running::stop`], signals that wait are lost.
pub struct Running {
    stop: watch::Sender<Option<Instant>>,
    thread: thread::JoinHandle<()>,
    profiler: Option<Hub>,
}

impl Egress {
    pub fn new(config: &Config, stdout: Stdout, onlooker: Option<Arc<dyn Onlooker>>) -> Self {
        let outbox = |signal| Some(Arc::new(Outbox::new(signal, config.destination(signal)?.clone())));
        Egress {
            spans: encode::queue(),
            tail: config.tail.filter(|_| config.traces.is_some()).map(|rule| Arc::new(Chosen::new(rule))),
            records: encode::queue(),
            lines: line::queue(),
            relayed: Arc::new(Relayed::new(config)),
            outboxes: Signal::ALL.into_iter().filter_map(outbox).collect(),
            onlooker,
            shown: Arc::default(),
            unencodable: Arc::default(),
            beats: Heartbeat::default(),
            stdout,
            interval: config.metric_interval,
        }
    }

    /// Whether anybody wants all spans, before any rule.
    pub fn wants_spans(&self) -> bool {
        self.onlooker.is_some() || (self.tail.is_none() && self.outbox(Signal::Traces).is_some())
    }

    /// Whether anybody but standard output wants log lines as they are.
    pub fn wants_lines(&self) -> bool {
        self.onlooker.is_some() || self.relayed.wants_lines()
    }

    fn outbox(&self, signal: Signal) -> Option<&Arc<Outbox>> {
        self.outboxes.iter().find(|outbox| outbox.signal == signal)
    }

    pub fn exits(&self) -> Vec<Exit> {
        let sent = self.outboxes.iter().map(|outbox| Exit::of(outbox, &self.before(outbox.signal)));
        sent.chain(self.relayed.exits(&self.lines)).chain([self.lines_out()]).chain(self.shown()).collect()
    }

    /// What is lost, or waits, on the way to the outboxes of a signal.
    fn before(&self, signal: Signal) -> Before {
        match (signal, &self.tail) {
            (Signal::Traces, Some(tail)) => tail.account(),
            (Signal::Traces, None) => Before::queued(&self.spans).failing(&self.unencodable.spans),
            (Signal::Logs, _) => Before::queued(&self.records).failing(&self.unencodable.records),
            (Signal::Metrics | Signal::Profiles, _) => Before::default(),
        }
    }

    fn lines_out(&self) -> Exit {
        let mut exit = plain(Signal::Logs, STDOUT, self.stdout.sent(), self.stdout.queue_bytes());
        exit.dropped = self.stdout.dropped();
        exit.dropped_because.insert(super::exits::reason::QUEUE_FULL, exit.dropped);
        exit
    }

    fn shown(&self) -> Vec<Exit> {
        let Shown { spans, metrics, lines, samples } = &*self.shown;
        if self.onlooker.is_none() {
            return Vec::new();
        }
        let row = |signal, count: &Count, waiting, lost: &Count| {
            let mut exit = plain(signal, STORE, count.total(), waiting);
            exit.dropped = lost.total();
            exit.dropped_because.insert(super::exits::reason::QUEUE_FULL, exit.dropped);
            let (sent, dropped) = (count.last_minute(), lost.last_minute());
            exit.last_minute = Minute { sent: Some(sent), dropped, ..Minute::default() };
            exit
        };
        let none = Count::default();
        vec![
            row(Signal::Traces, spans, self.spans.bytes(), &self.spans.displaced),
            row(Signal::Metrics, metrics, 0, &none),
            row(Signal::Logs, lines, self.lines.bytes(), &self.lines.displaced),
            row(Signal::Profiles, samples, self.relayed.profiles.bytes(), &self.relayed.profiles.displaced),
        ]
    }

    /// Starts the thread. `resources` are by service index, like the scopes' taps; what belongs to no service is
    /// `platform`'s.
    pub fn start(
        &self,
        scopes: Vec<Arc<Scope>>,
        resources: Vec<Resource>,
        platform: Service,
    ) -> std::io::Result<Running> {
        let (stop, stopped) = watch::channel(None);
        let senders = scopes.iter().map(|scope| scope.service).zip(resources.iter().cloned());
        let (link, profiler) = self.relayed.begin(senders.collect(), platform, self.onlooker.is_some())?;
        let egress = self.clone();
        let aloud = tracing::dispatcher::get_default(Clone::clone);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("egress".into()).spawn(move || {
            let silence = tracing::subscriber::NoSubscriber::default();
            tracing::subscriber::with_default(silence, || {
                runtime.block_on(egress.run(scopes, resources, link, stopped, aloud));
            });
            // Not dropped: that would wait for a name that is still being looked up.
            runtime.shutdown_background();
        })?;
        Ok(Running { stop, thread, profiler })
    }

    async fn run(
        self,
        scopes: Vec<Arc<Scope>>,
        resources: Vec<Resource>,
        link: Link,
        stopped: watch::Receiver<Option<Instant>>,
        aloud: Dispatch,
    ) {
        let mut tasks = JoinSet::new();
        // Serves the others and ends with them.
        let mut errands = JoinSet::new();
        let (feeder, harvested) = self.relayed.serve(link, &mut errands);
        let (spans, records, lines) = (self.spans.clone(), self.records.clone(), self.lines.clone());
        errands.spawn(progress::beat(progress::BEAT_EVERY, self.beats.clone(), move || {
            [spans.takes_while_waiting(), records.takes_while_waiting(), lines.takes_while_waiting()]
        }));
        for outbox in self.outboxes.iter().chain(self.relayed.outboxes()) {
            let (sender, aloud) = (outbox.clone(), aloud.clone());
            let client = https::client_by(&sender.destination.tls);
            tasks.spawn(async move { sender.run(client, &aloud).await });
        }
        if self.wants_spans() {
            tasks.spawn(self.clone().send_spans(resources.clone()));
        }
        if let Some(tail) = &self.tail {
            tasks.spawn(tail.clone().choose());
            tasks.spawn(self.clone().send_kept(tail.clone(), resources.clone()));
        }
        if self.outbox(Signal::Logs).is_some() {
            tasks.spawn(self.clone().send_records(resources));
        }
        if self.wants_lines() {
            tasks.spawn(self.clone().send_lines(feeder));
        }
        if self.relayed.takes_profiles() {
            tasks.spawn(self.clone().send_profiles(harvested));
        }
        if self.onlooker.is_some() || self.outbox(Signal::Metrics).is_some() {
            tasks.spawn(self.clone().send_metrics(scopes, stopped.clone()));
        }
        let deadline = end_of(stopped).await;
        self.spans.close();
        self.tail.iter().for_each(|tail| tail.before.close());
        self.records.close();
        self.lines.close();
        let drained = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout_at(deadline.into(), drained).await.is_err() {
            tasks.shutdown().await;
            self.leave_behind();
            self.outboxes.iter().for_each(|outbox| outbox.abandon());
            self.relayed.abandon(&self.lines);
        }
    }

    /// Counts what never came as far as an outbox.
    fn leave_behind(&self) {
        let spans = match &self.tail {
            Some(tail) => tail.take(),
            None => self.spans.take(usize::MAX).len(),
        };
        let waiting = [(Signal::Traces, spans), (Signal::Logs, self.records.take(usize::MAX).len())];
        for (signal, count) in waiting {
            self.outbox(signal).inspect(|outbox| outbox.left.add(count as u64));
        }
    }

    async fn send_spans(self, resources: Vec<Resource>) {
        // Where there is a rule, what leaves comes from behind it.
        let outbox = self.outbox(Signal::Traces).filter(|_| self.tail.is_none());
        let ship = |request: bytes::Bytes, records| {
            if let Some(onlooker) = &self.onlooker {
                onlooker.spans(&request, records);
                self.shown.spans.add(records);
            }
            if let Some(outbox) = outbox {
                outbox.post(request, records);
            }
        };
        encode::spans(&self.spans, resources, &self.unencodable.spans, ship).await;
        if let Some(outbox) = outbox {
            outbox.close();
        }
    }

    async fn send_kept(self, tail: Arc<Chosen>, resources: Vec<Resource>) {
        let Some(outbox) = self.outbox(Signal::Traces) else { return };
        let ship = |request, records| outbox.post(request, records);
        encode::spans(&tail.behind, resources, &tail.unencodable, ship).await;
        outbox.close();
    }

    async fn send_records(self, resources: Vec<Resource>) {
        let Some(outbox) = self.outbox(Signal::Logs) else { return };
        let ship = |request, records| outbox.post(request, records);
        encode::logs(&self.records, resources, &self.unencodable.records, ship).await;
        outbox.close();
    }

    async fn send_lines(self, feeder: Option<Feeder>) {
        loop {
            self.lines.filled().await;
            if !self.lines.is_closed() && self.lines.len() < LINES {
                tokio::time::sleep(LINGER).await;
            }
            let lines = self.lines.take(LINES);
            if lines.is_empty() && self.lines.is_closed() {
                feeder.inspect(Feeder::close);
                return;
            }
            // Shown first: that takes no time, and is not to be lost when the other is cut short.
            if let Some(onlooker) = &self.onlooker {
                self.shown.lines.add(lines.len() as u64);
                onlooker.lines(lines.clone());
            }
            if let Some(feeder) = &feeder {
                feeder.feed(&lines).await;
            }
        }
    }

    async fn send_profiles(self, harvested: oneshot::Receiver<()>) {
        let show = async {
            let profiles = &self.relayed.profiles;
            while !(profiles.is_closed() && profiles.is_empty()) {
                profiles.filled().await;
                for profile in profiles.take(usize::MAX) {
                    if let Some(onlooker) = &self.onlooker {
                        self.shown.samples.add(profile.count());
                        onlooker.profile(&profile);
                    }
                }
            }
        };
        tokio::join!(show, self.relayed.bring_in(harvested));
    }

    async fn send_metrics(self, scopes: Vec<Arc<Scope>>, mut stopped: watch::Receiver<Option<Instant>>) {
        loop {
            let ended = tokio::time::timeout(self.interval, stopped.wait_for(Option::is_some)).await.is_ok();
            if let Some(onlooker) = &self.onlooker {
                let request = measured(&scopes, Buckets::Explicit);
                onlooker.metrics(&request);
                self.shown.metrics.add(records(&request));
            }
            let outbox = self.outbox(Signal::Metrics);
            if let Some(outbox) = outbox {
                let request = measured(&scopes, Buckets::AsSent);
                let records = records(&request);
                outbox.post(request.encode_to_vec().into(), records);
            }
            if ended {
                outbox.inspect(|outbox| outbox.close());
                return;
            }
        }
    }
}

/// A way out that never says no.
fn plain(signal: Signal, destination: &'static str, sent: u64, queue_bytes: usize) -> Exit {
    Exit {
        signal: signal.name(),
        destination,
        place: String::new(),
        standing: if sent > 0 { Word::Taking } else { Word::Idle },
        trouble: None,
        took_seconds_ago: None,
        sent,
        failed: 0,
        not_sampled: 0,
        dropped: 0,
        dropped_because: Default::default(),
        queue_bytes,
        last_minute: Minute::default(),
    }
}

impl Running {
    /// Sends what waits, until `deadline` at the latest; what is left then is counted as dropped.
    pub fn stop(self, deadline: Instant) {
        self.profiler.inspect(Hub::stop);
        let _ = self.stop.send(Some(deadline));
        // The thread holds nothing but what it sends; if it panicked there is nothing left to wait for.
        let _ = self.thread.join();
    }
}

async fn end_of(mut stopped: watch::Receiver<Option<Instant>>) -> Instant {
    // A sender that is gone without a word leaves no time at all.
    stopped.wait_for(Option::is_some).await.ok().and_then(|deadline| *deadline).unwrap_or_else(Instant::now)
}
