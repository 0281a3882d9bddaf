//! Loki and Tempo as far as the doctor asks them, for neither can be had here: they answer out of what a lab really
//! sent, after their documentation of `/loki/api/v1/query_range` and `/api/traces/{id}`. What they are asked and those
//! would not understand, they do not understand either.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::IntoResponse,
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    loki::push::{self, Kept},
    otlp::signals::Span,
    serving::Serving,
};

/// Headers without which nobody is let in.
pub type WayIn = &'static [(&'static str, &'static str)];
/// Where what was sent is kept.
type Has<T> = Arc<dyn Fn() -> Vec<T> + Send + Sync>;

/// Is there until the value is dropped.
pub struct Standin(Serving);

impl Standin {
    /// A Loki that has these lines.
    pub fn loki(way_in: WayIn, has: impl Fn() -> Vec<Kept> + Send + Sync + 'static) -> Standin {
        let has: Has<Kept> = Arc::new(has);
        Standin::start(
            Router::new().route("/loki/api/v1/query_range", get(query_range)).with_state(has),
            way_in,
        )
    }

    /// A Tempo that has these spans.
    pub fn tempo(way_in: WayIn, has: impl Fn() -> Vec<Span> + Send + Sync + 'static) -> Standin {
        let has: Has<Span> = Arc::new(has);
        Standin::start(Router::new().route("/api/traces/{id}", get(trace)).with_state(has), way_in)
    }

    fn start(app: Router, way_in: WayIn) -> Standin {
        let guard = move |request: Request, next: Next| async move {
            if is_let_in(request.headers(), way_in) {
                return next.run(request).await;
            }
            StatusCode::UNAUTHORIZED.into_response()
        };
        let app = app.layer(middleware::from_fn(guard));
        Standin(Serving::start(app))
    }

    /// Its base address.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Its base address with somebody before the host.
    pub fn url_of(&self, guest: &str) -> String {
        format!("http://{guest}@{}", self.0.place())
    }
}

fn is_let_in(shown: &HeaderMap, way_in: WayIn) -> bool {
    way_in.iter().all(|(name, value)| shown.get(*name).is_some_and(|shown| shown == value))
}

#[derive(Deserialize)]
struct Range {
    query: String,
    /// Nanoseconds since 1970.
    start: u64,
    end: u64,
    limit: usize,
}

async fn query_range(
    State(has): State<Has<Kept>>,
    Query(asked): Query<Range>,
) -> Result<Json<Value>, StatusCode> {
    let wrong = StatusCode::BAD_REQUEST;
    // A stream selector, the JSON parser, and one label that has to be equal.
    let stages: Vec<&str> = asked.query.split(" | ").collect();
    let [selector, "json", filter] = &*stages else { return Err(wrong) };
    let selected = push::labels(selector);
    let (field, value) = filter.split_once('=').ok_or(wrong)?;
    let value: Value = serde_json::from_str(value).map_err(|_| wrong)?;
    // More than Loki gives out unless it is configured to.
    if asked.limit > 5000 || selected.is_empty() {
        return Err(wrong);
    }
    // `| json` makes a stream of each set of labels and fields.
    let mut streams: BTreeMap<String, (Value, Vec<Value>)> = BTreeMap::new();
    let at = |line: &Kept| line.seconds * 1_000_000_000 + line.nanos;
    let lines = has().into_iter().filter(|line| {
        (asked.start..asked.end).contains(&at(line))
            && selected.iter().all(|(name, value)| line.labels.get(name) == Some(value))
    });
    let fitting = lines.filter_map(|line| {
        let fields: Value = serde_json::from_str(&line.line).ok()?;
        (fields[field] == value).then_some((line, fields))
    });
    for (line, mut fields) in fitting.take(asked.limit) {
        line.labels.iter().for_each(|(name, value)| fields[name] = value.as_str().into());
        let (_, values) = streams.entry(fields.to_string()).or_insert((fields, Vec::new()));
        values.push(json!([at(&line).to_string(), line.line]));
    }
    let result: Vec<Value> =
        streams.into_values().map(|(stream, values)| json!({ "stream": stream, "values": values })).collect();
    Ok(Json(json!({ "status": "success", "data": { "resultType": "streams", "result": result } })))
}

async fn trace(State(has): State<Has<Span>>, Path(id): Path<String>) -> Result<Json<Value>, StatusCode> {
    let mut services: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for span in has().into_iter().filter(|span| span.trace_id == id) {
        let said = json!({
            "traceId": base64(&span.trace_id), "spanId": base64(&span.span_id), "name": span.name,
            "startTimeUnixNano": span.start.to_string(), "endTimeUnixNano": span.end.to_string(),
        });
        services.entry(span.service).or_default().push(said);
    }
    if services.is_empty() {
        return Err(StatusCode::NOT_FOUND);
    }
    let batches = services.into_iter().map(|(service, spans)| {
        let name = json!({ "key": "service.name", "value": { "stringValue": service } });
        json!({ "resource": { "attributes": [name] }, "scopeSpans": [{ "spans": spans }] })
    });
    Ok(Json(json!({ "batches": batches.collect::<Vec<_>>() })))
}

/// Ids as they stand in Tempo's JSON, out of hex.
fn base64(id: &str) -> String {
    let bytes = id.as_bytes().chunks(2).map(|two| str::from_utf8(two).expect("hex"));
    STANDARD.encode(bytes.map(|two| u8::from_str_radix(two, 16).expect("hex")).collect::<Vec<u8>>())
}
