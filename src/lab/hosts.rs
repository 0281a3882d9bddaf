//! A service's own thread and runtime: it can starve, burn or stop without taking a neighbour along, and its CPU time
//! can be told apart by the thread's name.

use std::{sync::Arc, thread, time::Duration};

use anyhow::{Context, Result};
use axum::Router;
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};

use super::{assemble::assemble, listen, settings::Settings};
use crate::{
    kernel::service::Service,
    telemetry::{routing, scope::Scope},
};

/// Longest that a database pool may take to close.
const CLOSING: Duration = Duration::from_millis(300);

/// A service that runs.
pub struct Host {
    pub service: Service,
    stop: watch::Sender<Option<Duration>>,
    thread: thread::JoinHandle<()>,
}

impl Host {
    /// Starts `service` on a thread of its own; resolves when it listens. `extra` is served beside its own routes.
    pub async fn start(
        service: Service,
        settings: Settings,
        scope: Arc<Scope>,
        port: u16,
        extra: Router,
    ) -> Result<Host> {
        let (stop, stopped) = watch::channel(None);
        let (ready, is_ready) = oneshot::channel();
        let thread = spawn(service, service.name(), async move {
            let _ = run(service, settings, scope, port, extra, stopped, ready).await;
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
        let _ = tokio::task::spawn_blocking(|| self.thread.join()).await;
    }
}

/// Runs `work` on a new thread called `name` that speaks for `service`, on a runtime of its own.
pub fn spawn(
    service: Service,
    name: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
) -> Result<thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .thread_name(name)
        .on_thread_start(move || routing::settle(service))
        .enable_all()
        .build()
        .context("failed to make a runtime")?;
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            routing::settle(service);
            runtime.block_on(work);
            runtime.shutdown_timeout(CLOSING);
        })
        .context("failed to start a thread")
}

async fn run(
    service: Service,
    settings: Settings,
    scope: Arc<Scope>,
    port: u16,
    extra: Router,
    mut stopped: watch::Receiver<Option<Duration>>,
    ready: oneshot::Sender<Result<()>>,
) -> Option<()> {
    let built = async {
        let address = std::net::SocketAddr::new(settings.bind, port);
        let listener = bind(service, address).await?;
        Ok((listener, assemble(service, &settings, scope).await?))
    };
    let (listener, mut assembled) = match built.await {
        Ok(built) => built,
        Err(error) => return ready.send(Err(error)).ok(),
    };
    assembled.start_background();
    ready.send(Ok(())).ok()?;
    let health = assembled.health.clone();
    let stop = async move {
        // When nobody is left to tell us, it is time to stop as well.
        let grace = stopped.wait_for(Option::is_some).await.ok().and_then(|grace| *grace);
        health.drain();
        grace.unwrap_or_default()
    };
    listen::serve(listener, assembled.router.merge(extra), stop).await;
    if let Some(pool) = assembled.pool {
        let _ = tokio::time::timeout(CLOSING, pool.close()).await;
    }
    Some(())
}

/// Listens on `address`, or says whose port is taken.
pub async fn bind(service: Service, address: std::net::SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("failed to listen on {address} for {service}; --port-base moves all ports together")
    })
}
