//! The lab itself as a child process: the binary that users run, with ports and a data directory of its own.

use std::{
    path::PathBuf,
    process::{Command, ExitStatus},
    time::Duration,
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    ports,
    process::{Process, home},
};
use crate::{
    browser::{self, Answer, get, post},
    waiting::until,
};

/// A debug build on a busy machine may take this long to open.
const OPENING: Duration = Duration::from_secs(30);
pub const USER: &str = "user-token-123";
pub const ADMIN: &str = "admin-token-456";

/// What is to be started.
pub struct Plan {
    command: Command,
    port_base: u16,
    waits_for: Vec<u16>,
    home: TempDir,
}

/// A running lab, or one service of it. Ends with the value.
pub struct Lab {
    process: Process,
    pub port_base: u16,
    home: TempDir,
    /// What the control address asks for, where it was given.
    token: Option<String>,
}

impl Plan {
    /// `doorbuster up` without shoppers, and with nothing broken.
    pub fn up() -> Plan {
        let port_base = ports::block();
        let plan = Plan::new(port_base, &[0, 10])
            .args(&["up"])
            .env("DOORBUSTER_VISITS_PER_MINUTE", "0")
            .env("DOORBUSTER_STACK", "off");
        plan.env("DOORBUSTER_SCENARIO", "calm")
    }

    /// `doorbuster serve SERVICE` on the block that begins at `port_base`.
    pub fn serve(service: &str, port_base: u16, port: u16) -> Plan {
        Plan::new(port_base, &[port - port_base]).args(&["serve", service, "--port", &port.to_string()])
    }

    fn new(port_base: u16, offsets: &[u16]) -> Plan {
        let home = home("doorbuster");
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
        // What the machine says about telemetry and databases is not part of a test.
        for (name, _) in std::env::vars() {
            let ours = [
                "OTEL_",
                "LOKI_",
                "PYROSCOPE_",
                "DOORBUSTER_",
                "DATABASE_",
                "DB_",
                "REDIS_",
                "RUST_LOG",
                "SLOW_",
            ];
            if ours.iter().any(|prefix| name.starts_with(prefix)) || name.ends_with("_URL") {
                command.env_remove(name);
            }
        }
        command.env("DOORBUSTER_PORT_BASE", port_base.to_string());
        command.env("DOORBUSTER_DATA_DIR", home.path().join("data"));
        let waits_for = offsets.iter().map(|offset| port_base + offset).collect();
        Plan { command, port_base, waits_for, home }
    }

    /// On the ports that another lab had.
    #[allow(dead_code, reason = "tests/matrix, which shares this file, starts none again")]
    pub fn in_place_of(mut self, lab: &Lab) -> Plan {
        self.waits_for.iter_mut().for_each(|port| *port = *port - self.port_base + lab.port_base);
        self.port_base = lab.port_base;
        self.env("DOORBUSTER_PORT_BASE", &lab.port_base.to_string())
    }

    pub fn args(mut self, args: &[&str]) -> Plan {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Plan {
        self.command.env(name, value);
        self
    }

    /// On these processors only, where some are named.
    pub fn on_cpus(self, cpus: Option<&str>) -> Plan {
        let Some(cpus) = cpus else { return self };
        self.behind("taskset", &["--cpu-list", cpus])
    }

    /// With a limit of so many file descriptors, which it cannot raise.
    #[allow(dead_code, reason = "tests/matrix, which shares this file, limits none")]
    pub fn with_descriptors(self, limit: u64) -> Plan {
        self.behind("sh", &["-c", "ulimit -n \"$0\" && exec \"$@\"", &limit.to_string()])
    }

    /// Started by another program.
    fn behind(mut self, program: &str, args: &[&str]) -> Plan {
        let mut outer = Command::new(program);
        outer.args(args).arg(self.command.get_program()).args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => outer.env(name, value),
                None => outer.env_remove(name),
            };
        }
        self.command = outer;
        self
    }

    /// Starts it and waits until it is ready.
    #[track_caller]
    pub fn start(self) -> Lab {
        let waits_for = self.waits_for.clone();
        let mut lab = self.start_unready();
        lab.process.await_ready(OPENING, || {
            waits_for.iter().all(|port| {
                get(format!("http://127.0.0.1:{port}/ready"))
                    .try_send()
                    .is_ok_and(|answer| answer.status == 200)
            })
        });
        lab
    }

    /// Starts it, whatever becomes of it.
    pub fn start_unready(self) -> Lab {
        let Plan { command, port_base, home, .. } = self;
        let token = command.get_envs().find(|(name, _)| *name == "DOORBUSTER_TOKEN");
        let token = token.and_then(|(_, value)| Some(value?.to_str()?.to_owned()));
        let process = Process::start("doorbuster", command, home.path());
        Lab { process, port_base, home, token }
    }
}

