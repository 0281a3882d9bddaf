//! A lab under load, its three destinations, and what has to be true of them at the end.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    backend::Backend,
    load::{self, Served},
    servers::lab::{Lab, Plan},
    turn,
    waiting::until,
};

const MIB: u64 = 1024 * 1024;
/// What an outbox may keep, and what may wait to be encoded: spans, log records.
const OUTBOX_BYTES: u64 = 8 * MIB;
const UNENCODED_BYTES: u64 = 2 * 24 * MIB;
/// How soon after its recovery a destination is served again: the longest pause between two attempts is five seconds,
/// and an attempt that hangs has two.
const RESUMES_WITHIN: Duration = Duration::from_secs(10);
/// How long stopping may take, whatever fails.
const STOPS_WITHIN: Duration = Duration::from_secs(5);

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    Otlp,
    Loki,
    Pyroscope,
}

impl Destination {
    /// The word in labels.
    pub fn name(self) -> &'static str {
        match self {
            Destination::Otlp => "otlp",
            Destination::Loki => "loki",
            Destination::Pyroscope => "pyroscope",
        }
    }

    /// What goes there.
    pub fn signals(self) -> &'static [&'static str] {
        match self {
            Destination::Otlp => &["traces", "logs", "metrics"],
            Destination::Loki => &["logs"],
            Destination::Pyroscope => &["profiles"],
        }
    }

    /// What may wait for it in memory.
    pub fn queue_bytes(self) -> u64 {
        self.signals().len() as u64 * OUTBOX_BYTES + UNENCODED_BYTES
    }
}

/// A lab that sends everything everywhere.
pub struct Scene {
    pub lab: Lab,
    otlp: Backend,
    loki: Backend,
    pyroscope: Backend,
}

/// What the lab said of a destination with its last words.
#[derive(Clone, Copy, Debug, Default)]
struct Closed {
    sent: u64,
    dropped: u64,
}

impl Scene {
    /// A lab whose `destination` can be told to fail.
    pub fn open(destination: Destination) -> Scene {
        Scene::speaking(destination, "http")
    }

    /// The same, with `destination` addressed as if it spoke TLS, which it does not.
    pub fn misunderstood(destination: Destination) -> Scene {
        Scene::speaking(destination, "https")
    }

