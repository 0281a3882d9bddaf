//! What the built-in store takes, holds and answers when it is full.
//!
//! `cargo bench --profile lab --bench store` fills a store of 64 MiB (`-- 128` for another size) with spans, lines and
//! series like the shop's own and prints how fast they were taken, how much memory 10,000 spans take, and how long each
//! question takes while more keep coming.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use doorbuster::store::{
    keep::Store,
    logs::{
        line::{Level, Line},
        ring,
    },
    metrics::answer,
    traces::search,
};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{Histogram, HistogramDataPoint, Metric, ResourceMetrics, ScopeMetrics, metric::Data},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status},
};
use prost::Message;

const MIB: usize = 1024 * 1024;
const SERVICES: [&str; 8] =
    ["storefront", "checkout", "cart", "catalog", "payments", "promotions", "currency", "shipping"];
/// Traces in one request, as the egress makes them when the shop is busy.
const TRACES: u64 = 50;
/// Spans of a trace: a checkout's.
const SPANS: u64 = 40;
const QUESTIONS: usize = 200;
const ROUTES: u64 = 40;

fn main() -> Result<()> {
    let size = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(64);
    let before = resident()?;
    let store = Arc::new(Store::new(size * MIB));
    fill(&store, size)?;
    let resident = resident()?.saturating_sub(before);
    let fill = store.fill();
    println!("limit              {size} MiB; the process grew by {:.1} MiB", mib(resident));
    let shares =
        [("traces", &fill.traces), ("logs", &fill.logs), ("metrics", &fill.metrics), ("graph", &fill.graph)];
    for (name, part) in shares {
        let (holds, most) = (mib(part.bytes), mib(part.limit_bytes));
        println!("{name:<18} {holds:.1} of {most:.1} MiB, {} items, {} evicted", part.items, part.evicted);
    }
    let per_span = fill.traces.bytes as f64 / fill.traces.items as f64;
    println!("10,000 spans       {:.2} MiB, {per_span:.0} bytes each", mib((per_span * 1e4) as usize));
    ask(&store)
}

/// Until each part has let something go, and then as much again.
fn fill(store: &Store, size: usize) -> Result<()> {
    // Traces may have half of it: this is four times as much.
    let requests = (size * MIB * 2 / spans(0).len()).max(1) as u64;
    let mut busy = Duration::ZERO;
    for number in 0..requests {
        // Made before the clock runs.
        let request = spans(number * TRACES);
        let begun = Instant::now();
        store.take_spans(&request);
        busy += begun.elapsed();
    }
    let taken = requests * TRACES * SPANS;
    println!("spans              {:.0} a second, {taken} taken", taken as f64 / busy.as_secs_f64());

    let count = (size * MIB / 500) as u64;
    let lines: Vec<Line> = (0..count).map(line).collect();
    let begun = Instant::now();
    store.take_lines(lines);
    println!(
        "lines              {:.0} a second, {count} taken",
        count as f64 / begun.elapsed().as_secs_f64()
    );

    let mut busy = Duration::ZERO;
    let (mut points, mut second) = (0, 0);
    let began = now_ns() - 800_000_000_000;
    while store.fill().metrics.evicted == 0 && second < 800 {
        let request = metrics(began + second * 1_000_000_000, second);
        points += SERVICES.len() as u64 * ROUTES * 5;
        let begun = Instant::now();
        store.take_metrics(&request);
        busy += begun.elapsed();
        second += 1;
    }
    println!("points             {:.0} a second, {points} taken", points as f64 / busy.as_secs_f64());
    Ok(())
}

