//! Small bodies that would become large: what one costs in a lab of its own process, by the kernel's own count.

use std::{fs, io::Write, thread};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::sent::{now_ns, text};
use crate::{
    browser::{Answer, get, post},
    servers::lab::{Lab, Plan},
};

const MIB: usize = 1 << 20;
/// The most bytes a body may have after unpacking.
const UNPACKED: usize = 16 * MIB;
const PROTOBUF: &str = "application/x-protobuf";

fn packed(unit: &[u8], bytes: usize) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&unit.repeat(bytes / unit.len())).expect("memory takes it");
    packer.finish().expect("memory takes it")
}

fn send(lab: &Lab, path: &str, body: &[u8]) -> Answer {
    let ask = get(lab.at(10, path)).method("POST").header("content-type", PROTOBUF);
    ask.header("content-encoding", "gzip").body(body).send()
}

/// In bytes: the most that was resident since the last reset, or what is now.
fn memory(lab: &Lab, line: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", lab.id())).expect("the lab runs");
    let line = status.lines().find_map(|found| found.strip_prefix(line)).expect("a line");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}

/// How much more was resident at the peak of `work` than before it.
fn peak(lab: &Lab, work: impl FnOnce()) -> usize {
    // The kernel's peak begins again from here.
    fs::write(format!("/proc/{}/clear_refs", lab.id()), "5").expect("our own child");
    let before = memory(lab, "VmRSS:");
    work();
    memory(lab, "VmHWM:").saturating_sub(before)
}

#[test]
fn a_small_body_costs_no_more_memory_than_eight_times_what_it_unpacks_to() {
    let lab = Plan::up().env("OTEL_METRIC_EXPORT_INTERVAL", "60000").start();
    let bound = UNPACKED * 8 + 32 * MIB;
    // Empty messages: resources, scopes, items, in the order of the review; then attributes, and a record of escapes.
    for (path, unit) in [
        ("/v1/traces", &[0x0a, 0][..]),
        ("/v1/metrics", &[0x0a, 0]),
        ("/v1/logs", &[0x0a, 0]),
        ("/v1/traces", &[0x0a, 2, 0x12, 0]),
        ("/v1/traces", &[0x0a, 4, 0x12, 2, 0x12, 0]),
        ("/v1/metrics", &[0x0a, 4, 0x12, 2, 0x12, 0]),
        ("/v1/logs", &[0x0a, 4, 0x12, 2, 0x12, 0]),
        ("/v1/logs", &[0x0a, 8, 0x0a, 6, 0x0a, 0, 0x0a, 0, 0x0a, 0]),
    ] {
        let body = packed(unit, UNPACKED);
        assert!(body.len() < 64 * 1024);
        let grown = peak(&lab, || {
            let answer = send(&lab, path, &body);
            assert_eq!(
                (answer.status, answer.content_type.as_str()),
                (413, PROTOBUF),
                "{path} {unit:?}: {answer:?}"
            );
            assert!(answer.body.contains("a request may contain at most"), "{answer:?}");
        });
        assert!(grown < bound, "{path} {unit:?}: {} MiB", grown / MIB);
    }
    // Many at once cost no more than one, as few are read at a time.
    let body = packed(&[0x0a, 4, 0x12, 2, 0x12, 0], UNPACKED);
    let grown = peak(&lab, || {
        thread::scope(|scope| {
            for number in 0..24 {
                let (lab, body) = (&lab, &body);
                let path = ["/v1/traces", "/v1/metrics", "/v1/logs"][number % 3];
                scope.spawn(move || {
                    let answer = send(lab, path, body);
                    assert!([413, 503].contains(&answer.status), "{answer:?}");
                });
            }
        });
    });
    assert!(grown < bound, "24 at once: {} MiB", grown / MIB);
    assert_eq!(get(lab.at(10, "/ready")).send().status, 200);
}

