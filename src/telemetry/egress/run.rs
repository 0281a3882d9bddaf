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
use tracing::{Dispatch, level_filters::LevelFilter};
use tracing_subscriber::EnvFilter;

use super::{
    count::Count,
    exits::{Before, Exit, Minute, Word},
    http,
    onlooker::Onlooker,
    outbox::Outbox,
    queue::Queue,
    relay::{Relay, Taker},
};
use crate::{
    kernel::service::Service,
    telemetry::{
        config::{Backend, Config, Destination, Signal},
        line,
        loki::{
            convoy::Convoy,
            feeder::{self, Feeder},
        },
        otlp::{
            encode::{self, Records, Spans},
            measured::{measured, records},
        },
        profile::{
            agents::{self, Plan},
            harvest::Harvest,
            hub::{self, Hub, Takers},
            pushed,
            routes::Routes,
            samples::Profile,
        },
        resource,
        scope::Scope,
        stdout::Stdout,
    },
};

/// Names of destinations that are not backends.
const STDOUT: &str = "stdout";
/// The built-in store.
const STORE: &str = "store";
/// The most lines that are taken at once.
const LINES: usize = 4096;
/// Profiles that wait to be shown may take about this much, in bytes.
const PROFILES_BYTES: usize = 4 * 1024 * 1024;
/// How long the first line waits for others to go together with it.
const LINGER: Duration = Duration::from_millis(200);

/// All ways out of this process. Clones share them.
#[derive(Clone)]
pub struct Egress {
    pub spans: Arc<Spans>,
    pub records: Arc<Records>,
    pub lines: Arc<line::Lines>,
    /// The routes that profiles are split by; `None`: no profiles are taken.
    pub routes: Option<Arc<Routes>>,
    profiles: Arc<Queue<Profile>>,
    convoy: Arc<Convoy>,
    harvest: Arc<Harvest>,
    outboxes: Vec<Arc<Outbox>>,
    onlooker: Option<Arc<dyn Onlooker>>,
    shown: Arc<Shown>,
    unencodable: Arc<Count>,
    stdout: Stdout,
    interval: Duration,
    profile_every: Option<Duration>,
    /// No log line is more verbose.
    verbosity: LevelFilter,
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
    hub: Option<Hub>,
}

impl Egress {
    pub fn new(config: &Config, stdout: Stdout, onlooker: Option<Arc<dyn Onlooker>>) -> Self {
        let outbox = |(signal, to): (Signal, &Destination)| Arc::new(Outbox::new(signal, to.clone()));
        // Whoever wrote the directives wrong has been told; whoever left it to the last word hears all.
        let filter = EnvFilter::try_new(&config.log_filter).ok();
        Egress {
            spans: encode::queue(),
            records: encode::queue(),
            lines: line::queue(),
            routes: config.profile_every.map(|_| Arc::default()),
            profiles: Arc::new(Queue::new(PROFILES_BYTES)),
            convoy: Arc::default(),
            harvest: Arc::default(),
            outboxes: config.ways().map(outbox).collect(),
            onlooker,
            shown: Arc::default(),
            unencodable: Arc::default(),
            stdout,
            interval: config.metric_interval,
            profile_every: config.profile_every,
            verbosity: filter.and_then(|filter| filter.max_level_hint()).unwrap_or(LevelFilter::TRACE),
        }
    }

    /// Whether anybody wants spans.
    pub fn wants_spans(&self) -> bool {
        self.onlooker.is_some() || self.otlp(Signal::Traces).is_some()
    }

    /// Whether anybody but standard output wants log lines as they are.
    pub fn wants_lines(&self) -> bool {
        self.onlooker.is_some() || self.only(Backend::Loki).is_some()
    }

    fn otlp(&self, signal: Signal) -> Option<&Arc<Outbox>> {
        let mut outboxes = self.outboxes.iter();
        outboxes.find(|outbox| outbox.signal == signal && outbox.destination.backend == Backend::Otlp)
    }

    /// The outbox of a backend that takes one signal only.
    fn only(&self, backend: Backend) -> Option<&Arc<Outbox>> {
        self.outboxes.iter().find(|outbox| outbox.destination.backend == backend)
    }

    pub fn exits(&self) -> Vec<Exit> {
        let sent = self.outboxes.iter().map(|outbox| Exit::of(outbox, &self.before(outbox)));
        sent.chain([self.lines_out()]).chain(self.shown()).collect()
    }

