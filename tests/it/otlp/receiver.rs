//! An OTLP/HTTP endpoint (protobuf, plain or gzip) on a thread and runtime of its own, so that no test's load delays it
//! and no test's runtime has to be there. It can answer, refuse, or take a request and never answer.

use std::{
    io::Read,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    routing::post,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;

use super::signals::Received;
use crate::{serving::Serving, waiting::until};

/// What the backend does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Ok,
    /// Takes the request and never answers.
    Hang,
    /// 503 to everything.
    Unavailable,
    /// 400 to everything.
    Bad,
    /// 200 to everything, and keeps nothing of it: OTLP's partial success.
    Rejecting,
}

/// A backend that is there until the value is dropped.
pub struct Receiver {
    shared: Arc<Shared>,
    serving: Serving,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Received>,
    mode: AtomicU8,
}

impl Receiver {
    /// On a port of its own.
    pub fn start() -> Receiver {
        Receiver::start_on(0)
    }

    /// On a given port: a backend that was away and comes back.
    pub fn start_on(port: u16) -> Receiver {
        let shared = Arc::new(Shared::default());
        let serving = Serving::start_at(port, router(shared.clone()));
        Receiver { shared, serving }
    }

    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        self.serving.url()
    }

    pub fn port(&self) -> u16 {
        self.serving.place().port()
    }

    /// From the next request on.
    pub fn set_mode(&self, mode: Mode) {
        self.shared.mode.store(mode as u8, Ordering::Relaxed);
    }

    /// A copy of what came so far.
    pub fn received(&self) -> Received {
        self.shared.received().clone()
    }

    /// Waits until what came fulfils `condition`. What came broken fails the test.
    #[track_caller]
    pub fn wait_until(&self, deadline: Duration, what: &str, condition: impl Fn(&Received) -> bool) {
        until(deadline, what, || {
            let received = self.shared.received();
            assert!(received.broken.is_empty(), "{:?}", received.broken);
            condition(&received)
        });
    }
}

impl Shared {
    fn received(&self) -> MutexGuard<'_, Received> {
        // A test that panicked with the lock held has failed by itself; the others go on.
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mode(&self) -> Mode {
        [Mode::Ok, Mode::Hang, Mode::Unavailable, Mode::Bad, Mode::Rejecting]
            [usize::from(self.mode.load(Ordering::Relaxed))]
    }

    async fn take<M: Message + Default>(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
        keep: fn(&mut Received, M),
    ) -> (StatusCode, Vec<u8>) {
        if self.mode() == Mode::Rejecting {
            return (StatusCode::OK, rejecting());
        }
        (self.status(headers, body, keep).await, Vec::new())
    }

    async fn status<M: Message + Default>(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
        keep: fn(&mut Received, M),
    ) -> StatusCode {
        {
            let mut received = self.received();
            received.requests += 1;
            received.packed += usize::from(headers.contains_key(header::CONTENT_ENCODING));
        }
        match self.mode() {
            Mode::Ok | Mode::Rejecting => {}
            Mode::Hang => std::future::pending().await,
            Mode::Unavailable => return StatusCode::SERVICE_UNAVAILABLE,
            Mode::Bad => return StatusCode::BAD_REQUEST,
        }
        let read = read::<M>(headers, body);
        let mut received = self.received();
        match read {
            Ok((message, body)) => {
                keep(&mut received, message);
                received.bodies.push(body);
                StatusCode::OK
            }
            Err(why) => {
                received.broken.push(why);
                StatusCode::BAD_REQUEST
            }
        }
    }
}

/// More than there is in any request, and why. The responses of all signals have the same numbers.
fn rejecting() -> Vec<u8> {
    let partial =
        ExportTracePartialSuccess { rejected_spans: 1_000_000, error_message: "over the limit".to_owned() };
    ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec()
}

/// Room for any batch a test may send at once.
const BODY_LIMIT_BYTES: usize = 64 * 1024 * 1024;

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/traces", taking(Received::take_traces))
        .route("/v1/logs", taking(Received::take_logs))
        .route("/v1/metrics", taking(Received::take_metrics))
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .with_state(shared)
}

/// An empty body in the answer is an empty export response: all was taken.
fn taking<M>(keep: fn(&mut Received, M)) -> axum::routing::MethodRouter<Arc<Shared>>
where
    M: Message + Default + 'static,
{
    post(move |State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes| async move {
        shared.take(&headers, &body, keep).await
    })
}

