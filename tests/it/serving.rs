//! A router that listens on a thread of its own until the value is dropped.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use axum::Router;
use tokio::{net::TcpListener, sync::oneshot};

pub struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// On a port that is free.
    pub fn start(app: Router) -> Serving {
        Serving::start_at(0, app)
    }

    pub fn start_at(port: u16, app: Router) -> Serving {
        let (stop, stopped) = oneshot::channel::<()>();
        let (listening, address) = mpsc::channel();
        let serve = move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("a free port");
                listening.send(listener.local_addr().expect("bound")).expect("the test is there");
                tokio::select! {
                    served = axum::serve(listener, app) => served.expect("serves for ever"),
                    _ = stopped => {}
                }
            });
            // Requests that hang are given up with the runtime.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("serving".into()).spawn(serve).expect("thread");
        let address = address.recv().expect("it listens");
        Serving { address, stop: Some(stop), thread: Some(thread) }
    }

    /// Host and port.
    pub fn place(&self) -> SocketAddr {
        self.address
    }

    /// Its base address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Either may be gone already when the router itself has failed.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
