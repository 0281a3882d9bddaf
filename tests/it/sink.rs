//! A server on a thread of its own that says yes to every POST, or always the same no, and keeps it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, JoinHandle},
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
};
use tokio::{net::TcpListener, sync::oneshot};

/// A request that came.
#[derive(Clone, Debug)]
pub struct Post {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Is there until the value is dropped.
pub struct Sink {
    posts: Arc<Mutex<Vec<Post>>>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    pub fn start() -> Sink {
        Sink::answering(StatusCode::NO_CONTENT)
    }

    /// Keeps what comes, and gives everybody this answer.
    pub fn answering(status: StatusCode) -> Sink {
        let posts: Arc<Mutex<Vec<Post>>> = Arc::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let (listening, address) = mpsc::channel();
        let app = Router::new().fallback(take).with_state((posts.clone(), status));
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
        let thread = thread::Builder::new().name("sink".into()).spawn(serve).expect("thread");
        let address = address.recv().expect("the sink listens");
        Sink { posts, address, stop: Some(stop), thread: Some(thread) }
    }

    /// Its address, without a slash at the end.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Host and port.
    pub fn place(&self) -> SocketAddr {
        self.address
    }

    /// What came so far.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Either may be gone already when the sink itself has failed.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

type Kept = Arc<Mutex<Vec<Post>>>;

async fn take(State((posts, status)): State<(Kept, StatusCode)>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 64 * 1024 * 1024).await else { return StatusCode::BAD_REQUEST };
    let post = Post { path: parts.uri.path().to_owned(), headers: parts.headers, body };
    posts.lock().unwrap_or_else(PoisonError::into_inner).push(post);
    status
}