fn read<M: Message + Default>(headers: &HeaderMap, body: &Bytes) -> Result<(M, Bytes), String> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if header(header::CONTENT_TYPE) != Some("application/x-protobuf") {
        return Err(format!("the content type is {:?}", header(header::CONTENT_TYPE)));
    }
    let mut plain = Vec::new();
    match header(header::CONTENT_ENCODING) {
        None | Some("identity") => plain.extend_from_slice(body),
        Some("gzip") => {
            let unzipped = flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut plain);
            unzipped.map_err(|error| format!("the body is not gzip: {error}"))?;
        }
        Some(other) => return Err(format!("the content encoding is {other}")),
    }
    let plain = Bytes::from(plain);
    let message = M::decode(plain.clone()).map_err(|error| format!("the body is not OTLP: {error}"))?;
    Ok((message, plain))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use doorbuster::kernel::transport;
    use http::Request;
    use http_body_util::Full;
    use opentelemetry_proto::tonic::{
        collector::{
            logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
            trace::v1::ExportTraceServiceRequest,
        },
        common::v1::{AnyValue, KeyValue, any_value::Value},
        logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
        metrics::v1::{
            Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
            metric, number_data_point,
        },
        resource::v1::Resource,
        trace::v1::{ResourceSpans, ScopeSpans, Span, Status},
    };

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn text(key: &str, value: &str) -> KeyValue {
        let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
        KeyValue { key: key.to_owned(), value, ..Default::default() }
    }

    fn catalog() -> Option<Resource> {
        Some(Resource { attributes: vec![text("service.name", "catalog")], ..Default::default() })
    }

    fn a_span() -> ExportTraceServiceRequest {
        let span = Span {
            name: "GET /products".to_owned(),
            kind: 2,
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            attributes: vec![text("http.route", "/products")],
            status: Some(Status { code: 2, message: "broke".to_owned() }),
            start_time_unix_nano: 5,
            end_time_unix_nano: 9,
            ..Default::default()
        };
        let scope_spans = vec![ScopeSpans { spans: vec![span], ..Default::default() }];
        let part = ResourceSpans { resource: catalog(), scope_spans, ..Default::default() };
        ExportTraceServiceRequest { resource_spans: vec![part] }
    }

    fn a_log() -> ExportLogsServiceRequest {
        let body = text("", "seen").value;
        let record =
            LogRecord { severity_text: "INFO".to_owned(), body, trace_id: vec![1; 16], ..Default::default() };
        let scope_logs = vec![ScopeLogs { log_records: vec![record], ..Default::default() }];
        let part = ResourceLogs { resource: catalog(), scope_logs, ..Default::default() };
        ExportLogsServiceRequest { resource_logs: vec![part] }
    }

    fn two_metrics() -> ExportMetricsServiceRequest {
        let value = Some(number_data_point::Value::AsInt(3));
        let sum = Sum {
            data_points: vec![NumberDataPoint { value, ..Default::default() }],
            is_monotonic: true,
            ..Default::default()
        };
        let measured = HistogramDataPoint { count: 2, sum: Some(0.5), ..Default::default() };
        let histogram = Histogram { data_points: vec![measured], ..Default::default() };
        let metric =
            |name: &str, data| Metric { name: name.to_owned(), data: Some(data), ..Default::default() };
        let metrics = vec![
            metric("webstore.checkouts", metric::Data::Sum(sum)),
            metric("http.server.request.duration", metric::Data::Histogram(histogram)),
        ];
        let scope_metrics = vec![ScopeMetrics { metrics, ..Default::default() }];
        let part = ResourceMetrics { resource: catalog(), scope_metrics, ..Default::default() };
        ExportMetricsServiceRequest { resource_metrics: vec![part] }
    }

    async fn send(receiver: &Receiver, path: &str, body: Vec<u8>, gzip: bool) -> StatusCode {
        let mut request = Request::post(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/x-protobuf");
        let mut sent = body;
        if gzip {
            request = request.header(header::CONTENT_ENCODING, "gzip");
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(&sent).expect("memory takes it");
            sent = packer.finish().expect("memory takes it");
        }
        let request = request.body(Full::new(sent.into())).expect("a request");
        let address = format!("127.0.0.1:{}", receiver.port());
        transport::http().ask(&address, request).await.expect("an answer").status()
    }

    #[tokio::test]
    async fn every_signal_is_taken_apart_plain_or_packed() {
        let receiver = Receiver::start();
        for gzip in [false, true] {
            assert_eq!(send(&receiver, "/v1/traces", a_span().encode_to_vec(), gzip).await, StatusCode::OK);
            assert_eq!(send(&receiver, "/v1/logs", a_log().encode_to_vec(), gzip).await, StatusCode::OK);
            assert_eq!(
                send(&receiver, "/v1/metrics", two_metrics().encode_to_vec(), gzip).await,
                StatusCode::OK
            );
        }
        receiver.wait_until(SOON, "all six are in", |received| {
            received.spans.len() == 2 && received.logs.len() == 2 && received.points.len() == 4
        });
        let received = receiver.received();
        assert_eq!(received.requests, 6);
        let span = received.trace(&"01".repeat(16))[1];
        assert_eq!((span.service.as_str(), span.kind, span.status), ("catalog", "server", "error"));
        assert_eq!(
            (span.parent_span_id.as_str(), span.attributes["http.route"].as_str()),
            ("", Some("/products"))
        );
        let log = &received.logs[0];
        assert_eq!((log.body.as_str(), &log.trace_id), (Some("seen"), &span.trace_id));
        let [counter, histogram] = [&received.points[0], &received.points[1]];
        assert_eq!((counter.kind, counter.value, counter.count), ("counter", 3.0, 1));
        assert_eq!((histogram.kind, histogram.value, histogram.count), ("histogram", 0.5, 2));
        assert_eq!(received.resources["catalog"]["service.name"], "catalog");
    }

    #[tokio::test]
    async fn a_backend_can_refuse_hang_and_come_back_on_its_port() {
        let receiver = Receiver::start();
        receiver.set_mode(Mode::Unavailable);
        let refused = send(&receiver, "/v1/traces", a_span().encode_to_vec(), false).await;
        assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
        receiver.set_mode(Mode::Hang);
        let patience = Duration::from_millis(50);
        let hanging = send(&receiver, "/v1/traces", a_span().encode_to_vec(), false);
        assert!(tokio::time::timeout(patience, hanging).await.is_err());
        assert_eq!((receiver.received().requests, receiver.received().spans.len()), (2, 0));
        let port = receiver.port();
        drop(receiver);
        let back = Receiver::start_on(port);
        assert_eq!(send(&back, "/v1/traces", a_span().encode_to_vec(), false).await, StatusCode::OK);
    }

    #[tokio::test]
    async fn what_is_no_otlp_is_refused_and_remembered() {
        let receiver = Receiver::start();
        let status = send(&receiver, "/v1/traces", b"nonsense".to_vec(), false).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(receiver.received().broken.len(), 1);
    }
}
