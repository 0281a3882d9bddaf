//! A control address with the smallest engine there can be behind it, on a thread of its own. Ends with the value, as a
//! killed process would: without a word to anybody.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use axum::Router;
use doorbuster::{
    chaos::{board::Board, counts::Counts, fault::Fault, setting::Setting, switchboard::Switchboard},
    console::{
        api,
        desk::{Console, Ledger, Offered, Place, Shelf},
        guard::Guard,
    },
    kernel::client::InProcess,
    lab::listen,
    load::{
        mix::Mix,
        run::{Options, Shoppers},
    },
    scenario::{
        control::{Active, Command, Control, Done, Refused, Running, Served, Status},
        spec::Spec,
    },
};
use serde_json::json;
use tokio::sync::oneshot;

pub const TOKEN: &str = "open-sesame";
const SCENARIO: &str = "payment-outage";
const FILE: &str = "name: payment-outage\n# as it stands in the file\n";

/// How it is to be.
pub struct Plan {
    port: u16,
    /// Whose guard it has: that of a lab which listens here.
    bind: IpAddr,
    run: u64,
    /// Whether it takes commands up at all.
    is_awake: bool,
}

/// A running control address.
pub struct Engine {
    pub address: SocketAddr,
    pub switchboard: Arc<Switchboard>,
    pub counts: Arc<Counts>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Plan {
    pub fn here() -> Plan {
        Plan { port: 0, bind: Ipv4Addr::LOCALHOST.into(), run: 1, is_awake: true }
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

    pub fn start(self) -> Engine {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("bound");
        let switchboard = Arc::new(Switchboard::new(Arc::new(Board::new(None)), self.run));
        let counts = Arc::new(Counts::new(switchboard.board().clone()));
        let (stop, stopped) = oneshot::channel::<()>();
        let (ours, our_counts) = (switchboard.clone(), counts.clone());
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let (control, served) = Control::channel();
                let served = if self.is_awake {
                    tokio::spawn(serve(served, ours.clone()));
                    None
                } else {
                    Some(served)
                };
                let router = api::router(console(control, ours, our_counts, Guard::new(self.bind, TOKEN)));
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    () = listen::serve(listener, router, std::future::pending()) => {}
                    _ = stopped => {}
                }
                drop(served);
            });
        });
        Engine { address, switchboard, counts, stop: Some(stop), thread: Some(thread) }
    }
}

impl Engine {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sets these faults, past the API.
    pub fn set(&self, faults: Vec<Fault>) {
        self.switchboard.set(Setting { faults, ..Setting::default() });
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

fn console(control: Control, switchboard: Arc<Switchboard>, counts: Arc<Counts>, guard: Guard) -> Console {
    let options = Options { mix: Mix { visits_per_minute: 0.0, ..Mix::normal() }, ..Options::default() };
    let carrier = Arc::new(InProcess(Router::new()));
    let shoppers =
        Shoppers::start(options, carrier, &tokio::runtime::Handle::current()).expect("nobody comes");
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
        scenarios: Arc::new(OnlyOne),
        ledger: Arc::new(OnlyOne),
        guard,
    }
}

/// One scenario, and a ledger of three lines.
struct OnlyOne;

impl Shelf for OnlyOne {
    fn list(&self) -> Vec<Offered> {
        vec![Offered {
            name: SCENARIO.to_owned(),
            title: "Cards fail".to_owned(),
            story: "A story.".to_owned(),
            source: "bundled".to_owned(),
            phases: vec!["calm".to_owned(), "outage".to_owned()],
            lasts_seconds: Some(240.0),
            error: None,
        }]
    }

    fn find(&self, name: &str) -> Option<(Arc<Spec>, String)> {
        let spec = json!({
            "name": SCENARIO, "title": "Cards fail", "story": "A story.", "audience": "An outage.",
            "phases": [{ "at": "0s", "name": "calm" }],
        });
        let spec: Spec = serde_json::from_value(spec).expect("a scenario");
        (name == SCENARIO).then(|| (Arc::new(spec), FILE.to_owned()))
    }
}

impl Ledger for OnlyOne {
    fn lines(&self, fault: Option<&str>, limit: usize) -> io::Result<Vec<String>> {
        let all = ["br-cards", "slow", "br-cards"].into_iter().enumerate();
        let ours = all.filter(|(_, id)| fault.is_none_or(|fault| fault == *id));
        let lines: Vec<_> = ours.map(|(at, id)| json!({ "at": at, "fault": id }).to_string()).collect();
        Ok(lines[lines.len().saturating_sub(limit)..].to_vec())
    }
}

/// Takes commands up, one after the other, as the engine does.
async fn serve(mut served: Served, switchboard: Arc<Switchboard>) {
    let mut status =
        Status { mode: "normal".to_owned(), seed: 42, visits_per_minute: 240.0, ..Status::default() };
    while let Some(asked) = served.commands.recv().await {
        let done = obey(&mut status, asked.command);
        if done.is_ok() {
            let faults = status.faults.iter().map(|active| active.fault.clone()).collect();
            switchboard.set(Setting { seed: status.seed, faults, ..Setting::default() });
            status.revision = switchboard.current().revision;
            served.status.send_replace(Arc::new(status.clone()));
        }
        let _ = asked.answer.send(done);
    }
}

fn obey(status: &mut Status, command: Command) -> Result<Done, Refused> {
    match command {
        Command::Start { name, seed } => {
            if ![SCENARIO, "normal", "blackfriday"].contains(&name.as_str()) {
                return Err(Refused::Unknown(format!(
                    "unknown scenario `{name}`; did you mean `{SCENARIO}`?"
                )));
            }
            status.mode = name.clone();
            status.seed = seed.unwrap_or(status.seed);
            status.scenario = Some(Running {
                name,
                title: "Cards fail".to_owned(),
                phase: "calm".to_owned(),
                speed: 1.0,
                ..Running::default()
            });
        }
        Command::Stop => *status = Status { mode: "normal".to_owned(), ..Status::default() },
        Command::Calm => *status = Status { mode: "calm".to_owned(), ..Status::default() },
        Command::Pause | Command::Resume | Command::Jump { .. } | Command::Speed { .. } => {
            let Some(running) = &mut status.scenario else {
                return Err(Refused::NotNow("no scenario runs".to_owned()));
            };
            match command {
                Command::Jump { phase } => running.phase = phase,
                Command::Speed { factor } if !(0.1..=100.0).contains(&factor) => {
                    let why = "expected 0.1 to 100".to_owned();
                    return Err(Refused::Invalid { field: "factor".to_owned(), why });
                }
                Command::Speed { factor } => running.speed = factor,
                other => running.paused = other == Command::Pause,
            }
        }
        Command::SetFault(planned) => {
            let before = status.faults.len();
            status.faults.retain(|active| active.fault.id != planned.id);
            let done = if before == status.faults.len() { Done::Created } else { Done::Replaced };
            let source = "manual".to_owned();
            status.faults.push(Active { fault: planned.fault(), source, since: String::new(), count: None });
            return Ok(done);
        }
        Command::ClearFault { id } => {
            let before = status.faults.len();
            status.faults.retain(|active| active.fault.id != id);
            if before == status.faults.len() {
                return Err(Refused::Unknown(format!("no fault `{id}` is active")));
            }
        }
        Command::Surge { .. } => {}
    }
    Ok(Done::Done)
}

/// How long anything may take here.
pub const SOON: Duration = Duration::from_secs(10);
