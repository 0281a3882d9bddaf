//! Some services of the shop, in this process, with a board of faults above them: the very hosts the lab starts.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use axum::Router;
use clap::Parser;
use doorbuster::{
    chaos::{board::Board, fault::Fault, live::Count, setting::Setting},
    kernel::service::Service,
    lab::{
        cli::{Cli, Command, PeerFlags},
        hosts::Host,
        settings::Settings,
    },
    telemetry::{
        exposition,
        ids::Ids,
        otlp::measured::measured,
        process::Threads,
        resource,
        scope::{Buckets, Kinds, Scope},
    },
};
use garde::Validate;
use opentelemetry::{Context, trace::SpanId};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SdkTracerProvider, Span, SpanData, SpanProcessor},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    browser::{Answer, Ask, get},
    servers::{ports, process::home},
    waiting::until,
};

/// What happens at once may take this long on a busy machine.
pub const SOON: Duration = Duration::from_secs(10);

/// Who measures the machine wants no neighbour on it.
static MACHINE: RwLock<()> = RwLock::new(());

#[expect(dead_code, reason = "it is held, not looked at")]
enum Machine {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// Services side by side. They end with the value.
pub struct Street {
    pub board: Board,
    pub settings: Settings,
    pub spans: Spans,
    hosts: Vec<Host>,
    scopes: Vec<Arc<Scope>>,
    runtime: Runtime,
    _home: TempDir,
    _machine: Machine,
}

/// A street before it opens.
pub struct Plan {
    flags: Vec<String>,
    home: TempDir,
    alone: bool,
}

impl Plan {
    pub fn flag(mut self, name: &str, value: &str) -> Plan {
        self.flags.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// With nobody else on the machine.
    pub fn alone(mut self) -> Plan {
        self.alone = true;
        self
    }

    pub fn open(self, services: &[Service]) -> Street {
        self.open_with(services, own_scopes)
    }

    /// With telemetry as `scopes` makes it; without spans and measurements to look at, unless it takes ours.
    pub fn open_with(
        self,
        services: &[Service],
        scopes: impl FnOnce(&[Service], &Spans) -> Vec<Arc<Scope>>,
    ) -> Street {
        let machine = match self.alone {
            true => Machine::Alone(MACHINE.write().unwrap_or_else(PoisonError::into_inner)),
            false => Machine::Shared(MACHINE.read().unwrap_or_else(PoisonError::into_inner)),
        };
        let cli = Cli::try_parse_from(&self.flags).unwrap_or_else(|error| panic!("{error}"));
        let Some(Command::Up(flags)) = cli.command else { panic!("{:?}", self.flags) };
        let settings = Settings::new(&flags.common, PeerFlags::default()).expect("settings");
        let (board, spans) = (Board::new(None), Spans::default());
        let scopes = scopes(services, &spans);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        let hosts = services.iter().map(|service| {
            let scope = scopes.iter().find(|scope| scope.service == *service).cloned();
            let scope = scope.unwrap_or_else(|| Arc::new(Scope::silent(*service)));
            let port = settings.address(*service).port();
            let started = Host::start(settings.clone(), scope, board.panel(*service), port, Router::new());
            runtime.block_on(started).unwrap_or_else(|error| panic!("{service}: {error:#}"))
        });
        let hosts = hosts.collect();
        Street { board, settings, spans, hosts, scopes, runtime, _home: self.home, _machine: machine }
    }
}

fn own_scopes(services: &[Service], spans: &Spans) -> Vec<Arc<Scope>> {
    let threads = Threads::new(services, Service::Lab);
    let ours = services.iter().filter(|service| !service.is_third_party());
    let scopes = ours.map(|service| {
        let resource = resource::of(*service, None);
        let tap = Tap { service: *service, spans: spans.clone() };
        let provider = SdkTracerProvider::builder().with_id_generator(Ids).with_span_processor(tap);
        let scope = Scope::new(*service, Arc::default(), &provider.build(), resource, Kinds::default());
        threads.watch(*service, &scope.signals().expect("it has signals").instruments);
        Arc::new(scope)
    });
    scopes.collect()
}

impl Street {
    pub fn plan() -> Plan {
        let home = home("street");
        let (base, data) = (ports::block().to_string(), home.path().join("data"));
        let data = data.to_str().expect("a path of text").to_owned();
        let flags = ["doorbuster", "up", "--port-base", &base, "--data-dir", &data].map(str::to_owned);
        Plan { flags: flags.to_vec(), home, alone: false }
    }

