//! What the lab costs as a whole: start, processor time a request, what the gateway adds, spans that arrive, memory.
//!
//! `cargo bench --profile lab --bench lab` prints everything in about two minutes; a word behind `--` picks one part:
//! `start`, `cost`, `gateway`, `spans`, `memory` (`memory 10` watches ten minutes of shoppers). The lab has CPU 0; who
//! asks, and who receives its signals, has CPU 1. Both must be idle otherwise. `gateway` needs nginx on the PATH.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod nginx;
mod receiver;

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use doorbuster::{
    kernel::transport::{Http, http},
    load::pacer::Pacer,
};
use futures_util::future::join_all;
use http::{Request, header};
use http_body_util::Full;
use rustix::thread::{CpuSet, sched_setaffinity};
use tempfile::TempDir;

use self::{nginx::Nginx, receiver::Receiver};

const PORT_BASE: u16 = 27_000;
const STOREFRONT: u16 = PORT_BASE;
const CATALOG: u16 = PORT_BASE + 14;
/// Gateway, catalogue, database: the chain everything is measured on.
const CHAIN: &str = "/products/1";
/// Spans the chain makes: storefront in, storefront out, catalogue in, query.
const SPANS_A_REQUEST: usize = 4;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| words.first().is_none_or(|part| part == name);
    pin(1)?;
    let size = fs::metadata(env!("CARGO_BIN_EXE_doorbuster"))?.len();
    println!("binary         {:.1} MB", size as f64 / 1e6);
    if wanted("start") {
        start()?;
    }
    if wanted("cost") {
        cost()?;
    }
    if wanted("gateway") {
        gateway()?;
    }
    if wanted("spans") {
        spans()?;
    }
    if wanted("memory") {
        memory(words.get(1).and_then(|minutes| minutes.parse().ok()).unwrap_or(0))?;
    }
    Ok(())
}

/// From the start of the process to the first trace at the receiver, with the shoppers' first visit as its cause.
fn start() -> Result<()> {
    let mut opened = Vec::new();
    let mut first = Vec::new();
    for _ in 0..7 {
        let receiver = Receiver::start()?;
        let begun = Instant::now();
        let lab = Lab::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint)], 240)?;
        opened.push(begun.elapsed());
        let at = receiver.first_trace(Duration::from_secs(10)).context("no trace came")?;
        first.push(at.duration_since(begun));
        drop(lab);
    }
    println!(
        "start          open after {:.0} ms, first trace at the receiver after {:.0} ms (medians of 7)",
        ms(median(opened)),
        ms(median(first))
    );
    Ok(())
}

/// Processor time of the whole process a request of the chain, saturated, on one core.
fn cost() -> Result<()> {
    let receiver = Receiver::start()?;
    let endpoint = receiver.endpoint.as_str();
    let off = [("OTEL_SDK_DISABLED", "true"), ("RUST_LOG", "off")];
    let here = [("RUST_LOG", "info")];
    let sent = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_LOGS_EXPORTER", "none")];
    let cases: [(&str, &[(&str, &str)]); 3] = [
        ("no telemetry", &off),
        ("traces, JSON log lines, metrics", &here),
        ("the same, traces and metrics sent by OTLP", &sent),
    ];
    for round in 1..=3 {
        for (what, variables) in cases {
            let lab = Lab::start(variables, 0)?;
            closed_loop(STOREFRONT, 4, Duration::from_secs(1))?;
            let (before, begun) = (lab.cpu()?, Instant::now());
            let requests = closed_loop(STOREFRONT, 4, Duration::from_secs(5))?;
            let micros = (lab.cpu()? - before).as_secs_f64() * 1e6 / requests as f64;
            let rate = requests as f64 / begun.elapsed().as_secs_f64();
            println!("cost           {micros:5.1} us CPU a request at {rate:.0}/s, {what} (round {round})");
        }
    }
    Ok(())
}

/// What the gateway adds to a question to the catalogue, beside what nginx adds, in turns within one run.
fn gateway() -> Result<()> {
    let _lab = Lab::start(&[], 0)?;
    let nginx = Nginx::start()?;
    for rate in [100, 1_000] {
        let places = [CATALOG, nginx.port, STOREFRONT];
        let waits = in_turns(&places, rate, Duration::from_secs(if rate < 500 { 31 } else { 13 }))?;
        let [direct, proxied, ours] = [0, 1, 2].map(|at| waits[at].clone());
        let quantile = |waits: &[Duration], at: f64| waits[((waits.len() - 1) as f64 * at) as usize];
        let added = |waits: &[Duration], at| ms(quantile(waits, at)) - ms(quantile(&direct, at));
        println!(
            "gateway        at {rate}/s: the catalogue itself {:.3} / {:.3} ms p50 / p99; nginx adds {:.3} / {:.3}, the gateway {:.3} / {:.3}",
            ms(quantile(&direct, 0.5)),
            ms(quantile(&direct, 0.99)),
            added(&proxied, 0.5),
            added(&proxied, 0.99),
            added(&ours, 0.5),
            added(&ours, 0.99),
        );
    }
    Ok(())
}

/// Spans made against spans received at 20,000 a second, the last ones on the way down.
fn spans() -> Result<()> {
    let receiver = Receiver::start()?;
    let mut lab =
        Lab::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint), ("RUST_LOG", "warn")], 0)?;
    let seconds = 10;
    let requests = paced(STOREFRONT, 16, 5_000, Duration::from_secs(seconds))?;
    lab.stop()?;
    let (made, received) = (requests * SPANS_A_REQUEST, receiver.spans());
    println!("spans          {} a second: made {made}, received {received}", made as u64 / seconds);
    Ok(())
}

