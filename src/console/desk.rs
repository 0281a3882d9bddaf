//! What every answer of the control address is made from. All of it is asked anew for each answer.

use std::{
    net::SocketAddr,
    sync::{Arc, Weak},
};

use axum::{Extension, extract::ConnectInfo, http::HeaderMap};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;
use utoipa::ToSchema;

use super::{
    components::Components,
    exercises::book::Book,
    followers::Followers,
    guard::Guard,
    scrapes::Scrapes,
    seats::{Caller, Seats},
    verify::record::Record,
    vitals::Recent,
};
use crate::{
    chaos::{counts::Counts, ledger::Ledger, switchboard::Switchboard},
    kernel::{
        error::{Error, Kind, Result},
        heartbeat::Heartbeat,
    },
    load::run::Shoppers,
    scenario::{control::Control, library::Library},
    stack::view::View,
    store::keep::Store,
};

/// Events that may wait for a slow reader; who is further behind is dropped.
const EVENTS_KEPT: usize = 64;

/// What the control address is given.
#[derive(Clone)]
pub struct Console {
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub metrics_type: &'static str,
    pub telemetry: Arc<dyn Fn() -> Value + Send + Sync>,
    pub shoppers: Arc<Shoppers>,
    pub services: Arc<[Place]>,
    pub control: Control,
    pub switchboard: Arc<Switchboard>,
    pub counts: Arc<Counts>,
    pub scenarios: Arc<Library>,
    pub ledger: Ledger,
    /// Whether each part of the lab still moves.
    pub components: Components,
    /// Counts the vitals.
    pub vitals: Heartbeat,
    /// Who fetches the measurements.
    pub scrapes: Arc<Scrapes>,
    /// Recent signals; nothing when the store is off.
    pub store: Option<Arc<Store>>,
    /// Prometheus, Alertmanager, and what receivers were told.
    pub stack: View,
    /// Where Grafana is, for links into it.
    pub grafana: Option<String>,
    pub guard: Guard,
    /// Who looks for what is wrong.
    pub exercises: Book,
}

impl Console {
    /// The store, unless it is off.
    pub fn store(&self) -> Result<&Arc<Store>> {
        let off = || Error::not_found("the built-in store is off; --store-mb gives it room");
        self.store.as_ref().ok_or_else(off)
    }

    /// Asks the store, off the thread that has to answer everybody else: a search may take a while.
    pub async fn asked<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Result<T> {
        let store = self.store()?.clone();
        let asked = tokio::task::spawn_blocking(move || question(&store));
        asked.await.map_err(|error| Error::new(Kind::Internal, "the store cannot answer").caused_by(error))
    }
}

/// Where a request came from, where the listener says so.
pub type Remote = Option<Extension<ConnectInfo<SocketAddr>>>;

/// Where a service is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Place {
    pub service: &'static str,
    pub url: String,
    pub third_party: bool,
}

/// An event before it is sent: its name and its data as JSON.
#[derive(Clone, Debug)]
pub struct Notice {
    pub name: &'static str,
    pub data: String,
}

/// The state behind all routes.
pub struct Desk {
    pub console: Console,
    pub followers: Followers,
    pub events: broadcast::Sender<Arc<Notice>>,
    /// Those who read events.
    pub readers: Seats,
    /// The verification that runs, or ran last.
    pub verifying: Record,
    /// The vitals of the last minutes.
    pub recent: Recent,
}

impl Desk {
    pub fn new(console: Console) -> Arc<Self> {
        Arc::new(Desk {
            console,
            followers: Followers::default(),
            events: broadcast::Sender::new(EVENTS_KEPT),
            readers: Seats::default(),
            verifying: Record::default(),
            recent: Recent::default(),
        })
    }

    /// Who asks for a seat. On a loopback address all are alike.
    pub fn caller(&self, headers: &HeaderMap, remote: Remote) -> Caller {
        let guard = &self.console.guard;
        let address = remote.map(|Extension(ConnectInfo(address))| address.ip().to_canonical());
        match address {
            _ if !guard.needs_token() => Caller::Stranger(None),
            _ if guard.is_presenter(headers) => Caller::Trusted,
            Some(address) if address.is_loopback() => Caller::Local,
            address => Caller::Stranger(address),
        }
    }

    /// A handle that does not keep it alive.
    pub fn weak(self: &Arc<Self>) -> Weak<Self> {
        Arc::downgrade(self)
    }
}