    /// From now on these faults are active, and no others.
    #[track_caller]
    pub fn set(&self, faults: Value) {
        self.set_with(faults, json!({}));
    }

    /// The same, with services that run as other versions.
    #[track_caller]
    pub fn set_with(&self, faults: Value, releases: Value) {
        let faults: Vec<Fault> = serde_json::from_value(faults).expect("faults");
        for fault in &faults {
            fault.validate().unwrap_or_else(|report| panic!("{fault:?}: {report}"));
        }
        let releases = serde_json::from_value(releases).expect("releases");
        self.board.apply(&Setting { faults, releases, seed: 42, ..Setting::default() });
    }

    pub fn count(&self, fault: &str) -> Count {
        self.board.counts().remove(fault).unwrap_or_default()
    }

    pub fn url(&self, service: Service, path: &str) -> String {
        format!("http://{}{path}", self.settings.address(service))
    }

    #[track_caller]
    pub fn get(&self, service: Service, path: &str) -> Answer {
        get(self.url(service, path)).send()
    }

    /// Asks in the background.
    pub fn asking(&self, ask: Ask) -> Asking {
        Asking(thread::spawn(move || {
            let begun = Instant::now();
            (ask.send(), begun.elapsed())
        }))
    }

    /// The exposition of all services.
    pub fn metrics(&self) -> String {
        exposition::render(&measured(&self.scopes, Buckets::Explicit))
    }

    /// The sum of all series of `name` whose labels contain each of `labels`.
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let metrics = self.metrics();
        let ours = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'))
                && labels.iter().all(|label| line.contains(label))
        };
        let values = metrics.lines().filter(ours);
        values.map(|line| line.rsplit(' ').next().expect("a value").parse::<f64>().expect("a number")).sum()
    }

    /// Lets go of every service.
    pub fn close(&mut self) {
        self.hosts.iter().for_each(|host| host.stop(Duration::from_millis(200)));
        let hosts = std::mem::take(&mut self.hosts);
        self.runtime.block_on(async {
            for host in hosts {
                host.ended().await;
            }
        });
    }
}

impl Drop for Street {
    fn drop(&mut self) {
        self.board.clear();
        self.close();
    }
}

/// A question under way.
pub struct Asking(JoinHandle<(Answer, Duration)>);

impl Asking {
    pub fn is_done(&self) -> bool {
        self.0.is_finished()
    }

    /// The answer, and how long it took.
    #[track_caller]
    pub fn answer(self) -> (Answer, Duration) {
        until(SOON, "there is an answer", || self.is_done());
        self.0.join().expect("answered")
    }
}

/// Spans that ended.
#[derive(Clone, Debug, Default)]
pub struct Spans(Arc<Mutex<Vec<(Service, SpanData)>>>);

/// A span, as far as it matters here.
#[derive(Clone, Debug)]
pub struct Ended {
    pub trace_id: String,
    pub is_root: bool,
    pub took: Duration,
    pub error_type: String,
    pub attributes: Vec<(String, String)>,
}

impl Spans {
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// Those of `service` that are called `name`, in the order in which they ended.
    pub fn of(&self, service: Service, name: &str) -> Vec<Ended> {
        let spans = self.lock();
        let ours = spans.iter().filter(|(whose, span)| *whose == service && span.name == name);
        ours.map(|(_, span)| Ended::from(span)).collect()
    }

    /// The last of them, once it is there.
    #[track_caller]
    pub fn last(&self, service: Service, name: &str) -> Ended {
        until(SOON, "the span has ended", || !self.of(service, name).is_empty());
        self.of(service, name).pop().expect("there is one")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Service, SpanData)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<&SpanData> for Ended {
    fn from(span: &SpanData) -> Self {
        let pairs = span.attributes.iter();
        let attributes: Vec<_> = pairs.map(|one| (one.key.to_string(), one.value.to_string())).collect();
        let error_type = attributes.iter().find(|(key, _)| key == "error.type");
        Ended {
            trace_id: span.span_context.trace_id().to_string(),
            is_root: span.parent_span_id == SpanId::INVALID,
            took: span.end_time.duration_since(span.start_time).unwrap_or_default(),
            error_type: error_type.map(|(_, value)| value.clone()).unwrap_or_default(),
            attributes,
        }
    }
}

#[derive(Debug)]
struct Tap {
    service: Service,
    spans: Spans,
}

impl SpanProcessor for Tap {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.spans.lock().push((self.service, span));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
