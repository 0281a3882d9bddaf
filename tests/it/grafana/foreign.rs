//! The families of others, at an address that a Prometheus can scrape.

use std::{
    fmt::Write,
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc,
    thread,
    time::Instant,
};

use axum::{Router, routing::get};
use tokio::{net::TcpListener, sync::oneshot};

pub const SAMPLES: &str = include_str!("foreign.prom");

/// Is there until the value is dropped.
pub struct Foreign {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Foreign {
    pub fn start() -> Foreign {
        let (stop, stopped) = oneshot::channel::<()>();
        let (listening, address) = mpsc::channel();
        let serve = move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(async move {
                let start = Instant::now();
                let app =
                    Router::new().route("/metrics", get(async move || page(start.elapsed().as_secs_f64())));
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
                listening.send(listener.local_addr().expect("bound")).expect("the test is there");
                tokio::select! {
                    served = axum::serve(listener, app) => served.expect("serves for ever"),
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new().name("foreign".into()).spawn(serve).expect("thread");
        Foreign { address: address.recv().expect("it listens"), stop: Some(stop), thread: Some(thread) }
    }

    pub fn target(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

/// The samples after some seconds: what is counted grows, faster and faster; what is measured sways.
fn page(seconds: f64) -> String {
    let mut page = String::new();
    let mut grows = false;
    for line in SAMPLES.lines() {
        if line.starts_with('#') {
            grows = line.ends_with("counter");
            writeln!(page, "{line}").expect("a text takes it");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let value: f64 = value.parse().expect("a number");
        let is_limit = series.contains("capacity") || series.contains("limit") || series.contains("max");
        let value = match (grows, is_limit) {
            (true, _) => value + value / 1_000.0 * seconds * seconds,
            (false, true) => value,
            (false, false) => value * (1.0 + 0.2 * seconds.sin()),
        };
        writeln!(page, "{series} {value}").expect("a text takes it");
    }
    page
}