    /// What is lost, or waits, on the way to an outbox.
    fn before(&self, outbox: &Outbox) -> Before {
        match (outbox.destination.backend, outbox.signal) {
            (Backend::Loki, _) => Before {
                waiting_bytes: self.lines.bytes() + self.convoy.waiting_bytes(),
                displaced: self.lines.displaced.total(),
                lost: self.convoy.lost.total(),
                last_minute: self.lines.displaced.last_minute() + self.convoy.lost.last_minute(),
                ..Before::default()
            },
            (Backend::Pyroscope, _) => Before {
                waiting_bytes: self.harvest.waiting_bytes(),
                displaced: self.harvest.displaced.total(),
                last_minute: self.harvest.displaced.last_minute(),
                ..Before::default()
            },
            (Backend::Otlp, Signal::Traces) => Before {
                waiting_bytes: self.spans.bytes(),
                displaced: self.spans.displaced.total(),
                unencodable: self.unencodable.total(),
                last_minute: self.spans.displaced.last_minute() + self.unencodable.last_minute(),
                ..Before::default()
            },
            (Backend::Otlp, Signal::Logs) => Before {
                waiting_bytes: self.records.bytes(),
                displaced: self.records.displaced.total(),
                last_minute: self.records.displaced.last_minute(),
                ..Before::default()
            },
            (Backend::Otlp, Signal::Metrics | Signal::Profiles) => Before::default(),
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
            exit.last_minute = Minute { sent, dropped, ..Minute::default() };
            exit
        };
        let none = Count::default();
        vec![
            row(Signal::Traces, spans, self.spans.bytes(), &self.spans.displaced),
            row(Signal::Metrics, metrics, 0, &none),
            row(Signal::Logs, lines, self.lines.bytes(), &self.lines.displaced),
            row(Signal::Profiles, samples, self.profiles.bytes(), &self.profiles.displaced),
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
        let (harvested, is_harvested) = oneshot::channel();
        let needs_relay = self.only(Backend::Loki).or(self.only(Backend::Pyroscope)).is_some();
        let relay = needs_relay.then(Relay::bind).transpose()?;
        let base = relay.as_ref().map(Relay::base);
        let senders: Vec<_> = scopes.iter().map(|scope| scope.service).zip(resources.clone()).collect();
        let hub = self.take_profiles(base, &senders, platform, harvested).map_err(std::io::Error::other)?;
        let egress = self.clone();
        let aloud = tracing::dispatcher::get_default(Clone::clone);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("egress".into()).spawn(move || {
            let silence = tracing::subscriber::NoSubscriber::default();
            tracing::subscriber::with_default(silence, || {
                runtime.block_on(egress.run(Work {
                    scopes,
                    resources,
                    senders,
                    relay,
                    is_harvested,
                    stopped,
                    aloud,
                }));
            });
            // Names that are looked up, for whoever asked, are not worth waiting for.
            runtime.shutdown_background();
        })?;
        Ok(Running { stop, thread, hub })
    }

    /// Starts the profiler, if profiles are to be taken.
    fn take_profiles(
        &self,
        relay: Option<String>,
        senders: &[(Service, Resource)],
        platform: Service,
        harvested: oneshot::Sender<()>,
    ) -> Result<Option<Hub>, String> {
        let (Some(every), Some(routes)) = (self.profile_every, &self.routes) else { return Ok(None) };
        let agents = relay.filter(|_| self.only(Backend::Pyroscope).is_some()).map(|base| {
            let name = |(service, sender): &(Service, Resource)| (*service, resource::name(sender, *service));
            let plan = Plan { base, senders: senders.iter().map(name).collect(), hertz: hub::HERTZ, every };
            (plan, self.harvest.clone())
        });
        let (profiles, is_shown) = (self.profiles.clone(), self.onlooker.is_some());
        let show = Box::new(move |profile: Profile| {
            if is_shown {
                let weight = profile.weight();
                profiles.push(profile, weight, Profile::count);
            }
        });
        Hub::start(every, platform, routes.clone(), Takers { show, agents }, harvested).map(Some)
    }

    async fn run(self, work: Work) {
        let Work { scopes, resources, senders, relay, is_harvested, stopped, aloud } = work;
        let http = http::client();
        // What serves the others, and ends with them.
        let mut errands = JoinSet::new();
        let mut tasks = JoinSet::new();
        for outbox in &self.outboxes {
            let (sender, client, aloud) = (outbox.clone(), http.clone(), aloud.clone());
            tasks.spawn(async move { sender.run(client, &aloud).await });
        }
        if self.wants_spans() {
            tasks.spawn(self.clone().send_spans(resources.clone()));
        }
        if self.otlp(Signal::Logs).is_some() {
            tasks.spawn(self.clone().send_records(resources));
        }
        if self.wants_lines() {
            let base = relay.as_ref().map(Relay::base).unwrap_or_default();
            let feeder = self.only(Backend::Loki).map(|outbox| {
                let (convoy, outbox) = (self.convoy.clone(), outbox.clone());
                let senders = senders.iter().map(|(service, sender)| (*service, sender));
                let (feeder, layers) = Feeder::new(&base, senders, self.verbosity, convoy, outbox);
                layers.into_iter().for_each(|layer| drop(errands.spawn(layer)));
                feeder
            });
            tasks.spawn(self.clone().send_lines(feeder));
        }
        if let Some(relay) = relay {
            errands.spawn(relay.serve(self.takers()));
        }
        if self.profile_every.is_some() {
            tasks.spawn(self.clone().send_profiles(is_harvested));
        }
        if self.onlooker.is_some() || self.otlp(Signal::Metrics).is_some() {
            tasks.spawn(self.clone().send_metrics(scopes, stopped.clone()));
        }
        let deadline = end_of(stopped).await;
        self.spans.close();
        self.records.close();
        self.lines.close();
        let drained = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout_at(deadline.into(), drained).await.is_err() {
            tasks.shutdown().await;
            self.outboxes.iter().for_each(|outbox| outbox.abandon());
            self.abandon();
        }
    }

    /// Counts as left behind what did not even come as far as an outbox.
    fn abandon(&self) {
        if let Some(loki) = self.only(Backend::Loki) {
            loki.left.add(self.lines.take(usize::MAX).len() as u64);
        }
        if let Some(pyroscope) = self.only(Backend::Pyroscope) {
            pyroscope.left.add(self.harvest.missing());
        }
    }

    /// What comes in at the relay, and where it goes.
    fn takers(&self) -> Vec<(&'static str, Taker)> {
        let mut takers: Vec<(&'static str, Taker)> = Vec::new();
        if self.only(Backend::Loki).is_some() {
            let convoy = self.convoy.clone();
            takers.push((feeder::PATH, Arc::new(move |body| convoy.arrive(&body))));
        }
        if let Some(outbox) = self.only(Backend::Pyroscope) {
            let (harvest, outbox) = (self.harvest.clone(), outbox.clone());
            let take = move |body: bytes::Bytes| {
                // Agents send empty profiles as well; nobody needs to see them.
                if let Some((plain, samples)) = pushed::read(&body).filter(|(_, samples)| *samples > 0) {
                    outbox.post(plain, samples);
                    harvest.arrive(samples);
                }
            };
            takers.push((agents::PATH, Arc::new(take)));
        }
        takers
    }

    async fn send_spans(self, resources: Vec<Resource>) {
        let outbox = self.otlp(Signal::Traces);
        let ship = |request: bytes::Bytes, records| {
            if let Some(onlooker) = &self.onlooker {
                onlooker.spans(&request, records);
                self.shown.spans.add(records);
            }
            if let Some(outbox) = outbox {
                outbox.post(request, records);
            }
        };
        encode::spans(&self.spans, resources, &self.unencodable, ship).await;
        if let Some(outbox) = outbox {
            outbox.close();
        }
    }

    async fn send_records(self, resources: Vec<Resource>) {
        let Some(outbox) = self.otlp(Signal::Logs) else { return };
        let ship = |request, records| outbox.post(request, records);
        encode::logs(&self.records, resources, &self.unencodable, ship).await;
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

    /// Shows profiles until the last has been taken. What agents send comes in at the relay meanwhile.
    async fn send_profiles(self, is_harvested: oneshot::Receiver<()>) {
        let show = async {
            loop {
                self.profiles.filled().await;
                for profile in self.profiles.take(usize::MAX) {
                    if let Some(onlooker) = &self.onlooker {
                        self.shown.samples.add(profile.count());
                        onlooker.profile(&profile);
                    }
                }
                if self.profiles.is_closed() {
                    return;
                }
            }
        };
        let harvest = async {
            // Says nothing and is dropped at the end.
            let _ = is_harvested.await;
            self.profiles.close();
            self.harvest.is_in().await;
            self.only(Backend::Pyroscope).inspect(|outbox| outbox.close());
        };
        tokio::join!(show, harvest);
    }

    async fn send_metrics(self, scopes: Vec<Arc<Scope>>, mut stopped: watch::Receiver<Option<Instant>>) {
        loop {
            let ended = tokio::time::timeout(self.interval, stopped.wait_for(Option::is_some)).await.is_ok();
            let request = measured(&scopes);
            let records = records(&request);
            if let Some(onlooker) = &self.onlooker {
                onlooker.metrics(&request);
                self.shown.metrics.add(records);
            }
            let outbox = self.otlp(Signal::Metrics);
            if let Some(outbox) = outbox {
                outbox.post(request.encode_to_vec().into(), records);
            }
            if ended {
                outbox.inspect(|outbox| outbox.close());
                return;
            }
        }
    }
}

/// What the thread is given.
struct Work {
    scopes: Vec<Arc<Scope>>,
    resources: Vec<Resource>,
    senders: Vec<(Service, Resource)>,
    relay: Option<Relay>,
    /// Is dropped when the last samples are with the agents.
    is_harvested: oneshot::Receiver<()>,
    stopped: watch::Receiver<Option<Instant>>,
    aloud: Dispatch,
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
        dropped: 0,
        dropped_because: Default::default(),
        queue_bytes,
        last_minute: Minute::default(),
    }
}

impl Running {
    /// Sends what waits, until `deadline` at the latest; what is left then is counted as dropped.
    pub fn stop(self, deadline: Instant) {
        self.hub.inspect(Hub::stop);
        let _ = self.stop.send(Some(deadline));
        // The thread holds nothing but what it sends; if it panicked there is nothing left to wait for.
        let _ = self.thread.join();
    }
}

async fn end_of(mut stopped: watch::Receiver<Option<Instant>>) -> Instant {
    // A sender that is gone without a word leaves no time at all.
    stopped.wait_for(Option::is_some).await.ok().and_then(|deadline| *deadline).unwrap_or_else(Instant::now)
}
