//! The socket under the outbound seam: HTTP/1.1 with kept connections, to whichever address of the peer is ready.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{
    client::{ANSWER_LIMIT_BYTES, Carrier, Errand, Lost},
    peers::{PROBE_EVERY, Peers},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Kept connections per address; more are closed after use.
const IDLE_CONNECTIONS: usize = 64;

pub type Http = legacy::Client<HttpConnector, Full<Bytes>>;

/// A plain HTTP client with a pool of its own. Its connections live on the runtime that first used them.
pub fn http() -> Http {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build(connector)
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
            let uri = format!("{}/ready", self.peers.base(at));
            let asked = async {
                let request = Request::get(uri).body(Full::default()).ok()?;
                self.http.request(request).await.ok()
            };
            let answer = tokio::time::timeout(PROBE_EVERY, asked).await.ok().flatten();
            self.peers.mark(at, answer.is_some_and(|answer| answer.status().is_success()));
            tokio::time::sleep(PROBE_EVERY).await;
        }
    }

    async fn carry_to(&self, at: usize, errand: Errand) -> Result<Response<Bytes>, Lost> {
        let mut request = Request::new(Full::new(errand.body));
        *request.method_mut() = errand.method;
        *request.uri_mut() = format!("{}{}", self.peers.base(at), errand.path)
            .parse()
            .map_err(|error: http::uri::InvalidUri| Lost::Broken(error.to_string()))?;
        *request.headers_mut() = errand.headers;
        request.headers_mut().insert(header::ACCEPT, http::HeaderValue::from_static("application/json"));
        let response = self.http.request(request).await.map_err(|error| {
            if error.is_connect() {
                Lost::Refused(error.to_string())
            } else {
                Lost::Broken(error.to_string())
            }
        })?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_LIMIT_BYTES).collect().await;
        let body = body.map_err(|error| Lost::Broken(error.to_string()))?.to_bytes();
        Ok(Response::from_parts(parts, body))
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