/// Memory of the whole lab: without shoppers, and while they come.
fn memory(minutes: u64) -> Result<()> {
    let idle = Lab::start(&[], 0)?;
    thread::sleep(Duration::from_secs(10));
    println!("memory         {:.1} MB idle", idle.resident()?);
    drop(idle);
    let busy = Lab::start(&[], 240)?;
    for minute in 0..=minutes {
        thread::sleep(Duration::from_secs(if minute == 0 { 20 } else { 60 }));
        println!("memory         {:.1} MB after {minute} min of 240 visits a minute", busy.resident()?);
    }
    Ok(())
}

/// The lab on CPU 0, until dropped.
struct Lab {
    process: Child,
    _home: TempDir,
}

impl Lab {
    fn start(variables: &[(&str, &str)], visits: u32) -> Result<Lab> {
        let home = tempfile::tempdir()?;
        let mut command = Command::new("taskset");
        command.args(["-c", "0", env!("CARGO_BIN_EXE_doorbuster"), "up", "--stack", "off"]);
        command.args(["--port-base", &PORT_BASE.to_string(), "--visits-per-minute", &visits.to_string()]);
        command.arg("--data-dir").arg(home.path());
        command.envs(variables.iter().copied()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().context("failed to start the lab with taskset")?;
        let lab = Lab { process, _home: home };
        somebody_listens(PORT_BASE + 10)?;
        Ok(lab)
    }

    /// Processor time of all threads so far.
    fn cpu(&self) -> Result<Duration> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id()))?;
        let nanos = tasks.flatten().filter_map(|task| {
            let stat = fs::read_to_string(task.path().join("schedstat")).ok()?;
            stat.split_whitespace().next()?.parse::<u64>().ok()
        });
        Ok(Duration::from_nanos(nanos.sum()))
    }

    /// Memory in RAM, in MB.
    fn resident(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    fn stop(&mut self) -> Result<()> {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        ensure!(self.process.wait()?.success(), "the lab did not end well");
        Ok(())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn ask(http: &Http, port: u16) -> Result<()> {
    let address = format!("127.0.0.1:{port}");
    let request = Request::get(CHAIN).header(header::HOST, &address).body(Full::default())?;
    let answer = http.ask(&address, request).await;
    let status = answer.map_err(|lost| anyhow::anyhow!("{lost:?}"))?.status();
    ensure!(status.is_success(), "{status}");
    Ok(())
}

/// Asks as fast as the answers come, on `clients` connections; how often it asked.
fn closed_loop(port: u16, clients: usize, duration: Duration) -> Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (http, end) = (http(), Instant::now() + duration);
        let client = async || {
            let mut asked = 0;
            while Instant::now() < end {
                ask(&http, port).await?;
                asked += 1;
            }
            Ok(asked)
        };
        join_all((0..clients).map(|_| client())).await.into_iter().sum()
    })
}

/// Asks `rate` times a second on `clients` connections, which take turns by the clock; how often it asked.
fn paced(port: u16, clients: u32, rate: u32, duration: Duration) -> Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async {
        let (http, pacer) = (http(), Pacer::new()?);
        let clock = pacer.clone();
        tokio::task::spawn_local(async move { clock.run().await });
        let begun = Instant::now();
        let count = rate * u32::try_from(duration.as_secs())?;
        let client = async |first: u32| {
            let mut asked = 0;
            for number in (first..count).step_by(clients as usize) {
                pacer.until(begun + Duration::from_secs(1) * number / rate).await;
                ask(&http, port).await?;
                asked += 1;
            }
            Ok(asked)
        };
        join_all((0..clients).map(client)).await.into_iter().sum()
    }))
}

/// Asks each of `ports` in turn, `rate` times a second in all, by the clock and not by the answers; the waits from the
/// intended start, sorted, by port. The first second warms up and does not count.
fn in_turns(ports: &[u16], rate: u32, duration: Duration) -> Result<Vec<Vec<Duration>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async {
        let (http, pacer) = (http(), Pacer::new()?);
        let clock = pacer.clone();
        tokio::task::spawn_local(async move { clock.run().await });
        let begun = Instant::now() + Duration::from_millis(100);
        let count = rate * u32::try_from(duration.as_secs())?;
        let mut asked = Vec::new();
        for number in 0..count {
            let due = begun + Duration::from_secs(1) * number / rate;
            pacer.until(due).await;
            let (http, port) = (http.clone(), ports[number as usize % ports.len()]);
            asked.push(tokio::task::spawn_local(async move {
                ask(&http, port).await?;
                Ok::<_, anyhow::Error>((port, due.elapsed(), number >= rate))
            }));
        }
        let mut waits = vec![Vec::new(); ports.len()];
        for answer in join_all(asked).await {
            let (port, wait, counts) = answer??;
            let at = ports.iter().position(|one| *one == port).context("an unknown port")?;
            waits[at].extend(counts.then_some(wait));
        }
        waits.iter_mut().for_each(|waits| waits.sort_unstable());
        Ok(waits)
    }))
}

fn somebody_listens(port: u16) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        ensure!(Instant::now() < deadline, "nobody listens on port {port}");
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn pin(cpu: usize) -> Result<()> {
    let mut cpus = CpuSet::new();
    cpus.set(cpu);
    Ok(sched_setaffinity(None, &cpus)?)
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
