//! A backend that takes everything, counts spans and notes when the first one came.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

/// Counts the spans that come by OTLP.
pub struct Receiver {
    pub endpoint: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    spans: usize,
    first: Option<Instant>,
}

impl Receiver {
    pub fn start() -> Result<Receiver> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let app = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/metrics", post(async || ()))
            .route("/v1/logs", post(async || ()))
            .fallback(async || StatusCode::NO_CONTENT) // Loki's pushes, Pyroscope's
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(seen.clone());
        let (tell, told) = mpsc::channel();
        thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
                tell.send(listener.local_addr()?)?;
                Ok(axum::serve(listener, app).await?)
            })
        });
        Ok(Receiver { endpoint: format!("http://{}", told.recv()?), seen })
    }

    pub fn spans(&self) -> usize {
        self.seen.lock().map_or(0, |seen| seen.spans)
    }

    pub fn first_trace(&self, patience: Duration) -> Option<Instant> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(first) = self.seen.lock().ok()?.first {
                return Some(first);
            }
            thread::sleep(Duration::from_millis(1));
        }
        None
    }
}

async fn traces(State(seen): State<Arc<Mutex<Seen>>>, body: Bytes) {
    let now = Instant::now();
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return };
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    let spans: usize = scopes.map(|scope| scope.spans.len()).sum();
    if let Ok(mut seen) = seen.lock() {
        seen.spans += spans;
        seen.first.get_or_insert(now);
    }
}
