//! The control address with what is behind it: the show, the shoppers, and the marks on dashboards. Each has a thread of
//! its own.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::sync::{oneshot, watch};

use super::{
    annotations::{self, grafana::Grafana},
    components,
    descriptors::Shares,
    hosts::{self, Spawned},
    listen::{self, Entrance},
    settings::Settings,
    shutdown::Shutdown,
    stage::Stage,
    token::Token,
};
use crate::{
    console::{
        api,
        desk::{Console, Place},
        exercises::book::Book,
        guard::Guard,
        scrapes::Scrapes,
    },
    kernel::{
        clock,
        heartbeat::Heartbeat,
        service::Service,
        transport::{self, Transport},
    },
    load::{
        mix::Mix,
        run::{Options, Shoppers},
        visit::Source,
    },
    scenario::control::{Command, Control},
    stack::view::View,
    store::keep::Store,
    telemetry::{exposition, init::Telemetry},
    weave::dress,
};

/// How long visits that are under way may take when the lab ends.
const VISITS_GRACE: Duration = Duration::from_millis(600);
/// How long is waited for the last words to Grafana; they take less.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Who asked for calm, in the ledger, when the lab closes.
const BY_SIGNAL: &str = "signal";
/// The name of the thread shoppers come from.
const SHOPPERS: &str = "shoppers";

/// What it is opened with.
pub struct Plan<'a> {
    pub settings: &'a Settings,
    /// The control address, as this machine reaches it.
    pub control: SocketAddr,
    /// The port, where it is another than the port base gives.
    pub port: Option<u16>,
    pub token: &'a Token,
    pub store: Option<Arc<Store>>,
    pub stack: View,
    /// Whose dashboards are marked, and whether with faults too.
    pub grafana: Option<(Grafana, bool)>,
    /// Where a browser finds it.
    pub grafana_link: Option<String>,
    /// How many connections the control address may have.
    pub shares: Shares,
}

/// Open, until it is closed.
pub struct ControlRoom {
    pub shoppers: Arc<Shoppers>,
    control: Control,
    annotator: Option<Spawned>,
    unmark: watch::Sender<bool>,
    stop: watch::Sender<bool>,
}

impl ControlRoom {
    /// Opens the control address and lets the shoppers in.
    pub async fn open(plan: Plan<'_>, stage: &Stage, telemetry: &Telemetry) -> Result<ControlRoom> {
        let Plan { settings, control: here, port, token, store, stack, grafana, grafana_link, shares } = plan;
        let (stop, stopped) = watch::channel(false);
        let (unmark, unmarked) = watch::channel(false);
        let shoppers = Arc::new(let_shoppers_in(settings, stage, telemetry, stopped.clone()).await?);
        let exits = telemetry.exits();
        let scope = telemetry.scope(Service::Lab);
        let control = stage.begin(shoppers.clone(), &scope)?;
        let annotator = grafana.map(|(grafana, faults)| {
            annotations::run::begin(grafana, faults, &here.to_string(), control.watch(), unmarked, &scope)
        });
        let annotator = annotator.transpose()?;
        let (vitals, scrapes) = (Heartbeat::default(), Arc::new(Scrapes::default()));
        let components = components::watch(components::Parts {
            telemetry,
            control: &control,
            ledger: &stage.ledger,
            store: store.as_ref(),
            standing: &stack.standing,
            vitals: &vitals,
            scrapes: &scrapes,
        })?;
        let watched = components.clone();
        let console = Console {
            metrics: Arc::new(telemetry.exposition()),
            metrics_type: exposition::CONTENT_TYPE,
            telemetry: Arc::new(move || serde_json::to_value(exits()).unwrap_or_default()),
            shoppers: shoppers.clone(),
            services: places(settings),
            control: control.clone(),
            switchboard: stage.switchboard.clone(),
            counts: stage.counts.clone(),
            scenarios: stage.library.clone(),
            ledger: stage.ledger.clone(),
            components,
            vitals,
            scrapes,
            store,
            stack,
            guard: Guard::new(settings.bind, token.word())
                .with_trainee(token.trainee())
                .with_hosts(stage.hosts()),
            grafana: grafana_link,
            exercises: Book::open(stage.ledger.directory()),
        };
        let mut address = settings.address(Service::Lab);
        address.set_port(port.unwrap_or(address.port()));
        let entrance = Entrance::control(shares, console.guard.clone());
        let (opened, is_open) = oneshot::channel();
        hosts::spawn(Service::Lab, Service::Lab.name(), async move {
            let listener = match hosts::bind(Service::Lab, address) {
                Ok(listener) => listener,
                Err(error) => return drop(opened.send(Err(error))),
            };
            let _ = opened.send(Ok(()));
            let router = api::router(console).merge(watched.router());
            listen::serve_at(entrance, listener, router, async { ended(stopped).await }).await;
        })?;
        is_open.await.context("the lab ended before it was open")??;
        Ok(ControlRoom { shoppers, control, annotator, unmark, stop })
    }

    /// Lets the marks on dashboards end, and does not wait.
    pub fn take_marks_down(&self) {
        self.unmark.send_replace(true);
    }

    /// Ends every fault, as the panic button does.
    pub async fn calm(&self) {
        // An engine that does not answer is gone, or will be in a moment.
        let _ = self.control.ask(Command::Calm, BY_SIGNAL).await;
    }

    /// Closes it.
    pub async fn close(self, shutdown: &Shutdown) {
        self.take_marks_down();
        if let Some(annotator) = self.annotator {
            let _ = tokio::time::timeout(shutdown.left(LAST_WORDS), annotator.ended()).await;
        }
        self.stop.send_replace(true);
    }
}

/// Starts the shoppers, on a thread that does nothing else: whoever keeps a schedule must not wait for a scrape.
async fn let_shoppers_in(
    settings: &Settings,
    stage: &Stage,
    telemetry: &Telemetry,
    stopped: watch::Receiver<bool>,
) -> Result<Shoppers> {
    let peers = settings.peers(Service::Storefront)?;
    let scope = telemetry.scope(Service::Lab);
    let options = Options {
        // Another occasion each time: the same shoppers may buy again tomorrow, in the same database.
        source: Source { seed: stage.seed(), occasion: clock::now_millis().unsigned_abs() },
        // Nobody comes before the engine says so.
        mix: Mix { visits_per_minute: 0.0, ..Mix::normal() },
        grace: VISITS_GRACE,
        ..Options::default()
    };
    let (begun, have_begun) = oneshot::channel();
    hosts::spawn(Service::Lab, SHOPPERS, async move {
        let transport = Transport::new(transport::shoppers_http(), peers);
        tokio::spawn(transport.clone().probe());
        let carrier = dress::shoppers(transport, scope);
        let here = tokio::runtime::Handle::current();
        let shoppers = Shoppers::start(options, carrier, &here).context("failed to let shoppers in");
        let _ = begun.send(shoppers);
        ended(stopped).await;
    })?;
    have_begun.await.context("the shoppers ended before they began")?
}

fn places(settings: &Settings) -> Arc<[Place]> {
    let place = |service: Service| Place {
        service: service.name(),
        url: settings.shown(service),
        third_party: service.is_third_party(),
    };
    Service::ALL.into_iter().map(place).collect()
}

/// Resolves to no grace at all, once the word has come.
async fn ended(mut stopped: watch::Receiver<bool>) -> Duration {
    let _ = stopped.wait_for(|stop| *stop).await;
    Duration::ZERO
}
