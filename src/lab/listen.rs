//! Serves a router on a listener until told to stop, then lets go gently. A loop of our own, since axum's knows no bound
//! on connections, no time-out for headers, and not who has to go when there are too many.

#![expect(clippy::wildcard_enum_match_arm, reason = "the standard library's, and it grows")]

use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::Router;
use http::HeaderMap;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    admission::{Admission, Admitted, Limits, Place},
    descriptors::{Shares, Spare, is_exhausted},
    exchange::{Exchanges, Trust},
    patience::Patient,
};
use crate::{
    console::guard::Guard,
    kernel::sockets::{ACCEPTED, CONTROL_CONNECTIONS, Turned},
};

/// Most connections of a service at a time; more wait to be accepted.
const CONNECTIONS: usize = 4096;
/// Connections that the kernel keeps for us until they are accepted. It may keep fewer.
const BACKLOG: u32 = 4096;
/// How long a client may take over the headers of a request; longer than any of our clients keeps an idle connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a new connection may be silent: who connects has something to ask.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after accepting failed, which it does when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often it is looked for a place again while a connection waits for one.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a listener asks of those who connect.
pub struct Entrance {
    admission: Arc<Admission>,
    /// Whether those for whom there is no place wait, or are turned away.
    waits: bool,
    spare: Spare,
    trust: Option<Trust>,
    counts: Option<&'static Turned>,
}

impl Entrance {
    /// Of a service: those for whom there is no place wait.
    pub fn service() -> Self {
        let limits = Limits { most: CONNECTIONS, reserved: 0, is_exposed: false, is_strict: false };
        let admission = Admission::new(limits, Some(&ACCEPTED));
        Entrance { admission, waits: true, spare: Spare::hold(0), trust: None, counts: None }
    }

    /// Of the control address: its connections are no part of the shop's share, it has descriptors in reserve, and a
    /// connection that has shown the token stays.
    pub fn control(shares: Shares, guard: Guard) -> Self {
        let is_exposed = guard.needs_token();
        let limits =
            Limits { most: shares.control, reserved: shares.control / 4, is_exposed, is_strict: true };
        let admission = Admission::new(limits, None);
        let trust: Option<Trust> =
            is_exposed.then(|| Arc::new(move |headers: &HeaderMap| guard.is_presenter(headers)) as Trust);
        let spare = Spare::hold(shares.spare);
        Entrance { admission, waits: false, spare, trust, counts: Some(&CONTROL_CONNECTIONS) }
    }

    /// The next connection that has found a place.
    async fn next(&mut self, listener: &TcpListener) -> (TcpStream, SocketAddr, Place) {
        loop {
            let (stream, remote) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.recover(&error).await;
                    continue;
                }
            };
            self.spare.refill();
            if !self.waits {
                // In a flood of connections, the requests of those that are open are answered in between.
                tokio::task::yield_now().await;
            }
            if let Some(place) = self.place(remote).await {
                return (stream, remote, place);
            }
        }
    }

    async fn place(&self, remote: SocketAddr) -> Option<Place> {
        loop {
            match self.admission.admit(remote.ip()) {
                Admitted::In(place, gone) => {
                    self.count(|counts| &counts.displaced, gone);
                    return Some(place);
                }
                Admitted::Full if self.waits => self.admission.freed(LOOK_EVERY).await,
                Admitted::Full => {
                    self.count(|counts| &counts.refused, 1);
                    return None;
                }
            }
        }
    }

    /// Does what can be done after accepting failed.
    async fn recover(&mut self, error: &io::Error) {
        match error.kind() {
            // The other end is gone already. The next one is not.
            io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted => {}
            _ if is_exhausted(error) && self.spare.release() => {}
            _ if is_exhausted(error) && !self.waits && self.admission.make_room() => {
                self.count(|counts| &counts.displaced, 1);
                tokio::task::yield_now().await;
            }
            _ => sleep(ACCEPT_PAUSE).await,
        }
    }

    fn count(&self, which: impl FnOnce(&Turned) -> &AtomicU64, more: usize) {
        if let Some(counts) = self.counts {
            which(counts).fetch_add(more as u64, Ordering::Relaxed);
        }
    }
}

/// Listens on `address`.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A port that was ours a moment ago can be ours again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves as a service of the shop does.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = Duration>) {
    serve_at(Entrance::service(), listener, router, stop).await;
}

/// Serves until `stop`, then finishes what is under way, for as long as `stop` allows. What is not finished then is cut
/// off: every connection is closed when this returns.
pub async fn serve_at(
    mut entrance: Entrance,
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = Duration>,
) {
    let graceful = GracefulShutdown::new();
    let (uncut, cut) = watch::channel(());
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let accepting = async {
        loop {
            let (stream, remote, place) = entrance.next(&listener).await;
            let _ = stream.set_nodelay(true);
            let service =
                Exchanges::new(router.clone(), remote, place.connection.clone(), entrance.trust.clone());
            let serving = builder.serve_connection(TokioIo::new(Patient::new(stream)), service);
            let serving = graceful.watch(serving);
            let (mut cut, is_strict, counts) = (cut.clone(), !entrance.waits, entrance.counts);
            tokio::spawn(async move {
                tokio::select! {
                    // First, so that a request which came in time is read in time, however late it is looked at.
                    biased;
                    // A connection that breaks is the client's affair.
                    _ = serving => {}
                    // Nothing is ever sent: the channel ends.
                    _ = cut.changed() => {}
                    () = has_to_go(&place, is_strict, counts) => {}
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

/// Resolves when a connection is to be closed by us: it has made room for another, or was silent for too long.
async fn has_to_go(place: &Place, is_strict: bool, counts: Option<&'static Turned>) {
    let connection = &place.connection;
    tokio::select! {
        () = connection.cut() => {}
        () = sleep(FIRST_REQUEST_TIMEOUT) => {
            if connection.is_silent() {
                if let Some(counts) = counts {
                    counts.silent.fetch_add(1, Ordering::Relaxed);
                }
                return;
            }
            connection.cut().await;
        }
    }
    // A request that was read meanwhile is answered, where work is never interrupted.
    if !is_strict && !connection.is_silent() {
        std::future::pending().await
    }
}