#[test]
fn the_largest_requests_within_the_bounds_cost_no_more_either() {
    let lab = Plan::up().env("OTEL_METRIC_EXPORT_INTERVAL", "60000").start();
    // 32,768 empty log records, each of which becomes a line of a hundred bytes, and as many empty spans and metrics.
    for path in ["/v1/logs", "/v1/traces", "/v1/metrics"] {
        let body = packed(&[0x0a, 4, 0x12, 2, 0x12, 0], 32_768 * 6);
        let grown = peak(&lab, || {
            send(&lab, path, &body).ok();
        });
        assert!(grown < 32_768 * 6 * 8 + 32 * MIB, "{path}: {} MiB", grown / MIB);
    }
    // JSON: the same numbers, and strings that grow when they are written.
    let record = json!({"body": {"stringValue": "\u{1}".repeat(10_000)}});
    let records: Vec<Value> = vec![record; 60];
    let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]});
    let bytes = logs.to_string().len();
    let grown = peak(&lab, || {
        post(lab.at(10, "/v1/logs"), logs).send().ok();
    });
    assert!(grown < bytes * 8 + 32 * MIB, "{} MiB", grown / MIB);
    let empty = vec![json!({}); 900_000];
    let spans = json!({"resourceSpans": empty});
    let bytes = spans.to_string().len();
    let grown = peak(&lab, || {
        let answer = post(lab.at(10, "/v1/traces"), spans).send();
        assert_eq!((answer.status, answer.json()["code"].as_i64()), (413, Some(3)), "{answer:?}");
    });
    assert!(grown < bytes * 8 + 32 * MIB, "{} MiB", grown / MIB);
}

#[test]
fn a_flood_of_series_costs_its_sender_alone_and_is_said_as_partial_success() {
    let lab = Plan::up().env("OTEL_METRIC_EXPORT_INTERVAL", "1000").start();
    let point =
        |labels: Value| json!({"asInt": "1", "timeUnixNano": now_ns().to_string(), "attributes": labels});
    let gauge =
        |name: &str, points: Vec<Value>| json!({"name": name, "unit": "1", "gauge": {"dataPoints": points}});
    let push = |service: &str, metrics: Vec<Value>| {
        let resource = json!({"attributes": [text("service.name", service)]});
        json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]})
    };
    let quiet = push("quiet", vec![gauge("quiet.gauge", vec![point(json!([]))])]);
    assert_eq!(post(lab.at(10, "/v1/metrics"), quiet).send().ok().json(), json!({}));
    crate::waiting::until(std::time::Duration::from_secs(20), "the lab's own series", || {
        get(lab.at(10, "/api/series?metric=process.cpu.time")).send().status == 200
    });
    let own = || {
        let series = get(lab.at(10, "/api/series?metric=process.cpu.time")).send().ok().json();
        series[0]["points"][0][0].as_f64().expect("a point")
    };
    let began = own();

    let points = (0..19_000).map(|number| {
        point(json!([
            text("order", &format!("order-{number:020}")),
            text("customer", &format!("customer-{number:017}"))
        ]))
    });
    let flood = push("guest", vec![gauge("guest.flood", points.collect())]);
    let answer = post(lab.at(10, "/v1/metrics"), flood).send().ok().json();
    let partial = &answer["partialSuccess"];
    let rejected: usize =
        partial["rejectedDataPoints"].as_str().expect("a number").parse().expect("a number");
    let why = partial["errorMessage"].as_str().expect("a reason");
    assert!(
        why.starts_with("more than ") && why.contains("series") && why.contains("of sender \"guest\""),
        "{why}"
    );

    let listed = get(lab.at(10, "/api/metrics")).send().ok().json();
    let listed = listed.as_array().expect("a list");
    let kept = listed.iter().find(|metric| metric["name"] == "guest.flood").expect("some are kept");
    assert_eq!(kept["series"].as_u64().map(|kept| kept as usize + rejected), Some(19_000), "{answer}");
    assert!(rejected < 19_000 - 500, "{answer}");
    let quiet = get(lab.at(10, "/api/series?metric=quiet.gauge")).send().ok().json();
    assert_eq!(quiet[0]["points"].as_array().map(Vec::len), Some(1));
    assert_eq!(own(), began, "the lab's own history begins where it began");
    let fill = get(lab.at(10, "/api/store")).send().ok().json();
    assert_eq!(
        (&fill["metrics"]["evicted"], fill["metrics"]["turned_away"].as_u64()),
        (&json!(0), Some(rejected as u64))
    );
}
