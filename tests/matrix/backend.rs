//! A destination of any kind, on a thread and a port of its own: takes OTLP, Loki's pushes and Pyroscope's, counts what
//! it has said yes to, and fails in whatever way it is told to, from one moment to the next.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io::Read,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    metrics::v1::{Metric, metric::Data},
};
use prost::Message;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::{push, servers::ports, waiting::until};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Fine,
    /// Nobody listens; the port stays ours.
    Refused,
    /// Taken, and never answered.
    Hangs,
    /// 503.
    Unavailable,
    /// 429, and when to come back.
    Busy,
    /// 400.
    Bad,
    /// Answered well, but late.
    Slow,
    /// The connection is reset under the request.
    Resets,
    /// It has been left for good, as when the value is dropped.
    Gone,
}

/// How late a slow answer is: later than the next batch is ready.
const LATE: Duration = Duration::from_millis(700);
const RETRY_AFTER_SECONDS: &str = "1";

/// A destination, there until the value is dropped.
pub struct Backend {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    taken: Arc<Mutex<Taken>>,
    thread: Option<JoinHandle<()>>,
}

/// What it said yes to.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// By signal.
    pub records: BTreeMap<&'static str, u64>,
    pub last: Option<Instant>,
    /// Requests of any kind that came, whatever became of them.
    pub requests: u64,
    /// What made no sense: a mistake of the sender.
    pub broken: Vec<String>,
}

impl Backend {
    pub fn start() -> Backend {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::one()));
        let (mode, told) = watch::channel(Mode::Fine);
        let taken = Arc::<Mutex<Taken>>::default();
        let keeps = taken.clone();
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(listen(address, told, keeps));
        };
        let thread = thread::Builder::new().name("backend".into()).spawn(serve).expect("a thread");
        let backend = Backend { address, mode, taken, thread: Some(thread) };
        let listens = || std::net::TcpStream::connect(address).is_ok();
        until(Duration::from_secs(5), "the destination listens", listens);
        backend
    }

    /// Its base address; `scheme` is http, or https for one that does not understand its caller.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// From now on.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    pub fn taken(&self) -> Taken {
        lock(&self.taken).clone()
    }

    /// How many records of `signal` it said yes to.
    pub fn records(&self, signal: &str) -> u64 {
        lock(&self.taken).records.get(signal).copied().unwrap_or_default()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.set(Mode::Gone);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    // A test that panicked with the lock held has failed by itself.
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(address: SocketAddr, mut mode: watch::Receiver<Mode>, taken: Arc<Mutex<Taken>>) {
    loop {
        let now = *mode.wait_for(|mode| *mode != Mode::Refused).await.expect("the sender outlives this");
        if now == Mode::Gone {
            return;
        }
        let listener = TcpListener::bind(address).await.expect("the port is ours");
        let mut connections = JoinSet::new();
        let told = mode.clone();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (stream, _) = accepted.expect("a connection");
                    connections.spawn(serve(stream, told.clone(), taken.clone()));
                }
                _ = mode.wait_for(|mode| matches!(mode, Mode::Refused | Mode::Gone)) => break,
            }
            // Those that have ended are not kept.
            while connections.try_join_next().is_some() {}
        }
    }
}

/// Answers one connection until it ends, or is reset.
async fn serve(stream: TcpStream, mode: watch::Receiver<Mode>, taken: Arc<Mutex<Taken>>) {
    // Whoever closes a socket that lingers for no time resets it, as a process that is killed may.
    stream.set_zero_linger().expect("a socket's option");
    let mut told = mode.clone();
    let service = service_fn(|request| answer(request, *mode.borrow(), taken.clone()));
    tokio::select! {
        _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service) => {}
        _ = told.wait_for(|mode| *mode == Mode::Resets) => {}
    }
}

async fn answer(
    request: Request<Incoming>,
    mode: Mode,
    taken: Arc<Mutex<Taken>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let is_packed = request.headers().get(header::CONTENT_ENCODING).is_some_and(|how| how == "gzip");
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    lock(&taken).requests += 1;
    let mut response = Response::new(Full::default());
    match mode {
        Mode::Fine => {}
        Mode::Slow => tokio::time::sleep(LATE).await,
        Mode::Hangs | Mode::Refused | Mode::Resets | Mode::Gone => std::future::pending().await,
        Mode::Unavailable => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
        Mode::Bad => *response.status_mut() = StatusCode::BAD_REQUEST,
        Mode::Busy => {
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            let seconds = header::HeaderValue::from_static(RETRY_AFTER_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
    }
    if response.status() == StatusCode::OK {
        let mut taken = lock(&taken);
        match unpacked(body, is_packed).and_then(|body| counted(&path, &body)) {
            Ok((signal, records)) => {
                *taken.records.entry(signal).or_default() += records;
                taken.last = Some(Instant::now());
            }
            Err(why) => taken.broken.push(format!("{path}: {why}")),
        }
    }
    Ok(response)
}

fn unpacked(body: Bytes, is_packed: bool) -> Result<Bytes, String> {
    if !is_packed {
        return Ok(body);
    }
    let mut plain = Vec::new();
    let read = flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut plain);
    read.map(|_| plain.into()).map_err(|error| format!("no gzip: {error}"))
}

/// The signal that is sent to `path`, and how many records are in `body`: spans, data points, lines, samples of
/// a profile.
fn counted(path: &str, body: &[u8]) -> Result<(&'static str, u64), String> {
    fn read<M: Message + Default>(body: &[u8]) -> Result<M, String> {
        M::decode(body).map_err(|error| error.to_string())
    }
    Ok(match path {
        "/v1/traces" => {
            let parts = read::<ExportTraceServiceRequest>(body)?.resource_spans;
            let scopes = parts.iter().flat_map(|part| &part.scope_spans);
            ("traces", scopes.map(|scope| scope.spans.len() as u64).sum())
        }
        "/v1/logs" => {
            let parts = read::<ExportLogsServiceRequest>(body)?.resource_logs;
            let scopes = parts.iter().flat_map(|part| &part.scope_logs);
            ("logs", scopes.map(|scope| scope.log_records.len() as u64).sum())
        }
        "/v1/metrics" => {
            let parts = read::<ExportMetricsServiceRequest>(body)?.resource_metrics;
            let scopes = parts.iter().flat_map(|part| &part.scope_metrics);
            ("metrics", scopes.flat_map(|scope| &scope.metrics).map(points).sum())
        }
        "/loki/api/v1/push" => {
            let plain = snap::raw::Decoder::new().decompress_vec(body).map_err(|error| error.to_string())?;
            let streams = read::<push::Lines>(&plain)?.streams;
            ("logs", streams.iter().map(|stream| stream.entries.len() as u64).sum())
        }
        "/push.v1.PusherService/Push" => ("profiles", read::<push::Profiles>(body)?.samples()?),
        _ => return Err("nothing is taken here".to_owned()),
    })
}

fn points(metric: &Metric) -> u64 {
    let points = match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
        None => 0,
    };
    points as u64
}
