//! Signals from elsewhere: OTLP over HTTP, protobuf or JSON, plain or packed with gzip
//! (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP").

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    Extension,
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use prost::Message;
use serde_json::{Value, json};
use tokio::time::timeout;
use utoipa::IntoResponses;

use super::{desk::Desk, intake::Intake};
use crate::{
    kernel::{
        error::{Error, Kind, Result},
        extract::has_media_type,
        problem::Problem,
    },
    store::{
        fill::Taken,
        otlp::request::{self, Encoding, Signal, Unreadable},
    },
};

/// The most bytes of a body as it comes; packed, there may be four times as much in it.
pub const BODY_BYTES: usize = 4 * 1024 * 1024;
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
/// How long a body may take to arrive.
const LONGEST_ARRIVAL: Duration = Duration::from_secs(15);
/// Seconds after which a sender may try again that found the lab busy.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
/// Statuses of gRPC, which OTLP takes its own from.
const INVALID_ARGUMENT: i32 = 3;
const DEADLINE_EXCEEDED: i32 = 4;
const UNAVAILABLE: i32 = 14;

/// What a sender may be answered instead.
#[derive(IntoResponses)]
pub enum OtlpRefusals {
    /// The body is no such request; a `google.rpc.Status` in the encoding of the request says why
    #[response(status = 400, content_type = "application/x-protobuf")]
    Malformed,
    /// The lab listens beyond this machine, and its token was not sent
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(#[to_schema] Problem),
    /// The call comes from another site's page
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] Problem),
    /// The store is off
    #[response(status = 404, content_type = "application/problem+json")]
    Off(#[to_schema] Problem),
    /// The body did not arrive in time; a `google.rpc.Status` in the encoding of the request says so
    #[response(status = 408, content_type = "application/x-protobuf")]
    TooSlow,
    /// The body has more than 4 MiB, or more than 16 MiB after unpacking, or contains more spans, points, records or
    /// attributes than a request may; a `google.rpc.Status` in the encoding of the request names the bound
    #[response(status = 413, content_type = "application/x-protobuf")]
    TooLarge,
    /// The body is neither protobuf nor JSON, or packed with anything but gzip
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMedia(#[to_schema] Problem),
    /// Too many bodies came at once: try again after `Retry-After`; a `google.rpc.Status` in the encoding of the request
    /// says so
    #[response(status = 503, content_type = "application/x-protobuf")]
    Busy,
}

/// Take spans by OTLP
#[utoipa::path(post, path = "/v1/traces", tag = "otlp", operation_id = "take_traces",
    request_body(content = String, content_type = "application/x-protobuf",
        description = "An ExportTraceServiceRequest, in protobuf or as application/json"),
    responses((status = 200, description = "An ExportTraceServiceResponse, encoded as the request was", body = String,
        content_type = "application/x-protobuf"), OtlpRefusals))]
pub async fn traces(
    State(desk): State<Arc<Desk>>,
    Extension(intake): Extension<Arc<Intake>>,
    request: Request,
) -> Result<Response> {
    let store = desk.console.store()?.clone();
    take(&intake, request, Signal::Traces, move |request| {
        let bounds =
            "are without ids or a start time, larger than 64 KiB, or beyond the bound of their trace";
        Rejected::of(store.take_spans(request), "spans", bounds)
    })
    .await
}

/// Take measurements by OTLP
#[utoipa::path(post, path = "/v1/metrics", tag = "otlp", operation_id = "take_metrics",
    request_body(content = String, content_type = "application/x-protobuf",
        description = "An ExportMetricsServiceRequest, in protobuf or as application/json"),
    responses((status = 200, description = "An ExportMetricsServiceResponse, encoded as the request was",
        body = String, content_type = "application/x-protobuf"), OtlpRefusals))]
pub async fn metrics(
    State(desk): State<Arc<Desk>>,
    Extension(intake): Extension<Arc<Intake>>,
    request: Request,
) -> Result<Response> {
    let store = desk.console.store()?.clone();
    take(&intake, request, Signal::Metrics, move |request| {
        let outcome = store.take_foreign_metrics(request);
        Rejected { count: outcome.refused, why: outcome.to_string() }
    })
    .await
}

/// Take log records by OTLP
#[utoipa::path(post, path = "/v1/logs", tag = "otlp", operation_id = "take_logs",
    request_body(content = String, content_type = "application/x-protobuf",
        description = "An ExportLogsServiceRequest, in protobuf or as application/json"),
    responses((status = 200, description = "An ExportLogsServiceResponse, encoded as the request was", body = String,
        content_type = "application/x-protobuf"), OtlpRefusals))]
pub async fn logs(
    State(desk): State<Arc<Desk>>,
    Extension(intake): Extension<Arc<Intake>>,
    request: Request,
) -> Result<Response> {
    let store = desk.console.store()?.clone();
    take(&intake, request, Signal::Logs, move |request| {
        Rejected::of(store.take_records(request), "log records", "are larger than 64 KiB")
    })
    .await
}

/// What of a request was not kept.
struct Rejected {
    count: u64,
    why: String,
}

impl Rejected {
    fn of(taken: Taken, what: &str, why: &str) -> Self {
        let count = taken.turned_away;
        Rejected { count, why: format!("{count} {what} {why}; GET /api/store counts them") }
    }
}

/// Why a request is answered without looking at what it says, or after looking.
enum Refused {
    TooSlow,
    BrokenOff,
    Busy,
    Unreadable(Unreadable),
    Failed(tokio::task::JoinError),
}