impl Lab {
    /// An address of the shop.
    pub fn shop(&self, path: &str) -> String {
        self.at(0, path)
    }

    /// An address of whatever listens `offset` above the port base.
    pub fn at(&self, offset: u16, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port_base + offset)
    }

    /// The control address, asked as the presenter does.
    #[allow(dead_code, reason = "tests/matrix, which shares this file, asks as everybody does")]
    pub fn control(&self, path: &str) -> browser::Ask {
        let ask = get(self.at(10, path));
        match &self.token {
            Some(token) => ask.token(token),
            None => ask,
        }
    }

    /// The number of its process.
    #[allow(dead_code, reason = "tests/matrix, which shares this file, looks at its memory")]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The log lines so far.
    pub fn lines(&self) -> Vec<Value> {
        let whole = |line: &&str| line.ends_with('}');
        let lines = self.process.stdout();
        let lines = lines.lines().filter(whole);
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }

    /// What it said to the person who started it.
    pub fn said(&self) -> String {
        self.process.stderr()
    }

    /// Asks it to stop and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        self.process.stop(Signal::TERM)
    }

    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    pub fn wait(&mut self, deadline: Duration) -> ExitStatus {
        self.process.wait(deadline)
    }

    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// The measurements as text.
    pub fn metrics(&self) -> String {
        get(self.at(10, "/metrics")).send().ok().body
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
}

/// A customer of the shop with a session of their own.
#[derive(Clone)]
pub struct Customer {
    shop: String,
    baggage: String,
}

impl Customer {
    /// Somebody from `country`.
    pub fn new(lab: &Lab, session: &str, country: &str) -> Customer {
        Customer::of(lab.shop(""), session, country)
    }

    pub fn of(shop: String, session: &str, country: &str) -> Customer {
        Customer { shop, baggage: format!("session.id={session},shop.country={country}") }
    }

    fn dressed(&self, ask: browser::Ask) -> browser::Ask {
        ask.token(USER).header("baggage", &self.baggage)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.dressed(get(format!("{}{path}", self.shop))).send()
    }

    pub fn add(&self, product: i64, quantity: i64) -> Answer {
        let body = json!({ "product_id": product, "quantity": quantity });
        self.dressed(post(format!("{}/cart/add", self.shop), body)).send()
    }

    /// A checkout, with `change`s to what is usual.
    pub fn checkout(&self, key: Option<&str>, change: Value) -> Answer {
        self.ask_checkout(key, change).send()
    }

    pub fn ask_checkout(&self, key: Option<&str>, change: Value) -> browser::Ask {
        let mut body = json!({
            "country": "US", "payment_method": "credit_card", "currency": "USD", "shipping_method": "standard",
        });
        for (name, value) in change.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let ask = self.dressed(post(format!("{}/checkout", self.shop), body));
        match key {
            Some(key) => ask.header("idempotency-key", key),
            None => ask,
        }
    }
}

/// Waits until `lab`'s log lines fulfil `condition`.
#[track_caller]
pub fn until_lines(lab: &Lab, what: &str, condition: impl Fn(&[Value]) -> bool) {
    until(Duration::from_secs(5), what, || condition(&lab.lines()));
}
