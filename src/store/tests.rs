//! The store as a whole, asked and filled by many threads at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    metrics::v1::{
        Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data, number_data_point,
    },
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;

use super::{
    keep::Store,
    logs::{
        line::{Level, Line},
        ring,
    },
    metrics::answer,
    profiles::shelf::{Batch, Sample},
    traces::search,
};
use crate::kernel::clock;

/// How long, in seconds, unless the variable says otherwise: the order of locks is checked, so that a wrong one is found the
/// first time it occurs and not when two threads meet in it.
const SECONDS: u64 = 3;
const VARIABLE: &str = "DOORBUSTER_STORE_TEST_SECONDS";
/// Between two rounds of a thread: others have work to do as well.
const PAUSE: Duration = Duration::from_millis(2);
/// A thread that is not done so long after the end never will be.
const PATIENCE: Duration = Duration::from_secs(30);

fn trace_id(number: u64) -> [u8; 16] {
    (u128::from(number) + 1).to_be_bytes()
}

fn spans(number: u64) -> Vec<u8> {
    let now_ns = clock::now_millis().unsigned_abs() * 1_000_000;
    let span = |own: u64| Span {
        trace_id: trace_id(number).to_vec(),
        span_id: own.to_be_bytes().to_vec(),
        kind: 2 + (own % 2) as i32,
        name: "GET /".to_owned(),
        start_time_unix_nano: now_ns,
        end_time_unix_nano: now_ns + own,
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: (1..20).map(span).collect(), ..Default::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..Default::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn metrics() -> ExportMetricsServiceRequest {
    let point = NumberDataPoint {
        time_unix_nano: clock::now_millis().unsigned_abs() * 1_000_000,
        value: Some(number_data_point::Value::AsInt(7)),
        ..Default::default()
    };
    let data = Some(Data::Gauge(Gauge { data_points: vec![point] }));
    let metrics = vec![Metric { name: "depth".to_owned(), data, ..Default::default() }];
    let scope_metrics = vec![ScopeMetrics { metrics, ..Default::default() }];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics { scope_metrics, ..Default::default() }],
    }
}

fn line(number: u64) -> Line {
    Line {
        at_ns: number,
        service: "cart".into(),
        level: Level::Info,
        trace_id: Some(trace_id(number)),
        span_id: None,
        text: "{}".into(),
    }
}

fn send(store: &Store, number: u64) {
    store.take_spans(&spans(number));
    store.take_metrics(&metrics());
    store.take_lines([line(number)]);
    let frames = vec!["main".into()].into();
    let sample = Sample { service: "cart".into(), route: None, frames, count: 1 };
    store.take_samples(&Batch { ended_ms: clock::now_millis(), hertz: 100, samples: vec![sample] });
}

fn ask(store: &Store, number: u64) {
    let id = trace_id(number.saturating_sub(3));
    store.fill();
    store.traces(&search::Wanted { limit: 20, ..search::Wanted::default() });
    store.trace(&id);
    store.cite(&[id], 1_000);
    store.pin(&id);
    store.unpin(&id);
    store.lines(&ring::Wanted { limit: 20, ..ring::Wanted::default() });
    store.metrics();
    store.series(&answer::Wanted { metric: "depth".to_owned(), limit: 20, ..answer::Wanted::default() });
    store.graph(60);
    store.profiled();
    store.profile("cart", None, 60);
}

/// Bytes of this process that are in memory, without those of the program's file.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("Linux says so");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}

