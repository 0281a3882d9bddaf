//! A server on a thread of its own that says yes to every POST, or always the same no, and keeps it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
};

use crate::serving::Serving;

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
    serving: Serving,
}

impl Sink {
    pub fn start() -> Sink {
        Sink::answering(StatusCode::NO_CONTENT)
    }

    /// Keeps what comes, and gives everybody this answer.
    pub fn answering(status: StatusCode) -> Sink {
        let posts: Arc<Mutex<Vec<Post>>> = Arc::default();
        let app = Router::new().fallback(take).with_state((posts.clone(), status));
        Sink { posts, serving: Serving::start(app) }
    }

    /// Its address, without a slash at the end.
    pub fn base(&self) -> String {
        self.serving.url()
    }

    /// Host and port.
    pub fn place(&self) -> SocketAddr {
        self.serving.place()
    }

    /// What came so far.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
