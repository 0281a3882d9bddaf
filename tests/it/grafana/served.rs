//! A page of measurements, and what fills it, at an address that a Prometheus can scrape.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc,
    thread,
};

use axum::Router;
use tokio::{net::TcpListener, sync::oneshot};

/// A server on a thread and runtime of its own. Is there until the value is dropped.
pub struct Served {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Served {
    pub fn start(app: Router) -> Served {
        let (stop, stopped) = oneshot::channel::<()>();
        let (listening, address) = mpsc::channel();
        let serve = move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
                listening.send(listener.local_addr().expect("bound")).expect("the test is there");
                tokio::select! {
                    served = axum::serve(listener, app) => served.expect("serves for ever"),
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new().name("page".into()).spawn(serve).expect("thread");
        Served { address: address.recv().expect("it listens"), stop: Some(stop), thread: Some(thread) }
    }

    /// Host and port.
    pub fn target(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Either may be gone already when the server itself has failed.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}
