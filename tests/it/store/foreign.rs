//! Strangers that speak OTLP: both encodings, packed or not; what cannot be read is refused as OTLP has it.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::{Value, json};

use super::sent::{encoded, logs, metrics, now_ns, spans};
use crate::{
    browser::{Answer, get, post},
    control::engine::{Engine, Plan},
};

const PROTOBUF: &str = "application/x-protobuf";

fn send(engine: &Engine, path: &str, media_type: &str, encoding: Option<&str>, body: Vec<u8>) -> Answer {
    let ask = get(engine.url(path)).method("POST").header("content-type", media_type).body(body);
    let ask = match encoding {
        Some(encoding) => ask.header("content-encoding", encoding),
        None => ask,
    };
    ask.send()
}

fn packed(plain: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(plain).expect("memory takes it");
    packer.finish().expect("memory takes it")
}

fn read(engine: &Engine, path: &str) -> Value {
    get(engine.url(path)).send().ok().json()
}

#[test]
fn spans_come_in_both_encodings_packed_or_not() {
    let engine = Plan::here().start();
    for (number, is_json, is_packed) in
        [("1", false, false), ("2", false, true), ("3", true, false), ("4", true, true)]
    {
        let id = number.repeat(32);
        let request = spans(&id, now_ns());
        let body = if is_json { request.to_string().into_bytes() } else { encoded(&request) };
        let body = if is_packed { packed(&body) } else { body };
        let media_type = if is_json { "application/json; charset=utf-8" } else { PROTOBUF };
        let answer = send(&engine, "/v1/traces", media_type, is_packed.then_some("gzip"), body).ok();
        if is_json {
            assert_eq!((answer.content_type.as_str(), answer.json()), ("application/json", json!({})));
        } else {
            assert_eq!(answer.content_type, PROTOBUF);
            let response = ExportTraceServiceResponse::decode(answer.body.as_bytes()).expect("a response");
            assert_eq!(response.partial_success, None);
        }
        let trace = read(&engine, &format!("/api/traces/{id}"));
        let root = &trace["roots"][0];
        assert_eq!((&trace["spans"], &trace["status"]), (&json!(2), &json!("error")), "{trace:#}");
        assert_eq!((&root["name"], &root["service"]), (&json!("GET /old"), &json!("legacy")));
        assert_eq!(root["children"][0]["attributes"], json!({"server.address": "mainframe", "attempt": 3}));
    }
    let found = read(&engine, "/api/traces?service=legacy&attribute=attempt=3&status=error");
    assert_eq!(found.as_array().map(Vec::len), Some(4), "{found:#}");
    let graph = read(&engine, "/api/graph");
    assert_eq!(
        (&graph["edges"][0]["to"], &graph["edges"][0]["error_ratio"]),
        (&json!("mainframe"), &json!(1.0))
    );
}

#[test]
fn log_records_become_lines_like_our_own() {
    let engine = Plan::here().start();
    let id = "5".repeat(32);
    post(engine.url("/v1/logs"), logs(&id, now_ns())).send().ok();
    let lines = read(&engine, &format!("/api/logs?trace_id={id}&level=warn&text=TAPE"));
    let [line] = &lines.as_array().expect("a list")[..] else { panic!("{lines:#}") };
    for (key, value) in [("service", "legacy"), ("level", "WARN"), ("message", "tape is full"), ("tape", "B")]
    {
        assert_eq!(line[key], value, "{line:#}");
    }
    assert_eq!((&line["trace_id"], &line["span_id"]), (&json!(id), &json!("00000000000000a1")));
    assert_eq!(read(&engine, "/api/logs?level=error"), json!([]));
}

