//! The socket under the outbound seam: HTTP/1.1 with kept connections, to whichever address of the peer is ready.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::Full;

pub use super::connections::Http;
use super::{
    client::{Carrier, Errand, Lost},
    peers::{PROBE_EVERY, PROBE_PATIENCE, Peers},
    sockets::SHOPPERS,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A plain HTTP client with connections of its own. They live on the runtime that first used them.
pub fn http() -> Http {
    Http::default()
}

/// The same for shoppers, whose sockets are a share of their own: services reach one another whatever comes in.
pub fn shoppers_http() -> Http {
    Http::within(&SHOPPERS)
}

/// Carries errands over TCP.
#[derive(Clone)]
pub struct Transport {
    http: Http,
    peers: Arc<Peers>,
}

impl Transport {
    pub fn new(http: Http, peers: Arc<Peers>) -> Self {
        Transport { http, peers }
    }

    /// Asks each address whether it is ready, for ever. Needless for a peer with one address, which gets every
    /// question anyway; then this ends at once.
    pub async fn probe(self) {
        if self.peers.len() < 2 {
            return;
        }
        let each = (0..self.peers.len()).map(|at| self.probe_one(at));
        futures_util::future::join_all(each).await;
    }

    async fn probe_one(&self, at: usize) {
        loop {
            let mut request = Request::new(Full::default());
            *request.uri_mut() = Uri::from_static("/ready");
            let asked = self.ask(at, request);
            let answer = tokio::time::timeout(PROBE_PATIENCE, asked).await;
            self.peers
                .mark(at, answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status().is_success())));
            tokio::time::sleep(PROBE_EVERY).await;
        }
    }

    async fn carry_to(&self, at: usize, errand: Errand) -> Result<Response<Bytes>, Lost> {
        let mut request = Request::new(Full::new(errand.body));
        *request.method_mut() = errand.method;
        *request.uri_mut() = Uri::try_from(errand.path).map_err(|error| Lost::Broken(error.to_string()))?;
        *request.headers_mut() = errand.headers;
        request.headers_mut().entry(header::ACCEPT).or_insert(JSON);
        self.ask(at, request).await
    }

    async fn ask(&self, at: usize, mut request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Lost> {
        request.headers_mut().insert(header::HOST, self.peers.host(at).clone());
        self.http.ask(self.peers.socket(at), request).await
    }
}

impl Carrier for Transport {
    /// A question that was never sent may be sent to the next address; one that was sent may not.
    fn carry(&self, errand: Errand) -> BoxFuture<'_, Result<Response<Bytes>, Lost>> {
        Box::pin(async move {
            for _ in 1..self.peers.len() {
                let at = self.peers.next();
                match self.carry_to(at, errand.clone()).await {
                    Err(Lost::Refused(_)) => self.peers.mark(at, false),
                    done => return done,
                }
            }
            self.carry_to(self.peers.next(), errand).await
        })
    }
}