/// Reads a request, hands it to `keep` in protobuf, and answers in the same encoding.
async fn take(
    intake: &Intake,
    request: Request,
    signal: Signal,
    keep: impl FnOnce(&[u8]) -> Rejected + Send + 'static,
) -> Result<Response> {
    let encoding = encoding(request.headers())?;
    let is_packed = is_packed(request.headers())?;
    match read(intake, request, encoding, is_packed, signal, keep).await {
        Ok(rejected) => Ok(answered(StatusCode::OK, answer(rejected, signal, encoding), encoding)),
        Err(refused) => refusal(refused, encoding),
    }
}

async fn read(
    intake: &Intake,
    request: Request,
    encoding: Encoding,
    is_packed: bool,
    signal: Signal,
    keep: impl FnOnce(&[u8]) -> Rejected + Send + 'static,
) -> Result<Rejected, Refused> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(BODY_BYTES);
    if length > BODY_BYTES {
        return Err(Refused::Unreadable(Unreadable::TooLarge(BODY_BYTES)));
    }
    // The body is read only when there is room for it.
    let room = intake.room(length).await.ok_or(Refused::Busy)?;
    let body = timeout(LONGEST_ARRIVAL, Bytes::from_request(request, &())).await;
    let body = body.map_err(|_| Refused::TooSlow)?.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refused::Unreadable(Unreadable::TooLarge(BODY_BYTES)),
        _ => Refused::BrokenOff,
    })?;
    let reader = intake.reader().await.ok_or(Refused::Busy)?;
    // Up to 16 MiB are unpacked and read: not on the thread that has to answer all others. The task may outlive its
    // request, so it holds both seats itself.
    let kept = tokio::task::spawn_blocking(move || {
        let _seats = (room, reader);
        let plain = match is_packed {
            true => Cow::Owned(request::unpacked(&body)?),
            false => Cow::Borrowed(&*body),
        };
        let request = request::read(&plain, encoding, signal)?;
        Ok(keep(&request))
    });
    kept.await.map_err(Refused::Failed)?.map_err(Refused::Unreadable)
}

fn refusal(refused: Refused, encoding: Encoding) -> Result<Response> {
    let (status, code, message) = match refused {
        Refused::Failed(error) => {
            return Err(Error::new(Kind::Internal, "the request could not be kept").caused_by(error));
        }
        Refused::BrokenOff => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT, "the body broke off".to_owned()),
        Refused::TooSlow => {
            let message = format!("the body did not arrive within {} s", LONGEST_ARRIVAL.as_secs());
            (StatusCode::REQUEST_TIMEOUT, DEADLINE_EXCEEDED, message)
        }
        Refused::Busy => {
            let message = "too many requests with telemetry are waiting; try again later".to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, message)
        }
        Refused::Unreadable(why) => {
            let status = match why {
                Unreadable::TooLarge(_) | Unreadable::TooMany(_) => StatusCode::PAYLOAD_TOO_LARGE,
                Unreadable::NotGzip | Unreadable::NotProtobuf(_) | Unreadable::NotJson(_) => {
                    StatusCode::BAD_REQUEST
                }
            };
            (status, INVALID_ARGUMENT, why.to_string())
        }
    };
    let body = match encoding {
        Encoding::Protobuf => Status { code, message }.encode_to_vec(),
        Encoding::Json => text(&json!({"code": code, "message": message})),
    };
    let mut response = answered(status, body, encoding);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    Ok(response)
}

fn encoding(headers: &HeaderMap) -> Result<Encoding> {
    if has_media_type(headers, PROTOBUF) {
        Ok(Encoding::Protobuf)
    } else if has_media_type(headers, JSON) {
        Ok(Encoding::Json)
    } else {
        let detail = format!("the body must be {PROTOBUF} or {JSON}");
        Err(Error::new(Kind::UnsupportedMedia, detail))
    }
}

fn is_packed(headers: &HeaderMap) -> Result<bool> {
    match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(_) => {
            Err(Error::new(Kind::UnsupportedMedia, "the body may be packed with gzip, and with nothing else"))
        }
    }
}

/// The export responses of all three signals, which on the wire are one.
#[derive(Clone, PartialEq, Message)]
struct Exported {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// `google.rpc.Status`, as far as OTLP asks for it.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// Says what was not kept; where all was, there is nothing to say.
fn answer(rejected: Rejected, signal: Signal, encoding: Encoding) -> Vec<u8> {
    let count = i64::try_from(rejected.count).unwrap_or(i64::MAX);
    let partial = (count > 0).then_some(PartialSuccess { rejected: count, error_message: rejected.why });
    match (encoding, partial) {
        (Encoding::Protobuf, partial_success) => Exported { partial_success }.encode_to_vec(),
        (Encoding::Json, None) => text(&json!({})),
        // 64-bit numbers are text in protobuf's JSON.
        (Encoding::Json, Some(partial)) => text(&json!({"partialSuccess": {
            rejected_field(signal): partial.rejected.to_string(), "errorMessage": partial.error_message,
        }})),
    }
}

/// What JSON calls the number of those that were not kept.
fn rejected_field(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Metrics => "rejectedDataPoints",
        Signal::Logs => "rejectedLogRecords",
    }
}

fn text(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn answered(status: StatusCode, body: Vec<u8>, encoding: Encoding) -> Response {
    let media_type = match encoding {
        Encoding::Protobuf => PROTOBUF,
        Encoding::Json => JSON,
    };
    (status, [(header::CONTENT_TYPE, media_type)], body).into_response()
}
