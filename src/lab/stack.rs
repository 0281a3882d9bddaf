//! Prometheus and Alertmanager beside the lab: whether there are to be any, what they are told, and what a person hears of
//! it. The shop does not wait for them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

use super::{
    bulletin,
    cli::{StackFlags, StackWish, TheirFlags},
    hosts::{self, Spawned},
    reach,
    speak::say,
    table::Row,
};
use crate::{
    kernel::{outside, service::Service, text_file},
    rules::{bundle, file::RuleFile, pace::Pace, routing::Routing, tree::MOST_BYTES},
    stack::{
        part::Part,
        plan::Plan,
        program::{HOW, locate},
        pulse,
        run::{NotStarted, Ports, Stack, clear},
        standing::{Standing, State},
        view::View,
    },
};

/// The name of the thread that looks after them.
const THREAD: &str = "stack";
/// Where the two listen, from the port base on, if nobody is there yet.
const OFFSET: u16 = 60;
/// Where links in rule files lead: the lab and Grafana at their usual addresses.
const USUAL: &str = "http://127.0.0.1:8010/";
const USUAL_GRAFANA: &str = "http://127.0.0.1:3000/";

/// What is to be beside the lab.
pub struct Beside {
    view: View,
    what: What,
}

enum What {
    Nothing,
    Theirs,
    Ours(Box<Plan>, Ports),
}

/// Where the lab is, and what it keeps things in.
pub struct Here<'a> {
    pub port_base: u16,
    /// `host:port` of the control address, as this machine reaches it.
    pub control: String,
    pub data_dir: &'a Path,
    /// The word that opens the lab, where it asks for one.
    pub token: Option<String>,
    /// Where dashboards are, without who asks.
    pub grafana: Option<String>,
}

impl Beside {
    /// Decides, and reads what they are to be told. Who runs already is asked; without flags none is started.
    pub async fn new(
        flags: Option<&StackFlags>,
        theirs: Option<&TheirFlags>,
        here: Here<'_>,
    ) -> Result<Self> {
        let nothing = |state, why: String| {
            Ok(Beside { view: View::of(Standing::without(state, why)), what: What::Nothing })
        };
        if flags.is_some_and(|flags| flags.stack == StackWish::Off) {
            return nothing(State::Off, "--stack is off".to_owned());
        }
        let told = |variable: &str, url: Option<&String>| {
            let told = url.map(String::as_str).filter(|url| !url.trim().is_empty());
            told.map(|url| outside::base(variable, url)).transpose().map_err(|why| anyhow!(why))
        };
        let prometheus = told("PROMETHEUS_URL", theirs.and_then(|theirs| theirs.prometheus_url.as_ref()))?;
        let alertmanager =
            told("ALERTMANAGER_URL", theirs.and_then(|theirs| theirs.alertmanager_url.as_ref()))?;
        if prometheus.is_some() || alertmanager.is_some() {
            let standing = Standing::theirs(prometheus.as_deref(), alertmanager.as_deref());
            return Ok(Beside { view: View::of(standing), what: What::Theirs });
        }
        let Some(flags) = flags else { return nothing(State::Off, "`doorbuster up` starts it".to_owned()) };
        let named = [flags.prometheus_bin.as_deref(), flags.alertmanager_bin.as_deref()];
        let mut missing = Vec::new();
        for (part, named) in Part::ALL.into_iter().zip(named) {
            match locate(part, named) {
                Ok(_) => {}
                Err(NotStarted::Missing(_)) => missing.push(part.name()),
                // What a person named has to be there.
                Err(failed) => return Err(anyhow!(failed)),
            }
        }
        if !missing.is_empty() {
            return nothing(State::Missing, format!("no {} on this machine: {HOW}", missing.join(" and ")));
        }
        let plan = plan(flags, here)?;
        // What a lab that was killed left behind would keep its ports.
        clear(&plan.dir).await;
        let ports = Ports::free(plan.first_port);
        let (one, other) = (ports.url(Part::Prometheus), ports.url(Part::Alertmanager));
        let standing = Standing::starting(plan.pace, &one, &other);
        Ok(Beside { view: View::of(standing), what: What::Ours(Box::new(plan), ports) })
    }

    /// For the control address.
    pub fn view(&self) -> View {
        self.view.clone()
    }

    /// What the start-up table says of it.
    pub async fn rows(&self) -> Vec<Row> {
        let now = self.view.standing.now();
        let mut rows = Vec::new();
        for part in Part::ALL {
            let Some(found) = now.part(part) else { continue };
            let note = match &self.what {
                What::Ours(plan, _) => format!("starting, {} pace", plan.pace),
                What::Nothing | What::Theirs => {
                    let there = match reach::place(&found.url) {
                        Some(place) => reach::listens(&place).await,
                        None => true,
                    };
                    let note = if there { "nothing is started" } else { "not reachable; nothing is started" };
                    note.to_owned()
                }
            };
            rows.push(Row::new(part.name(), &found.url, note));
        }
        if rows.is_empty() {
            let why = now.why.unwrap_or_default();
            rows.push(Row::new("alerts", now.state.to_string(), why));
        }
        rows
    }

