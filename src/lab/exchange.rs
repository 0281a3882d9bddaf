//! The requests of one connection: each is handed to the router together with the address it came from, and the connection
//! counts as working from the last byte of the request until the last byte of the response has gone. A client that sends
//! a body for ever holds a place that it has to leave when another needs it.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::ConnectInfo,
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use hyper::{body::Incoming, service::Service};
use hyper_util::service::TowerToHyperService;

use super::admission::Connection;
use crate::console::guesses::Peer;

/// Whether the headers of a request show the token.
pub type Trust = Arc<dyn Fn(&HeaderMap) -> bool + Send + Sync>;

/// The service of one connection.
pub struct Exchanges {
    router: TowerToHyperService<Router>,
    remote: SocketAddr,
    connection: Arc<Connection>,
    trust: Option<Trust>,
}

impl Exchanges {
    pub fn new(
        router: Router,
        remote: SocketAddr,
        connection: Arc<Connection>,
        trust: Option<Trust>,
    ) -> Self {
        Exchanges { router: TowerToHyperService::new(router), remote, connection, trust }
    }
}

impl Service<Request<Incoming>> for Exchanges {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Answer>, Infallible>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let exchange = Exchange(self.connection.clone());
        if self.trust.as_ref().is_some_and(|trust| trust(request.headers())) {
            self.connection.trust();
        }
        request.extensions_mut().insert(ConnectInfo(self.remote));
        request.extensions_mut().insert(Peer(self.remote.ip()));
        let answering = self.router.call(request.map(|body| Arriving::new(body, self.connection.clone())));
        Box::pin(async move {
            let answer = answering.await?;
            Ok(answer.map(|body| Answer { body, _exchange: exchange }))
        })
    }
}

/// The body of a request. The connection works once all of it is here.
struct Arriving {
    body: Incoming,
    connection: Arc<Connection>,
}

impl Arriving {
    fn new(body: Incoming, connection: Arc<Connection>) -> Self {
        // It has asked something, so it is not silent any more.
        if body.is_end_stream() {
            connection.work()
        } else {
            connection.rest()
        }
        Arriving { body, connection }
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.connection.work();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Under way until it is dropped.
struct Exchange(Arc<Connection>);

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.rest();
    }
}

/// The body of a response.
pub struct Answer {
    body: Body,
    _exchange: Exchange,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
