//! A service's own thread and runtime: it can starve, burn or stop without taking a neighbour along, and its CPU time
//! can be told apart by the thread's name.

use std::{net::SocketAddr, sync::Arc, thread, time::Duration};

use anyhow::{Context, Result};
use axum::Router;
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};

use super::{assemble::assemble, listen, settings::Settings};
use crate::{
    chaos::panel::{Panel, Standing},
    kernel::service::Service,
    telemetry::{routing, scope::Scope},
};

/// Longest that a database pool may take to close.
const CLOSING: Duration = Duration::from_millis(300);
/// The pause before a service that was down tries again to get its port back.
const PORT_TAKEN: Duration = Duration::from_millis(50);

/// A service that runs.
pub struct Host {
    pub service: Service,
    stop: watch::Sender<Option<Duration>>,
    thread: Spawned,
}

/// A thread of [`spawn`]. It is never joined: a wait for its end can be given up, and a process that ends takes it along.
pub struct Spawned {
    /// Nothing is ever sent: the channel ends with the thread.
    ended: oneshot::Receiver<()>,
}

impl Spawned {
    /// Waits until the thread has ended.
    pub async fn ended(self) {
        let _ = self.ended.await;
    }
}

impl Host {
    /// Starts the panel's service on a thread of its own; resolves when it listens. `extra` is served beside its own
    /// routes.
    pub async fn start(
        settings: Settings,
        scope: Arc<Scope>,
        panel: Arc<Panel>,
        port: u16,
        extra: Router,
    ) -> Result<Host> {
        let service = panel.service;
        let (stop, stopped) = watch::channel(None);
        let (ready, is_ready) = oneshot::channel();
        let thread = spawn(service, service.name(), async move {
            let _ = run(settings, scope, panel, port, extra, stopped, ready).await;
        })?;
        is_ready.await.with_context(|| format!("{service}: it ended before it listened"))??;
        Ok(Host { service, stop, thread })
    }

    /// Takes nothing new and finishes what is under way, for `grace` at most.
    pub fn stop(&self, grace: Duration) {
        self.stop.send_replace(Some(grace));
    }

    /// Waits until it has ended.
    pub async fn ended(self) {
        self.thread.ended().await;
    }
}

/// Runs `work` on a new thread called `name` that speaks for `service`, on a runtime of its own.
pub fn spawn(
    service: Service,
    name: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
) -> Result<Spawned> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .thread_name(name)
        .on_thread_start(move || routing::settle(service))
        .enable_all()
        .build()
        .context("failed to make a runtime")?;
    let (alive, ended) = oneshot::channel();
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
        // Dropped when the thread ends, also when it panics.
        let _alive: oneshot::Sender<()> = alive;
        routing::settle(service);
        runtime.block_on(work);
        runtime.shutdown_timeout(CLOSING);
    });
    thread.map(|_| Spawned { ended }).context("failed to start a thread")
}

async fn run(
    settings: Settings,
    scope: Arc<Scope>,
    panel: Arc<Panel>,
    port: u16,
    extra: Router,
    mut stopped: watch::Receiver<Option<Duration>>,
    ready: oneshot::Sender<Result<()>>,
) -> Option<()> {
    let (service, standing) = (panel.service, panel.standing());
    let address = SocketAddr::new(settings.address(service).ip(), port);
    let built = async {
        let listener = bind(service, address)?;
        Ok((listener, assemble(service, &settings, scope.clone(), panel).await?))
    };
    let (listener, mut assembled) = match built.await {
        Ok(built) => built,
        Err(error) => return ready.send(Err(error)).ok(),
    };
    assembled.start_background();
    tokio::spawn(as_version(standing.clone(), scope.clone()));
    ready.send(Ok(())).ok()?;
    let health = assembled.health.clone();
    let stop = async move {
        // When nobody is left to tell us, it is time to stop as well.
        let grace = stopped.wait_for(Option::is_some).await.ok().and_then(|grace| *grace);
        health.drain();
        grace.unwrap_or_default()
    };
    let router = assembled.router.merge(extra);
    stay(Open { scope, address, router, standing }, listener, stop).await;
    if let Some(pool) = assembled.pool {
        let _ = tokio::time::timeout(CLOSING, pool.close()).await;
    }
    Some(())
}

/// What a service serves, and where, as long as it is not down.
struct Open {
    scope: Arc<Scope>,
    address: SocketAddr,
    router: Router,
    standing: watch::Receiver<Standing>,
}

/// Serves until `stop`, but not while the service is down: then nobody listens, nobody is answered, and nothing is heard
/// of it. It comes back with all that it knew.
async fn stay(mut open: Open, listener: TcpListener, stop: impl Future<Output = Duration>) {
    let mut listener = Some(listener);
    let mut stop = std::pin::pin!(stop);
    let mut stopped = false;
    while !stopped {
        if let Some(listener) = listener.take() {
            let presence = &open.scope.presence;
            let standing = &mut open.standing;
            let until = async {
                tokio::select! {
                    grace = &mut stop => {
                        stopped = true;
                        grace
                    }
                    () = becomes(standing, true) => {
                        // First, so that nothing is heard of those who are cut off.
                        presence.mute(true);
                        Duration::ZERO
                    }
                }
            };
            listen::serve(listener, open.router.clone(), until).await;
            continue;
        }
        let back = async {
            becomes(&mut open.standing, false).await;
            loop {
                match listen::bind(open.address) {
                    Ok(listener) => return listener,
                    Err(_) => tokio::time::sleep(PORT_TAKEN).await,
                }
            }
        };
        tokio::select! {
            _ = &mut stop => stopped = true,
            bound = back => {
                open.scope.presence.mute(false);
                listener = Some(bound);
            }
        }
    }
}

/// Waits until the service is down, or up again. When nobody is left to say so, it stays as it is.
async fn becomes(standing: &mut watch::Receiver<Standing>, down: bool) {
    if standing.wait_for(|standing| standing.down.is_some() == down).await.is_err() {
        std::future::pending().await
    }
}

/// Has the service's signals say which version it runs as.
async fn as_version(mut standing: watch::Receiver<Standing>, scope: Arc<Scope>) {
    loop {
        let version = standing.borrow_and_update().version.as_deref().map(Arc::from);
        scope.presence.release(version);
        if standing.changed().await.is_err() {
            return;
        }
    }
}

/// Listens on `address`, or says whose port is taken.
pub fn bind(service: Service, address: SocketAddr) -> Result<TcpListener> {
    listen::bind(address).with_context(|| {
        format!("failed to listen on {address} for {service}; --port-base moves all ports together")
    })
}