/// Each question many times, while spans and lines come at the pace of a busy shop.
fn ask(store: &Arc<Store>) -> Result<()> {
    let over = Arc::new(AtomicBool::new(false));
    let longest_ns = Arc::new(AtomicU64::new(0));
    let (ours, its_over, its_longest) = (store.clone(), over.clone(), longest_ns.clone());
    let bringer = thread::Builder::new().name("bringer".into()).spawn(move || {
        let mut number = 1 << 40;
        while !its_over.load(Ordering::Relaxed) {
            let request = spans(number);
            let begun = Instant::now();
            ours.take_spans(&request);
            ours.take_lines((number..number + TRACES).map(line));
            its_longest.fetch_max(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
            number += TRACES;
            thread::sleep(Duration::from_millis(20));
        }
    })?;
    let any = search::Wanted { limit: 50, ..search::Wanted::default() };
    let of = |word: &str| Some(word.to_owned());
    let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let traces = [
        ("traces, the newest 50", any.clone()),
        (
            "traces, service and route",
            search::Wanted { service: of("payments"), route: of("/step/4"), ..any.clone() },
        ),
        ("traces, failed", search::Wanted { has_errors: Some(true), ..any.clone() }),
        (
            "traces, attribute, found",
            search::Wanted { attributes: pair("shop.country", "BR"), ..any.clone() },
        ),
        (
            "traces, attribute, nowhere",
            search::Wanted { attributes: pair("shop.country", "ZZ"), ..any.clone() },
        ),
        ("traces, the newest 500", search::Wanted { limit: 500, ..any.clone() }),
    ];
    for (what, wanted) in traces {
        report(what, || store.traces(&wanted).len());
    }
    let newest = store.traces(&any).pop().context("the store is empty")?.trace_id;
    let mut id = [0; 16];
    for (index, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&newest[2 * index..2 * index + 2], 16)?;
    }
    report("one trace as a tree", || store.trace(&id).map_or(0, |tree| tree.spans));
    let any = ring::Wanted { limit: 100, ..ring::Wanted::default() };
    let lines = [
        ("lines of a trace", ring::Wanted { trace_id: Some(id), ..any.clone() }),
        ("lines, the newest 1000", ring::Wanted { limit: 1_000, ..any.clone() }),
        ("lines, errors", ring::Wanted { level: Some(Level::Error), ..any.clone() }),
        ("lines, text, nowhere", ring::Wanted { text: of("no such words"), ..any.clone() }),
    ];
    for (what, wanted) in lines {
        report(what, || store.lines(&wanted).len());
    }
    let metric = "http.server.request.duration.0".to_owned();
    let series = answer::Wanted { metric, limit: 200, ..answer::Wanted::default() };
    report("series, 200 of one metric", || store.series(&series).map_or(0, |found| found.len()));
    report("metrics", || store.metrics().len());
    report("graph, a minute", || store.graph(60).edges.len());
    report("graph, fifteen minutes", || store.graph(900).edges.len());
    over.store(true, Ordering::Relaxed);
    let _ = bringer.join();
    println!(
        "longest wait       {:.1} ms of who brings 2,000 spans and 50 lines",
        longest_ns.load(Ordering::Relaxed) as f64 / 1e6
    );
    Ok(())
}

fn report(what: &str, mut question: impl FnMut() -> usize) {
    let mut found = 0;
    let mut waits: Vec<Duration> = (0..QUESTIONS)
        .map(|_| {
            let asked = Instant::now();
            found = question();
            asked.elapsed()
        })
        .collect();
    waits.sort_unstable();
    let quantile = |at: f64| waits[((waits.len() - 1) as f64 * at) as usize].as_secs_f64() * 1e3;
    println!("{what:<28} p50 {:7.2} ms, p99 {:7.2} ms, {found} found", quantile(0.5), quantile(0.99));
}

/// A request with [`TRACES`] traces, the first of that number, through all services.
fn spans(first: u64) -> Vec<u8> {
    let now = now_ns();
    let of_service = |(index, service): (usize, &&str)| {
        let index = index as u64;
        let mut spans = Vec::new();
        for trace in first..first + TRACES {
            for step in (0..SPANS).filter(|step| step % SERVICES.len() as u64 == index) {
                spans.push(span(trace, step, now));
            }
        }
        let resource = Some(Resource { attributes: sender(service), ..Default::default() });
        ResourceSpans {
            resource,
            scope_spans: vec![ScopeSpans { spans, ..Default::default() }],
            ..Default::default()
        }
    };
    ExportTraceServiceRequest { resource_spans: SERVICES.iter().enumerate().map(of_service).collect() }
        .encode_to_vec()
}

