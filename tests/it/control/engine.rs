//! A control address with an engine behind it and nobody in the shop, on a thread of its own. Ends with the value, as a
//! killed process would: without a word to anybody.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use axum::Router;
use doorbuster::{
    chaos::{
        board::Board, counts::Counts, fault::Fault, ledger::Ledger, setting::Setting,
        switchboard::Switchboard,
    },
    console::{
        api,
        components::{Components, Look},
        desk::{Console, Place},
        exercises::book::Book,
        guard::Guard,
    },
    kernel::{client::InProcess, heartbeat::Heartbeat},
    lab::listen,
    load::{
        mix::Mix,
        run::{Options, Shoppers},
    },
    scenario::{
        control::{Control, Served},
        engine::{CALM, Engine as Real, SEED},
        library::Library,
    },
    stack::{
        standing::{Standing, State},
        view::View,
    },
    store::keep::Store,
};
use serde_json::json;
use tokio::sync::oneshot;

pub const TOKEN: &str = "open-sesame";
/// A trainee's.
pub const TRAINEE: &str = "learn-sesame";
/// A scenario of the user's own, beside the bundled ones.
const SCENARIO: &str = "# as it stands in the file
name: payment-outage
title: Cards fail
story: A story.
audience: An outage.
baseline: false
lasts: 4m
phases:
  - { at: 0s, name: calm }
  - { at: 1m, name: outage }
";

/// How it is to be.
pub struct Plan {
    port: u16,
    /// Whose guard it has: that of a lab which listens here.
    bind: IpAddr,
    run: u64,
    /// Whether it takes commands up at all.
    is_awake: bool,
    /// Whether it keeps signals.
    remembers: bool,
}

/// A running control address.
pub struct Engine {
    pub address: SocketAddr,
    pub switchboard: Arc<Switchboard>,
    pub counts: Arc<Counts>,
    /// What came in is found there as well as through the address.
    pub store: Arc<Store>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Plan {
    pub fn here() -> Plan {
        Plan { port: 0, bind: Ipv4Addr::LOCALHOST.into(), run: 1, is_awake: true, remembers: true }
    }

    /// As a lab that listens beyond this machine.
    pub fn beyond() -> Plan {
        Plan { bind: Ipv4Addr::UNSPECIFIED.into(), ..Plan::here() }
    }

    pub fn port(self, port: u16) -> Plan {
        Plan { port, ..self }
    }

    pub fn run(self, run: u64) -> Plan {
        Plan { run, ..self }
    }

    pub fn asleep(self) -> Plan {
        Plan { is_awake: false, ..self }
    }

    pub fn without_store(self) -> Plan {
        Plan { remembers: false, ..self }
    }

    pub fn start(self) -> Engine {
        let store = Arc::new(Store::new(8 << 20));
        let our_store = self.remembers.then(|| store.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("bound");
        let switchboard = Arc::new(Switchboard::new(Arc::new(Board::new(None)), self.run, SEED));
        let counts = Arc::new(Counts::new(switchboard.board().clone()));
        let (stop, stopped) = oneshot::channel::<()>();
        let (ours, our_counts) = (switchboard.clone(), counts.clone());
        let (open, is_open) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let (control, served) = Control::channel();
                let home = tempfile::tempdir().expect("a directory");
                let ledger = Ledger::open(home.path()).expect("a ledger");
                let shelf = tempfile::tempdir().expect("a directory");
                std::fs::write(shelf.path().join("payment-outage.yaml"), SCENARIO).expect("written");
                let library = Library::new(Some(shelf.path().to_owned()));
                let guard = Guard::new(self.bind, TOKEN).with_trainee(Some(TRAINEE));
                let console = Console {
                    store: our_store,
                    ..console(control, ours, our_counts, guard, ledger, library)
                };
                let served = if self.is_awake {
                    tokio::spawn(run(served, console.clone()));
                    let mut status = console.control.watch();
                    status.wait_for(|status| status.mode == CALM).await.expect("it runs");
                    None
                } else {
                    Some(served)
                };
                let components = console.components.clone();
                let router = api::router(console).merge(components.router());
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                open.send(()).expect("somebody waits");
                tokio::select! {
                    () = listen::serve(listener, router, std::future::pending()) => {}
                    _ = stopped => {}
                }
                drop(served);
            });
        });
        is_open.recv().expect("it has opened");
        Engine { address, switchboard, counts, store, stop: Some(stop), thread: Some(thread) }
    }
}

impl Engine {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sets these faults, past the API.
    pub fn set(&self, faults: Vec<Fault>) {
        self.switchboard.set(Setting { seed: SEED, faults, ..Setting::default() });
    }

    /// The port is free afterwards.
    pub fn kill(self) {}
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().map(thread::JoinHandle::join);
    }
}

/// A fault at `service`, which hangs.
pub fn fault(id: &str, service: &str) -> Fault {
    let fault = json!({ "id": id, "on": { "service": service }, "effect": "hang" });
    serde_json::from_value(fault).expect("a fault")
}

async fn run(served: Served, console: Console) {
    let Console { switchboard, shoppers, scenarios: library, ledger, counts, .. } = console;
    let engine = Real { switchboard, shoppers, library, ledger, counts, load_factor: 0.0, seed: None };
    engine.run(served, CALM).await;
}

fn console(
    control: Control,
    switchboard: Arc<Switchboard>,
    counts: Arc<Counts>,
    guard: Guard,
    ledger: Ledger,
    library: Library,
) -> Console {
    let options = Options { mix: Mix { visits_per_minute: 0.0, ..Mix::normal() }, ..Options::default() };
    let carrier = Arc::new(InProcess(Router::new()));
    let shoppers =
        Shoppers::start(options, carrier, &tokio::runtime::Handle::current()).expect("nobody comes");
    let (vitals, engine) = (Heartbeat::default(), control.beats());
    let counted = vitals.clone();
    let parts: Vec<(_, Look)> = vec![
        ("engine", Box::new(move || Some(engine.seen()))),
        ("vitals", Box::new(move || Some(counted.seen()))),
    ];
    let components = Components::watch(parts).expect("a thread");
    Console {
        metrics: Arc::new(|| "# EOF\n".to_owned()),
        metrics_type: "application/openmetrics-text",
        telemetry: Arc::new(|| json!([])),
        shoppers: Arc::new(shoppers),
        services: [Place { service: "storefront", url: "http://127.0.0.1:8000".into(), third_party: false }]
            .into(),
        control,
        switchboard,
        counts,
        scenarios: Arc::new(library),
        ledger,
        components,
        vitals,
        scrapes: Arc::default(),
        store: None,
        stack: View::of(Standing::without(State::Off, "nobody asked for it")),
        grafana: None,
        guard,
        exercises: Book::default(),
    }
}

/// How long anything may take here.
pub const SOON: Duration = Duration::from_secs(10);
