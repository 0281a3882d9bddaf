//! From the command line to an open shop and back: start, show, wait, stop.

use std::{
    ffi::OsString,
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use axum::{Router, http::header, routing::get};
use futures_util::future::{join_all, join3};

use super::{
    annotations::{self, grafana::Grafana},
    cli::{Cli, Command, Common, EngineFlags, PeerFlags, Serve, ShowFlags, StackFlags, TheirFlags, Up},
    closing::Open,
    control_room::{ControlRoom, Plan},
    descriptors::{self, Shares},
    follow::follower,
    hosts::Host,
    interrupt,
    keeper::{self, Keeper},
    reach,
    remote::{self, run::COULD_NOT},
    rules::command,
    settings::Settings,
    shutdown::{self, Shutdown},
    speak::{answer, say},
    stack::{Beside, Here},
    stage::Stage,
    table::{Row, render},
    token::Token,
    verify, ways,
};
use crate::{
    chaos::board::Board,
    kernel::service::Service,
    load::mix::Mix,
    store::keep::Store,
    telemetry::{
        config::Config,
        exposition,
        init::{Setup, Telemetry},
    },
};

/// How long the last signals may take, within what is left of the shutdown.
const SIGNALS_GRACE: Duration = Duration::from_millis(1500);

/// Runs what the command line asks for.
pub fn main(cli: Cli, begun: Instant) -> ExitCode {
    let done = match cli.command {
        None => up(cli.up, begun),
        Some(Command::Up(up_flags)) => up(*up_flags, begun),
        Some(Command::Serve(serve_flags)) => serve(*serve_flags, begun),
        Some(Command::Verify(flags)) => return verify::run::main(&flags),
        Some(Command::Rules(rules)) => return command::run(&rules, answer, say),
        Some(Command::Remote(remote)) => return remote::run::main(&remote),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("doorbuster: {error:#}\n"));
            ExitCode::from(COULD_NOT)
        }
    }
}

/// `doorbuster up`: everything in this process.
fn up(flags: Up, begun: Instant) -> Result<()> {
    verify::child::end_with_parent();
    let settings = Settings::new(&flags.common, PeerFlags::default())?;
    let services = Service::ALL;
    let (show, theirs) = (Some(flags.show), Some(flags.stack.theirs.clone()));
    let (stack, token, limit) = (Some(flags.stack), Token::read()?, descriptors::raise());
    Session { settings, services: &services, port: None, show, engine: None, stack, theirs, token, limit }
        .run(&flags.common, begun)
}

/// `doorbuster serve SERVICE`: one service in this process.
fn serve(flags: Serve, begun: Instant) -> Result<()> {
    let settings = Settings::alone(&flags.common, flags.peers)?;
    let services = [flags.service];
    let is_lab = flags.service == Service::Lab;
    let (show, engine) = (is_lab.then_some(flags.show), (!is_lab).then_some(flags.engine));
    let (stack, theirs, token) = (None, is_lab.then_some(flags.theirs), Token::read()?);
    let (port, limit) = (flags.port, descriptors::raise());
    Session { settings, services: &services, port, show, engine, stack, theirs, token, limit }
        .run(&flags.common, begun)
}

/// One run of this process.
struct Session<'a> {
    settings: Settings,
    services: &'a [Service],
    port: Option<u16>,
    show: Option<ShowFlags>,
    /// Where the engine is, when it is elsewhere.
    engine: Option<EngineFlags>,
    stack: Option<StackFlags>,
    /// Who looks after alerts already, for the control address.
    theirs: Option<TheirFlags>,
    token: Token,
    /// How many file descriptors this process may have.
    limit: usize,
}

