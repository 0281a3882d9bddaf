//! How many spans a second the egress takes out of the process on one core, and whether its counters are right when it is
//! given more than that.
//!
//! `cargo bench --profile lab --bench egress` takes about a minute. Spans of the size a service makes (seven attributes) are
//! made at a fixed rate on CPU 0, where the egress encodes and sends them as well; a server that counts them has CPU 1.
//! Both must be idle otherwise. What is made must be what is delivered, dropped, or still waiting.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

#[path = "lab/receiver.rs"]
mod receiver;

use std::{
    io::sink,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use doorbuster::{
    kernel::service::Service,
    telemetry::{
        config::Config,
        destination::Signal,
        egress::exits::Exit,
        init::{Setup, Telemetry},
        names::attribute,
        scope::Scope,
    },
};
use opentelemetry::{
    Context, KeyValue,
    trace::{Span, SpanBuilder, SpanKind, Tracer},
};
use rustix::thread::{CpuSet, sched_setaffinity};

use self::receiver::Receiver;

const SECONDS: u64 = 5;
/// Spans made between two looks at the clock.
const BURST: u64 = 100;

fn main() -> Result<()> {
    // Threads inherit the processor of whoever starts them.
    pin(1)?;
    let receiver = Receiver::start()?;
    ensure!(receiver.first_trace(Duration::ZERO).is_none(), "somebody else sends here");
    pin(0)?;
    let endpoint = receiver.endpoint.clone();
    let config = Config::read(|name| {
        (name == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").then(|| endpoint.clone() + "/v1/traces")
    });
    let telemetry = Telemetry::start(Setup {
        config: config.map_err(|error| anyhow!(error))?,
        services: &[Service::Storefront],
        platform: Service::Storefront,
        lines_to: Box::new(sink()),
        onlooker: None,
    })
    .map_err(|error| anyhow!(error))?;
    let (scope, exits) = (telemetry.scope(Service::Storefront), telemetry.exits());
    let traces = || {
        let is_ours = |exit: &Exit| exit.signal == Signal::Traces.name();
        exits().into_iter().find(is_ours).context("traces have a way out")
    };
    for rate in [20_000, 50_000, 100_000, 150_000, 200_000, u64::MAX] {
        let (before, received) = (traces()?, receiver.spans() as u64);
        let (made, took) = make(&scope, rate)?;
        let cpu = took.cpu;
        while traces()?.queue_bytes > 0 {
            thread::sleep(Duration::from_millis(10));
        }
        // What is under way is in no queue.
        thread::sleep(Duration::from_millis(500));
        let after = traces()?;
        let (sent, dropped) = (after.sent - before.sent, after.dropped - before.dropped);
        let received = receiver.spans() as u64 - received;
        println!(
            "egress         {:>9.0} spans/s made: {made} made, {sent} delivered, {dropped} dropped, {received} received; \
             {:.2} us of CPU a span to make one",
            made as f64 / took.wall.as_secs_f64(),
            cpu.as_secs_f64() * 1e6 / made as f64,
        );
        ensure!(made == sent + dropped, "the counters do not add up");
        ensure!(received == sent, "{received} received, {sent} counted as delivered");
    }
    telemetry.stop(Duration::from_secs(2));
    Ok(())
}

struct Took {
    wall: Duration,
    /// Of the thread that makes spans.
    cpu: Duration,
}

fn make(scope: &Scope, rate: u64) -> Result<(u64, Took)> {
    let signals = scope.signals().context("the SDK is on")?;
    let (begun, cpu) = (Instant::now(), cpu());
    let mut made = 0;
    while begun.elapsed() < Duration::from_secs(SECONDS) {
        let due = (u128::from(rate) * begun.elapsed().as_nanos() / 1_000_000_000).min(u128::from(u64::MAX));
        if u128::from(made) >= due {
            thread::sleep(Duration::from_micros(200));
            continue;
        }
        for _ in 0..BURST {
            let builder = SpanBuilder::from_name("GET /products/{id}").with_kind(SpanKind::Server);
            let attributes = vec![
                KeyValue::new(attribute::METHOD, "GET"),
                KeyValue::new(attribute::URL_PATH, "/products/12".to_owned()),
                KeyValue::new(attribute::URL_SCHEME, "http"),
                KeyValue::new(attribute::ROUTE, "/products/{id}".to_owned()),
                KeyValue::new(attribute::SHOP_COUNTRY, "BR"),
                KeyValue::new(attribute::SHOP_TIER, "gold"),
                KeyValue::new(attribute::STATUS_CODE, 200),
            ];
            let builder = builder.with_attributes(attributes);
            signals.tracer.build_with_context(builder, &Context::new()).end();
        }
        made += BURST;
    }
    Ok((made, Took { wall: begun.elapsed(), cpu: self::cpu() - cpu }))
}

/// Processor time of this thread.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn pin(cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set).context("failed to choose a processor")
}
