//! The one door through which OTLP leaves: the exporters of `opentelemetry-otlp` think they talk to a server, and put
//! their requests into an outbox.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};

use super::outbox::{Outbox, Parcel};

/// An exporter's HTTP client. It always answers at once; delivery is the outbox's business.
#[derive(Clone, Debug)]
pub struct Door {
    outbox: Arc<Outbox>,
    records: Arc<AtomicU64>,
}

impl Door {
    pub fn new(outbox: Arc<Outbox>) -> Self {
        Door { outbox, records: Arc::default() }
    }

    /// Says how many records are in the next request.
    pub fn announce(&self, records: usize) {
        self.records.store(records as u64, Ordering::Relaxed);
    }
}

#[async_trait]
impl HttpClient for Door {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let records = self.records.swap(0, Ordering::Relaxed);
        self.outbox.put(Parcel { body, headers: parts.headers, records });
        Ok(Response::new(Bytes::new()))
    }
}
