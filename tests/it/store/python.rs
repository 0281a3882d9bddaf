//! An independent client: OpenTelemetry's own SDK for Python sends all three signals, and each is found again.

use std::{path::PathBuf, process::Command};

use serde_json::{Value, json};

use crate::{
    browser::get,
    control::engine::{Engine, Plan},
};

/// The SDK in an environment of its own; `scripts/setup-tests.sh` makes it.
fn python() -> PathBuf {
    let python = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-python/bin/python");
    assert!(python.exists(), "{} is missing: run scripts/setup-tests.sh", python.display());
    python
}

fn read(engine: &Engine, path: &str) -> Value {
    get(engine.url(path)).send().ok().json()
}

#[test]
fn what_opentelemetry_s_python_sdk_sends_is_found_again() {
    let engine = Plan::here().start();
    let sent = Command::new(python())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/store/send.py"))
        .env_clear()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", engine.url(""))
        .env("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        .output()
        .expect("python runs");
    let said = String::from_utf8_lossy(&sent.stderr);
    assert!(sent.status.success() && said.is_empty(), "{said}");
    let trace_id = String::from_utf8(sent.stdout).expect("an id");
    let trace_id = trace_id.trim();

    let trace = read(&engine, &format!("/api/traces/{trace_id}"));
    let root = &trace["roots"][0];
    assert_eq!(
        (&root["service"], &root["name"], &root["kind"]),
        (&json!("pandas"), &json!("report"), &json!("server"))
    );
    let child = &root["children"][0];
    assert_eq!((&child["status"], &child["attributes"]["rows"]), (&json!("error"), &json!(7)), "{trace:#}");
    assert_eq!(child["events"][0]["name"], "exception", "{trace:#}");

    let lines = read(&engine, &format!("/api/logs?trace_id={trace_id}"));
    assert_eq!(
        (&lines[0]["message"], &lines[0]["level"]),
        (&json!("rows are missing"), &json!("WARN")),
        "{lines:#}"
    );
    assert_eq!(lines[0]["span_id"], child["span_id"], "the line was spoken inside of the inner span");

    let series = read(&engine, "/api/series?metric=reports&service=pandas");
    assert_eq!(
        (&series[0]["points"][0][1], &series[0]["labels"]["kind"]),
        (&json!(3.0), &json!("daily")),
        "{series:#}"
    );
    let histogram = &read(&engine, "/api/series?metric=report.duration")[0];
    assert_eq!((&histogram["points"][0][1], &histogram["unit"]), (&json!(1), &json!("s")), "{histogram:#}");
    assert_eq!(histogram["exemplars"][0]["trace_id"], trace_id, "{histogram:#}");
}