impl Session<'_> {
    fn run(self, common: &Common, begun: Instant) -> Result<()> {
        let shutdown = Shutdown::new(shutdown::LIMITS);
        let asked_to_stop = interrupt::listen(shutdown.clone())?;
        let text = |text: OsString| text.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        let mut config = Config::of(environment).map_err(|error| anyhow!(error))?;
        config.profile_every = common.profile.then_some(common.profile_every);
        let ours: Vec<Service> = self.services.iter().copied().filter(|one| !one.is_third_party()).collect();
        let alone = self.services.len() == 1;
        let platform = if alone { self.services[0] } else { Service::Lab };
        let store = self.show.as_ref().and_then(keeper::store);
        let telemetry = Telemetry::start(Setup {
            config,
            services: &ours,
            platform,
            lines_to: Box::new(std::io::stdout()),
            onlooker: store.clone().map(Keeper::of),
        })
        .map_err(|error| anyhow!(error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let done = runtime.block_on(async {
            let opened = tokio::select! {
                opened = self.open(&telemetry, store, common, begun) => opened?,
                // Nothing is open that has to be closed with care.
                () = interrupt::heard(asked_to_stop.clone()) => return Ok::<(), anyhow::Error>(()),
            };
            shutdown.before_exit(opened.beside.killer());
            interrupt::heard(asked_to_stop).await;
            opened.close(&shutdown).await;
            Ok(())
        });
        // Not dropped: that would wait for what still blocks a thread of it.
        runtime.shutdown_background();
        shutdown.wait_for("the telemetry");
        telemetry.stop(shutdown.left_for_signals(SIGNALS_GRACE));
        done
    }

    async fn open(
        &self,
        telemetry: &Telemetry,
        store: Option<Arc<Store>>,
        common: &Common,
        begun: Instant,
    ) -> Result<Open> {
        Shares::foresee(self.limit, self.services.len(), self.settings.pool.size)
            .map_err(|why| anyhow!(why))?;
        let mut hosts = Vec::new();
        let stage = self.show.as_ref().map(|flags| Stage::open(flags, &common.data_dir)).transpose()?;
        let board = stage.as_ref().map_or_else(|| Arc::new(Board::new(None)), |stage| stage.board.clone());
        if let Some(engine) = &self.engine {
            let service = self.services[0];
            follower::start(engine, &self.settings, service, self.token.given(), board.clone())?;
        }
        let shop = self.services.iter().copied().filter(|service| *service != Service::Lab);
        let starting = shop.map(|service| {
            let port = self.port.unwrap_or(self.settings.address(service).port());
            let extra = if self.services.len() == 1 { metrics_route(telemetry) } else { Router::new() };
            let (settings, panel) = (self.settings.clone(), board.panel(service));
            Host::start(settings, telemetry.scope(service), panel, port, extra)
        });
        for started in join_all(starting).await {
            hosts.push(started?);
        }
        let shares = Shares::of(self.limit, descriptors::open_now(), self.settings.pool.size)
            .map_err(|why| anyhow!(why))?;
        shares.apply();
        let grafana = self.show.as_ref().map(annotations::run::grafana).transpose()?.flatten();
        let annotates_faults = self.show.as_ref().is_some_and(|show| show.annotate_faults);
        let here =
            Here { grafana: grafana.as_ref().map(|one| one.address().to_owned()), ..self.here(common) };
        let beside = Beside::new(self.stack.as_ref(), self.theirs.as_ref(), here).await?;
        let lab = match &stage {
            Some(stage) => {
                let plan = Plan {
                    settings: &self.settings,
                    control: self.control(),
                    port: self.port,
                    token: &self.token,
                    store,
                    stack: beside.view(),
                    grafana_link: self.grafana_link(grafana.as_ref()),
                    grafana: grafana.map(|grafana| (grafana, annotates_faults)),
                    shares,
                };
                Some(ControlRoom::open(plan, stage, telemetry).await?)
            }
            None => None,
        };
        say(&self.table(telemetry, common, stage.as_ref(), &beside, shares, begun).await);
        Ok(Open { board, hosts, lab, beside: beside.begin()? })
    }

    fn here<'a>(&self, common: &'a Common) -> Here<'a> {
        Here {
            port_base: common.port_base,
            control: self.control().to_string(),
            data_dir: &common.data_dir,
            token: (!common.bind.is_loopback()).then(|| self.token.word().to_owned()),
            grafana: None,
        }
    }

    /// Where a browser finds Grafana: in containers that is another address than the lab's own way there.
    fn grafana_link(&self, grafana: Option<&Grafana>) -> Option<String> {
        let said = self.show.as_ref().and_then(|show| show.grafana_link.clone());
        said.filter(|link| !link.trim().is_empty()).or_else(|| grafana.map(|one| one.address().to_owned()))
    }

    /// The control address, as this machine reaches it.
    fn control(&self) -> SocketAddr {
        let mut control = self.settings.reachable(Service::Lab);
        control.set_port(self.port.unwrap_or(control.port()));
        control
    }

    async fn table(
        &self,
        telemetry: &Telemetry,
        common: &Common,
        stage: Option<&Stage>,
        beside: &Beside,
        shares: Shares,
        begun: Instant,
    ) -> String {
        let took = begun.elapsed().as_millis();
        let version = env!("CARGO_PKG_VERSION");
        if let [service] = self.services
            && *service != Service::Lab
        {
            let port = self.port.unwrap_or(self.settings.address(*service).port());
            return format!(
                "doorbuster {version}: {service} is open at {}:{port} after {took} ms\n",
                common.bind
            );
        }
        // Side by side: who cannot be reached is waited for once, however many there are.
        let (cache, signals, alerts) =
            join3(self.cache_row(), ways::rows(telemetry.config()), beside.rows()).await;
        let control = self.control();
        let is_whole = self.services.len() > 1;
        let elsewhere = if is_whole { "" } else { "in processes of its own" };
        let mut rows = vec![
            Row::new("shop", self.settings.shown(Service::Storefront), elsewhere),
            Row::new(
                "control",
                format!("http://{control}"),
                "the console; metrics at /metrics, state at /api/state",
            ),
        ];
        if is_whole {
            rows.push(self.settings.internal_row());
            let told = common.database_url.as_ref().is_some_and(|url| !url.is_empty());
            let note = off_unless(told, "DATABASE_URL");
            rows.extend([Row::new("database", self.settings.database_title(), note), cache]);
        }
        if !common.bind.is_loopback() {
            rows.push(Row::new("bound to", common.bind.to_string(), self.settings.bound_note(is_whole)));
            rows.extend(self.token.rows());
        }
        rows.extend(shares.row());
        rows.extend(signals);
        rows.push(Row::new("log lines", "standard output", "JSON, one object a line"));
        rows.extend(self.show.as_ref().map(keeper::row));
        rows.extend(self.show.as_ref().and_then(annotations::run::row));
        if self.theirs.is_some() {
            rows.extend(alerts);
        }
        if let Some(stage) = stage {
            let rate = Mix::normal().visits_per_minute * stage.load_factor();
            rows.push(Row::new("shoppers", format!("{rate} visits a minute"), "on a normal evening"));
            rows.push(Row::new("scenario", stage.first(), format!("seed {}", stage.seed())));
        }
        let what = if is_whole { "shop" } else { "lab" };
        render(&format!("doorbuster {version}: the {what} is open after {took} ms"), &rows)
    }

    async fn cache_row(&self) -> Row {
        let Some(url) = &self.settings.redis_url else {
            return Row::new("cache", "in memory", "REDIS_URL is not set");
        };
        let Some(place) = reach::place(url) else { return Row::new("cache", "Redis", "") };
        let there = reach::listens(&place).await;
        let note = if there { "" } else { "not reachable: carts are in memory until it is" };
        Row::new("cache", format!("Redis {place}"), note)
    }
}

fn off_unless(set: bool, variable: &str) -> String {
    if set { String::new() } else { format!("{variable} is not set") }
}

/// `/metrics` of a service that stands alone.
fn metrics_route(telemetry: &Telemetry) -> Router {
    let metrics = telemetry.exposition();
    let answer = async move || ([(header::CONTENT_TYPE, exposition::CONTENT_TYPE)], metrics());
    Router::new().route("/metrics", get(answer))
}