#[test]
fn measurements_become_series_with_examples() {
    let engine = Plan::here().start();
    let id = "6".repeat(32);
    post(engine.url("/v1/metrics"), metrics(&id, now_ns())).send().ok();
    let listed = read(&engine, "/api/metrics");
    let jobs =
        json!({"name": "legacy.jobs", "kind": "counter", "unit": "{job}", "help": "Jobs done.", "series": 1});
    assert_eq!(listed[1], jobs, "{listed:#}");
    let series = read(&engine, "/api/series?metric=legacy.jobs&service=legacy&label=queue=mail&seconds=60");
    assert_eq!((&series[0]["points"][0][1], &series[0]["labels"]), (&json!(7.0), &json!({"queue": "mail"})));
    let series = read(&engine, "/api/series?metric=legacy.duration");
    let histogram = &series[0];
    assert_eq!((&histogram["bounds"], &histogram["buckets"]), (&json!([0.25]), &json!([1, 2])));
    assert_eq!((&histogram["points"][0][1], &histogram["points"][0][2]), (&json!(3), &json!(0.9)));
    assert_eq!(
        (&histogram["exemplars"][0]["trace_id"], &histogram["exemplars"][0]["value"]),
        (&json!(id), &json!(0.4))
    );
    assert_eq!(read(&engine, "/api/series?metric=legacy.jobs&label=queue=fax"), json!([]));
    assert_eq!(get(engine.url("/api/series?metric=legacy.nothing")).send().problem(404), "not_found");
}

#[test]
fn what_cannot_be_kept_is_said_to_whoever_sent_it() {
    let engine = Plan::here().start();
    let mut request = spans(&"7".repeat(32), now_ns());
    request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = json!("");
    let answer = post(engine.url("/v1/traces"), request).send().ok().json();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], json!("1"), "{answer}");
    assert_eq!(read(&engine, "/api/store")["traces"]["turned_away"], 1);
}

#[test]
fn what_is_no_otlp_is_refused_in_the_encoding_it_came_in() {
    let engine = Plan::here().start();
    for path in ["/v1/traces", "/v1/metrics", "/v1/logs"] {
        let refused = send(&engine, path, "application/json", None, b"{\"resource".to_vec());
        assert_eq!((refused.status, refused.content_type.as_str()), (400, "application/json"), "{refused:?}");
        assert_eq!(refused.json()["code"], 3);
        assert!(refused.json()["message"].as_str().is_some_and(|why| why.contains("in JSON")), "{refused:?}");
        let refused = send(&engine, path, PROTOBUF, None, b"nonsense".to_vec());
        assert_eq!((refused.status, refused.content_type.as_str()), (400, PROTOBUF), "{refused:?}");
        // Field 1 is the code; field 2 are words.
        assert!(
            refused.body.starts_with("\u{8}\u{3}\u{12}") && refused.body.contains("in protobuf"),
            "{refused:?}"
        );
        let refused = send(&engine, path, PROTOBUF, Some("gzip"), b"plain".to_vec());
        assert!(refused.status == 400 && refused.body.contains("not gzip"), "{refused:?}");
        assert_eq!(
            send(&engine, path, "text/plain", None, Vec::new()).problem(415),
            "unsupported_media_type"
        );
        assert_eq!(
            send(&engine, path, PROTOBUF, Some("zstd"), Vec::new()).problem(415),
            "unsupported_media_type"
        );
        let bomb = packed(&vec![0; (16 << 20) + 1]);
        for (encoding, body) in [(Some("gzip"), bomb), (None, vec![0; (4 << 20) + 1])] {
            let refused = send(&engine, path, PROTOBUF, encoding, body);
            assert_eq!((refused.status, refused.content_type.as_str()), (413, PROTOBUF), "{refused:?}");
            assert!(refused.body.starts_with("\u{8}\u{3}\u{12}"), "{refused:?}");
            assert!(refused.body.contains("the body has more than"), "{refused:?}");
        }
        assert_eq!(get(engine.url(path)).send().problem(405), "method_not_allowed");
    }
    let fill = engine.store.fill();
    assert_eq!((fill.traces.items, fill.logs.items, fill.metrics.items), (0, 0, 0));
}

#[test]
fn a_foreign_page_may_not_send_and_beyond_loopback_nobody_without_the_token() {
    let body = || spans(&"8".repeat(32), now_ns());
    let engine = Plan::here().start();
    let foreign = post(engine.url("/v1/traces"), body()).header("origin", "http://evil.example").send();
    assert_eq!(foreign.problem(403), "forbidden");
    let beyond = Plan::beyond().start();
    assert_eq!(post(beyond.url("/v1/traces"), body()).send().problem(401), "unauthenticated");
    assert_eq!(beyond.store.fill().traces.items + engine.store.fill().traces.items, 0);
    post(beyond.url("/v1/traces"), body()).token(crate::control::engine::TOKEN).send().ok();
    assert_eq!(beyond.store.fill().traces.items, 2);
}