    fn speaking(destination: Destination, scheme: &str) -> Scene {
        let [otlp, loki, pyroscope] = [(); 3].map(|()| Backend::start());
        let url = |one, backend: &Backend| backend.url(if one == destination { scheme } else { "http" });
        // Taking samples needs far more memory than its destination ever keeps waiting: it is not to
        // hide what the others need.
        let is_profiled = destination == Destination::Pyroscope;
        let lab = Plan::up()
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &url(Destination::Otlp, &otlp))
            // A destination that never answers is given up before the test's patience ends, not after.
            .env("OTEL_EXPORTER_OTLP_TIMEOUT", "2000")
            .env("OTEL_METRIC_EXPORT_INTERVAL", "500")
            .env("OTEL_LOGS_EXPORTER", "otlp")
            .env("LOKI_URL", &url(Destination::Loki, &loki))
            .env("PYROSCOPE_ENDPOINT", &url(Destination::Pyroscope, &pyroscope))
            .env("DOORBUSTER_PROFILE", if is_profiled { "true" } else { "false" })
            .env("DOORBUSTER_PROFILE_EVERY", "1s")
            // What the store keeps grows with the load, whatever becomes of the destinations.
            .env("DOORBUSTER_STORE_MB", "0")
            .on_cpus(Some(turn::LAB))
            .start();
        let scene = Scene { lab, otlp, loki, pyroscope };
        // Connections, caches and the allocator find their size, and so does the profiler, which reads symbols first.
        scene.customers(Duration::from_secs(if is_profiled { 6 } else { 1 }));
        scene
    }

    pub fn backend(&self, destination: Destination) -> &Backend {
        match destination {
            Destination::Otlp => &self.otlp,
            Destination::Loki => &self.loki,
            Destination::Pyroscope => &self.pyroscope,
        }
    }

    /// Customers come for so long; all of them are served, whatever fails.
    #[track_caller]
    pub fn customers(&self, lasts: Duration) -> Served {
        let served = load::run(&self.lab.shop(""), lasts);
        assert!(served.complaints.is_empty(), "{:?}", served.complaints);
        served
    }

    /// Memory of the lab that is in RAM.
    pub fn memory_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.lab.id())).expect("the lab runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number") * 1024
    }

    /// Waits until something of each signal arrives at `destination` once more, which was told to be fine just now.
    #[track_caller]
    pub fn resumes(&self, destination: Destination) -> Duration {
        let (begun, backend) = (Instant::now(), self.backend(destination));
        let before = backend.taken().records;
        self.customers(Duration::from_millis(500));
        for signal in destination.signals() {
            let more = || backend.records(signal) > before.get(signal).copied().unwrap_or_default();
            let left = RESUMES_WITHIN.saturating_sub(begun.elapsed());
            until(left, &format!("{signal} arrive again at {}", destination.name()), more);
        }
        begun.elapsed()
    }

    /// How many records of each signal the lab has counted as given up for `reason`.
    pub fn dropped(&self, destination: Destination, reason: &str) -> f64 {
        let labels = [format!("destination=\"{}\"", destination.name()), format!("reason=\"{reason}\"")];
        self.lab.metric("lab_telemetry_dropped_total", &[&labels[0], &labels[1]])
    }

    /// Ends the lab, in time, and holds its counters against what was made and what arrived. `exactly` says that no
    /// answer of a destination was lost on its way, so that nothing can have arrived without being counted as sent.
    #[track_caller]
    pub fn ends(mut self, exactly: bool) {
        let spans = self.spans_made();
        let unwritten = self.lab.metric("lab_telemetry_dropped_total", &["destination=\"stdout\""]);
        assert_eq!(unwritten, 0.0, "standard output is what log lines are counted by");
        let begun = Instant::now();
        assert!(self.lab.terminate().success());
        let took = begun.elapsed();
        assert!(took <= STOPS_WITHIN, "stopping took {took:?}");

        let lines = self.lab.lines();
        let closed = last_words(&lines);
        assert!(closed.contains_key(&("traces", "otlp")), "no last words: {closed:?}");
        let made = |signal| match signal {
            "traces" => Some(spans),
            "logs" => Some(lines.iter().filter(|line| !is_last_word(line)).count() as u64),
            // How often the rest was collected is not known from outside.
            _ => None,
        };
        for ((signal, destination), Closed { sent, dropped }) in closed {
            println!("  {signal} to {destination}: {sent} sent, {dropped} dropped, made {:?}", made(signal));
            if let Some(made) = made(signal) {
                // That one destination is away may be noticed when the way to another has been closed.
                let late =
                    if signal == "logs" { lines.iter().filter(|line| is_trouble(line)).count() } else { 0 };
                let (least, told) = (made.saturating_sub(late.min(LATE) as u64), sent + dropped);
                let counts = format!("{signal} to {destination}: {sent} sent, {dropped} dropped of {made}");
                assert!((least..=made).contains(&told), "{counts}");
            }
            let Some(backend) = self.named(destination) else { continue };
            let arrived = backend.records(signal);
            assert!(arrived >= sent, "{signal} to {destination}: {sent} sent, {arrived} arrived");
            assert!(!exactly || arrived == sent, "{signal} to {destination}: {sent} sent, {arrived} arrived");
        }
        for backend in [&self.otlp, &self.loki, &self.pyroscope] {
            assert_eq!(backend.taken().broken, Vec::<String>::new());
        }
    }

    fn named(&self, name: &str) -> Option<&Backend> {
        let all = [Destination::Otlp, Destination::Loki, Destination::Pyroscope];
        all.into_iter().find(|one| one.name() == name).map(|one| self.backend(one))
    }

    /// Every span is measured as well, by an instrument that knows nothing of queues and destinations.
    fn spans_made(&self) -> u64 {
        let measured = ["http_server_request", "http_client_request", "db_client_operation"];
        let counts =
            measured.map(|of| self.lab.metric(&format!("{of}_duration_seconds_count"), &[]).round() as u64);
        counts.iter().sum()
    }
}

/// Lines about trouble that may be written when nothing is sent any more: one for each other destination.
const LATE: usize = 2;

fn is_trouble(line: &Value) -> bool {
    line["message"].as_str().is_some_and(|message| message.starts_with("signals are "))
}

fn is_last_word(line: &Value) -> bool {
    line["message"] == "signals have ended"
}

/// By signal and destination.
fn last_words(lines: &[Value]) -> BTreeMap<(&str, &str), Closed> {
    let word = |line: &'_ Value, field: &str| line[field].as_u64().expect("a count");
    let last = lines.iter().filter(|line| is_last_word(line));
    last.map(|line| {
        let [signal, destination] =
            ["signal", "destination"].map(|field| line[field].as_str().expect("a word"));
        ((signal, destination), Closed { sent: word(line, "sent"), dropped: word(line, "dropped") })
    })
    .collect()
}