/// Fills each part several times over, with what the shop's own signals are like.
fn fill_several_times(store: &Store) {
    let names: Vec<Arc<str>> = (0..5_000).map(|number| format!("function_{number}").into()).collect();
    for number in 0..10_000_u64 {
        // Spans and lines of several sizes, so that what one leaves does not always fit the next.
        let mut request = ExportTraceServiceRequest::decode(&*spans(number)).expect("as it was encoded");
        for span in request
            .resource_spans
            .iter_mut()
            .flat_map(|one| &mut one.scope_spans)
            .flat_map(|one| &mut one.spans)
        {
            span.name = format!("GET /{}", "x".repeat(100 + number as usize * 37 % 300));
        }
        store.take_spans(&request.encode_to_vec());
        let text = |index: u64| "x".repeat(200 + (number * 10 + index) as usize * 53 % 400).into();
        store.take_lines((0..10).map(|index| Line { text: text(index), ..line(number) }));
        if number.is_multiple_of(10) {
            let mut request = metrics();
            for index in 0..20 {
                request.resource_metrics[0].scope_metrics[0].metrics[0].name =
                    format!("m{}", (number + index) % 4_000);
                store.take_metrics(&request);
            }
            let frames =
                |index: usize| names.iter().cycle().skip(index * 7 % 5_000).take(40).cloned().collect();
            let sample = |index: usize| Sample {
                service: "cart".into(),
                route: None,
                frames: frames(index),
                count: 1,
            };
            let samples = (0..20).map(|index| sample(number as usize + index)).collect();
            store.take_samples(&Batch { ended_ms: clock::now_millis(), hertz: 100, samples });
        }
    }
}

const LIMIT_BYTES: usize = 32 << 20;
const GREW: &str = "the process grew by ";

#[test]
#[ignore = "the next test runs it, in a process of its own"]
fn a_process_that_does_nothing_but_fill_a_store() {
    use std::io::Write;

    let store = Store::new(LIMIT_BYTES);
    let before = resident_bytes();
    fill_several_times(&store);
    let grew = resident_bytes().saturating_sub(before);
    let fill = store.fill();
    assert!(fill.traces.evicted > 2 * fill.traces.items as u64, "{fill:?}");
    assert!(fill.logs.evicted > 2 * fill.logs.items as u64, "{fill:?}");
    let parts = [&fill.traces, &fill.logs, &fill.metrics, &fill.profiles, &fill.graph];
    let counted: usize = parts.iter().map(|part| part.bytes).sum();
    writeln!(std::io::stdout(), "{GREW}{grew} bytes; counted are {counted}: {fill:?}")
        .expect("the parent reads it");
}

#[test]
fn a_store_that_was_filled_several_times_takes_no_more_memory_than_it_may() {
    let name = "store::tests::a_process_that_does_nothing_but_fill_a_store";
    let this = std::env::current_exe().expect("it runs");
    let child = std::process::Command::new(this).args(["--ignored", "--exact", name, "--nocapture"]).output();
    let output = child.expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let grew =
        said.split(GREW).nth(1).and_then(|rest| rest.split(' ').next()).and_then(|grew| grew.parse().ok());
    let grew: usize = grew.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    assert!(grew <= LIMIT_BYTES, "{said}");
}

#[test]
fn readers_and_senders_never_wait_for_one_another_for_ever() {
    let seconds = std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let store = Arc::new(Store::new(1 << 20));
    let is_over = Arc::new(AtomicBool::new(false));
    let rounds = Arc::new(AtomicU64::new(0));
    let (done, all_done) = mpsc::channel();
    let works: [fn(&Store, u64); 5] = [send, ask, send, ask, ask];
    for work in works {
        let (store, is_over, rounds, done) = (store.clone(), is_over.clone(), rounds.clone(), done.clone());
        thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                work(&store, rounds.fetch_add(1, Ordering::Relaxed));
                thread::sleep(PAUSE);
            }
            done.send(()).expect("the test waits for it");
        });
    }
    drop(done);
    thread::sleep(Duration::from_secs(seconds));
    is_over.store(true, Ordering::Relaxed);
    let until = Instant::now() + PATIENCE;
    for thread in 0..works.len() {
        let left = until.saturating_duration_since(Instant::now());
        let ended = all_done.recv_timeout(left);
        assert!(ended.is_ok(), "only {thread} threads of {} are done: {ended:?}", works.len());
    }
    assert!(rounds.load(Ordering::Relaxed) > 20 * seconds, "{rounds:?}");
    let fill = store.fill();
    assert!(fill.traces.items > 0 && fill.graph.items > 0 && fill.profiles.items > 0, "{fill:?}");
}
