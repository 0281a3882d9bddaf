//! Hears out whoever sends more than is taken. A connection that is closed while somebody still writes takes the answer
//! with it: what was refused would look like a broken pipe, and be sent again for ever.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Limited};
use tokio::time::timeout;

/// As much as is read and thrown away, and for how long.
const MOST_BYTES: usize = 64 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers as `next` does; the rest of a body that was too large, or came while all were busy, is read first.
pub async fn hear_out(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let heard = Heard(Arc::new(Mutex::new(body)));
    let rest = heard.clone();
    let response = next.run(Request::from_parts(parts, Body::new(heard))).await;
    if [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::SERVICE_UNAVAILABLE].contains(&response.status()) {
        let _ = timeout(PATIENCE, drain(rest)).await;
    }
    response
}

async fn drain(rest: Heard) {
    let mut rest = Limited::new(rest, MOST_BYTES);
    while let Some(Ok(_)) = rest.frame().await {}
}

/// A body that can be read on by somebody else.
#[derive(Clone)]
struct Heard(Arc<Mutex<Body>>);

impl Heard {
    fn ask<T>(&self, of: impl FnOnce(&mut Body) -> T) -> T {
        of(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HttpBody for Heard {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.ask(|body| Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.ask(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.ask(|body| body.size_hint())
    }
}
