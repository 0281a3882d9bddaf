//! Serves a router on a listener until told to stop, then lets go gently. A loop of our own, since axum's knows no bound
//! on connections and no time-out for headers.

use std::{future::Future, sync::Arc, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};

use tower::ServiceExt;

use super::patience::Patient;
use crate::console::guesses::Peer;

/// Most connections at a time; more wait to be accepted.
const CONNECTIONS: usize = 4096;
/// How long a client may take over the headers of a request; longer than any of our clients keeps an idle connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause after accepting failed, which it does when file handles run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`, then finishes what is under way, for as long as `stop` allows. What is not finished then is cut
/// off: every connection is closed when this returns.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = Duration>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let (uncut, cut) = watch::channel(());
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let accepting = async {
        loop {
            // The semaphore is never closed.
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let Ok((stream, address)) = listener.accept().await else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let service = router.clone().map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(Peer(address.ip()));
                request
            });
            let service = TowerToHyperService::new(service);
            let connection =
                graceful.watch(builder.serve_connection(TokioIo::new(Patient::new(stream)), service));
            let mut cut = cut.clone();
            tokio::spawn(async move {
                tokio::select! {
                    // A connection that breaks is the client's affair.
                    _ = connection => {}
                    // Nothing is ever sent: the channel ends.
                    _ = cut.changed() => {}
                }
                drop(place);
            });
        }
    };
    let grace = tokio::select! {
        () = accepting => Duration::ZERO,
        grace = stop => grace,
    };
    drop(listener);
    let _ = timeout(grace, graceful.shutdown()).await;
    drop(uncut);
}