fn span(trace: u64, step: u64, now: u64) -> Span {
    let is_error = trace.is_multiple_of(20) && step == 4;
    let mut trace_id = vec![7; 16];
    trace_id[..8].copy_from_slice(&trace.to_be_bytes());
    let mut attributes = vec![
        text("http.request.method", "POST"),
        text("http.route", &format!("/step/{step}")),
        text("url.path", "/checkouts"),
        text("url.scheme", "http"),
        number("http.response.status_code", if is_error { 503 } else { 200 }),
        text("shop.country", ["US", "UK", "DE", "FR", "JP", "BR", "IN"][trace as usize % 7]),
        text("shop.payment_method", "credit_card"),
        text("shop.tier", "gold"),
    ];
    if step % 2 == 1 {
        attributes.push(text("server.address", SERVICES[(step as usize + 1) % SERVICES.len()]));
    }
    Span {
        trace_id,
        span_id: (step + 1).to_be_bytes().to_vec(),
        parent_span_id: if step == 0 { Vec::new() } else { step.div_ceil(2).to_be_bytes().to_vec() },
        name: format!("POST /step/{step}"),
        kind: if step % 2 == 1 { 3 } else { 2 },
        start_time_unix_nano: now - 50_000_000 + step * 100_000,
        end_time_unix_nano: now - step * 100_000,
        attributes,
        status: Some(Status { code: if is_error { 2 } else { 0 }, ..Default::default() }),
        ..Span::default()
    }
}

fn line(number: u64) -> Line {
    let mut trace_id = [7; 16];
    trace_id[..8].copy_from_slice(&(number / 10).to_be_bytes());
    let service = SERVICES[number as usize % SERVICES.len()];
    let text = format!(
        "{{\"timestamp\":\"2026-11-20T20:15:00.123456Z\",\"level\":\"INFO\",\"service\":\"{service}\",\"trace_id\":\
         \"4bf92f3577b34da6a3ce929d0e0e4736\",\"span_id\":\"00f067aa0ba902b7\",\"http.request.method\":\"GET\",\
         \"http.route\":\"/products\",\"http.response.status_code\":200,\"message\":\"request {number} served\"}}"
    );
    let level = if number.is_multiple_of(50) { Level::Error } else { Level::Info };
    Line {
        at_ns: now_ns(),
        service: service.into(),
        level,
        trace_id: Some(trace_id),
        span_id: Some([1; 8]),
        text: text.into(),
    }
}

/// Five histograms of each route of each service; all of them move.
fn metrics(at: u64, round: u64) -> ExportMetricsServiceRequest {
    let metric = |index: u64| {
        let point = |route: u64| HistogramDataPoint {
            time_unix_nano: at,
            count: round * 3 + route,
            sum: Some(round as f64),
            bucket_counts: vec![round; 17],
            explicit_bounds: (1..=16).map(f64::from).collect(),
            attributes: vec![
                text("http.request.method", "GET"),
                text("http.route", &format!("/step/{route}")),
            ],
            ..Default::default()
        };
        let histogram =
            Histogram { data_points: (0..ROUTES).map(point).collect(), aggregation_temporality: 2 };
        let name = format!("http.server.request.duration.{index}");
        Metric { name, unit: "s".into(), data: Some(Data::Histogram(histogram)), ..Default::default() }
    };
    let of_service = |service: &&str| ResourceMetrics {
        resource: Some(Resource { attributes: sender(service), ..Default::default() }),
        scope_metrics: vec![ScopeMetrics { metrics: (0..5).map(metric).collect(), ..Default::default() }],
        ..Default::default()
    };
    ExportMetricsServiceRequest { resource_metrics: SERVICES.iter().map(of_service).collect() }
}

fn sender(service: &str) -> Vec<KeyValue> {
    vec![
        text("service.name", service),
        text("service.namespace", "webstore"),
        text("service.version", "0.1.0"),
        text("service.instance.id", &format!("{service}-1")),
    ]
}

fn text(key: &str, value: &str) -> KeyValue {
    any(key, Value::StringValue(value.to_owned()))
}

fn number(key: &str, value: i64) -> KeyValue {
    any(key, Value::IntValue(value))
}

fn any(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// Bytes of this process that are in memory.
fn resident() -> Result<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = pages.split(' ').nth(1).context("statm has a second number")?.parse()?;
    Ok(pages * rustix::param::page_size())
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / MIB as f64
}
