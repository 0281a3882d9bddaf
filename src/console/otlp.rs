//! Signals from elsewhere: OTLP over HTTP, protobuf or JSON, plain or packed with gzip
//! (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP").

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::Message;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::IntoResponses;

use super::desk::Desk;
use crate::{
    kernel::{
        error::{Error, Kind, Result},
        extract::has_media_type,
        problem::Problem,
    },
    store::{
        fill::Taken,
        otlp::request::{self, Encoding, Unreadable},
    },
};

/// The most bytes of a body as it comes; packed, there may be four times as much in it.
pub const BODY_BYTES: usize = 4 * 1024 * 1024;
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
/// `INVALID_ARGUMENT` of gRPC, which OTLP takes its status from.
const INVALID_ARGUMENT: i32 = 3;
/// What a sender is told of what was not kept.
const TURNED_AWAY: &str = "some made no sense, or there is too much of its kind; GET /api/store counts them";

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
    /// The body has more than 4 MiB, or more than 16 MiB after unpacking
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// The body is neither protobuf nor JSON, or packed with anything but gzip
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMedia(#[to_schema] Problem),
    /// More is asked at once than can be done
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(#[to_schema] Problem),
}

/// Take spans by OTLP
#[utoipa::path(post, path = "/v1/traces", tag = "otlp", operation_id = "take_traces",
    request_body(content = String, content_type = "application/x-protobuf",
        description = "An ExportTraceServiceRequest, in protobuf or as application/json"),
    responses((status = 200, description = "An ExportTraceServiceResponse, encoded as the request was", body = String,
        content_type = "application/x-protobuf"), OtlpRefusals))]
pub async fn traces(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response> {
    let store = desk.console.store()?.clone();
    taken(request, "rejectedSpans", move |request: ExportTraceServiceRequest, plain, encoding| {
        // Spans are kept as they come; what came as JSON has to be encoded first.
        match encoding {
            Encoding::Protobuf => store.take_spans(plain),
            Encoding::Json => store.take_spans(&request.encode_to_vec()),
        }
    })
    .await
}

/// Take measurements by OTLP
#[utoipa::path(post, path = "/v1/metrics", tag = "otlp", operation_id = "take_metrics",
    request_body(content = String, content_type = "application/x-protobuf",
        description = "An ExportMetricsServiceRequest, in protobuf or as application/json"),
    responses((status = 200, description = "An ExportMetricsServiceResponse, encoded as the request was",
        body = String, content_type = "application/x-protobuf"), OtlpRefusals))]
pub async fn metrics(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response> {
    let store = desk.console.store()?.clone();
    taken(request, "rejectedDataPoints", move |request: ExportMetricsServiceRequest, _, _| {
        store.take_metrics(&request)
    })
    .await
}

/// Take log records by OTLP
#[utoipa::path(post, path = "/v1/logs", tag = "otlp", operation_id = "take_logs",
    request_body(content = String, content_type = "application/x-protobuf",
        description = "An ExportLogsServiceRequest, in protobuf or as application/json"),
    responses((status = 200, description = "An ExportLogsServiceResponse, encoded as the request was", body = String,
        content_type = "application/x-protobuf"), OtlpRefusals))]
pub async fn logs(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response> {
    let store = desk.console.store()?.clone();
    taken(request, "rejectedLogRecords", move |request: ExportLogsServiceRequest, _, _| {
        store.take_records(request)
    })
    .await
}

/// Reads a request, hands it to `keep` with its unpacked bytes, and answers in the same encoding; `rejected` is what JSON
/// calls the number of those that were not kept.
async fn taken<M: Message + Default + DeserializeOwned>(
    request: Request,
    rejected: &'static str,
    keep: impl FnOnce(M, &[u8], Encoding) -> Taken + Send + 'static,
) -> Result<Response> {
    let encoding = encoding(request.headers())?;
    let is_packed = is_packed(request.headers())?;
    let body = Bytes::from_request(request, &()).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Error::new(Kind::TooLarge, format!("a body may have at most {BODY_BYTES} bytes"))
        } else {
            Error::new(Kind::Malformed, "the body broke off")
        }
    })?;
    // Up to 16 MiB are unpacked and read: not on the thread that has to answer everybody else.
    let kept = tokio::task::spawn_blocking(move || {
        let unpacked = if is_packed { Some(request::unpacked(&body)?) } else { None };
        let plain = unpacked.as_deref().unwrap_or(&body);
        let message = request::read::<M>(plain, encoding)?;
        Ok(answer(keep(message, plain, encoding), rejected, encoding))
    });
    let kept = kept
        .await
        .map_err(|error| Error::new(Kind::Internal, "the request could not be kept").caused_by(error))?;
    match kept {
        Ok(body) => Ok(answered(StatusCode::OK, body, encoding)),
        Err(too_large @ Unreadable::TooLarge) => Err(Error::new(Kind::TooLarge, too_large.to_string())),
        Err(wrong) => Ok(refused(&wrong, encoding)),
    }
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

/// Tells the sender what was not kept; where all was, there is nothing to tell.
fn answer(taken: Taken, rejected: &str, encoding: Encoding) -> Vec<u8> {
    let count = i64::try_from(taken.turned_away).unwrap_or(i64::MAX);
    let partial =
        (count > 0).then(|| PartialSuccess { rejected: count, error_message: TURNED_AWAY.to_owned() });
    match (encoding, partial) {
        (Encoding::Protobuf, partial_success) => Exported { partial_success }.encode_to_vec(),
        (Encoding::Json, None) => text(&json!({})),
        // 64-bit numbers are text in protobuf's JSON.
        (Encoding::Json, Some(partial)) => text(&json!({"partialSuccess": {
            rejected: partial.rejected.to_string(), "errorMessage": partial.error_message,
        }})),
    }
}

fn refused(wrong: &Unreadable, encoding: Encoding) -> Response {
    let status = Status { code: INVALID_ARGUMENT, message: wrong.to_string() };
    let body = match encoding {
        Encoding::Protobuf => status.encode_to_vec(),
        Encoding::Json => text(&json!({"code": status.code, "message": status.message})),
    };
    answered(StatusCode::BAD_REQUEST, body, encoding)
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
