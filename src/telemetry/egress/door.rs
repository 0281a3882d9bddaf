//! The door through which `opentelemetry-otlp`'s exporters hand over what they encoded: they think they talk to a server.
//! They must not be able to pack it (their feature `gzip-http` is off): the outbox does, once for all.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};

/// An exporter's HTTP client. It always answers at once; delivery is the outbox's business. Clones share what was handed
/// over.
#[derive(Clone, Debug, Default)]
pub struct Door(Arc<Mutex<Vec<u8>>>);

impl Door {
    /// All that was handed over since the last call, as one request: an export request is nothing but a repeated field,
    /// and two of them one after the other are the request of both.
    pub fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

#[async_trait]
impl HttpClient for Door {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(request.body());
        Ok(Response::new(Bytes::new()))
    }
}