    /// Starts them, on a thread of their own.
    pub fn begin(self) -> Result<Running> {
        let (stop, stopped) = watch::channel(false);
        let Beside { view, what } = self;
        let standing = view.standing.clone();
        let thread = hosts::spawn(Service::Lab, THREAD, async move {
            match what {
                What::Nothing => {}
                What::Theirs => until(stopped, attend(view.standing)).await,
                What::Ours(plan, ports) => look_after(*plan, ports, view.standing, stopped).await,
            }
        })?;
        Ok(Running { stop, standing, thread })
    }
}

/// They are looked after.
pub struct Running {
    stop: watch::Sender<bool>,
    standing: Standing,
    thread: Spawned,
}

impl Running {
    /// Asks them to end, and does not wait.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until they have ended, for `patience` at most.
    pub async fn ended(self, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.thread.ended()).await;
    }

    /// What kills them and does not wait, for a lab that is ended by force.
    pub fn killer(&self) -> impl FnOnce() + Send + use<> {
        let standing = self.standing.clone();
        move || {
            let now = standing.now();
            let pids = Part::ALL.into_iter().filter_map(|part| now.part(part)?.pid);
            for pid in pids.filter_map(|pid| i32::try_from(pid).ok().and_then(Pid::from_raw)) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

async fn look_after(plan: Plan, ports: Ports, standing: Standing, mut stopped: watch::Receiver<bool>) {
    let begun = Instant::now();
    let pace = plan.pace;
    let started = tokio::select! {
        started = Stack::start_at(plan, ports, &standing) => started,
        _ = stopped.wait_for(|stop| *stop) => return,
    };
    let stack = match started {
        Ok(stack) => stack,
        Err(why) => return say(&format!("doorbuster: there will be no alerts: {why}\n")),
    };
    let took = begun.elapsed().as_millis();
    let (one, other) = (&stack.prometheus_url, &stack.alertmanager_url);
    let cautions: String = stack.cautions.iter().map(|caution| format!("; {caution}")).collect();
    say(&format!(
        "doorbuster: prometheus {one} ({pace} pace) and alertmanager {other} are ready after {took} ms{cautions}\n"
    ));
    until(stopped, attend(standing)).await;
    stack.stop().await;
}

/// Looks after them, and says what becomes of them.
async fn attend(standing: Standing) {
    tokio::join!(bulletin::read_out(standing.clone(), say), pulse::feel(standing));
}

async fn until(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
}

fn plan(flags: &StackFlags, here: Here) -> Result<Plan> {
    let control = format!("http://{}", here.control);
    // Links lead to this lab, wherever it listens.
    let grafana = here.grafana.map_or_else(|| USUAL_GRAFANA.to_owned(), |url| format!("{url}/"));
    let lead_here = |text: &str| text.replace(USUAL, &format!("{control}/")).replace(USUAL_GRAFANA, &grafana);
    let rule_files = match &flags.rules[..] {
        [] => {
            let bundled = bundle::rule_files(flags.pace).into_iter();
            bundled.map(|file| (file.name.to_owned(), lead_here(file.text))).collect()
        }
        named => named.iter().map(|path| own_rules(path, flags.pace)).collect::<Result<_>>()?,
    };
    let routing = match &flags.alertmanager_config {
        None => Routing::parse("alertmanager.yml", bundle::alertmanager(flags.pace)),
        Some(path) => {
            let routing = Routing::parse(&path.display().to_string(), &read(path)?);
            routing.map(|routing| routing.timed(flags.pace))
        }
    };
    let routing = routing.map_err(|flaws| anyhow!("{flaws}"))?.into_sink(&control);
    if flags.alertmanager_config.is_some() && !routing.left_out().is_empty() {
        for what in routing.left_out() {
            say(&format!("doorbuster: left out of the routes: {what}\n"));
        }
    }
    Ok(Plan {
        dir: here.data_dir.join("stack"),
        pace: flags.pace,
        targets: vec![here.control],
        rule_files,
        alertmanager: routing.text(),
        prometheus_bin: flags.prometheus_bin.clone(),
        alertmanager_bin: flags.alertmanager_bin.clone(),
        first_port: here.port_base.saturating_add(OFFSET),
        token: here.token,
    })
}

/// A file of the user's own, at the pace.
fn own_rules(path: &Path, pace: Pace) -> Result<(String, String)> {
    let shown = path.display().to_string();
    let name = path.file_name().and_then(|name| name.to_str()).context(format!("{shown}: it has no name"))?;
    let rules = RuleFile::parse(&shown, &read(path)?).and_then(|rules| rules.at(pace).text());
    Ok((name.to_owned(), rules.map_err(|flaws| anyhow!("{flaws}"))?))
}

fn read(path: &Path) -> Result<String> {
    text_file::read(path, MOST_BYTES as u64).with_context(|| path.display().to_string())
}
