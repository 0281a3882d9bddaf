//! What the shoppers cost, how punctual they are, and whether they feel a shop that stands still.
//!
//! `cargo bench --bench shoppers` prints everything in about 90 s; a word behind `--` picks one part: `cost`, `punctual`
//! or `standstill`. The shoppers have CPU 0, a trivial shop in the same process has CPU 1. Both must be idle otherwise.
//! Others on a machine of two cores, 2026-11: most requests a second from one core are 7,130 with Locust, 18,800 with k6,
//! 119,000 with oha; p99 off the schedule at 2,000/s is 46, 15 and 0.8 ms; of a standstill Locust reports a p95 of 29 ms.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use doorbuster::{
    kernel::{
        client::{Carrier, Deadline, Errand, Lost},
        peers::Peers,
        transport::{Transport, http},
    },
    load::{
        journey::Journey,
        mix::Mix,
        run::{Options, Shoppers},
        schedule::Schedule,
        tally::Tally,
        visit::Source,
        weights::Weights,
    },
};
use futures_util::future::BoxFuture;
use http::Response;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::{
    thread::{CpuSet, sched_setaffinity},
    time::{ClockId, clock_gettime},
};
use tokio::runtime::{Builder, Handle, Runtime};

const SEED: u64 = 42;
/// As much as nginx answered the other generators with.
const ANSWER: &[u8] = &[b'x'; 85];

fn main() -> anyhow::Result<()> {
    let part = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let shop = Shop::open()?;
    pin(0)?;
    if wanted("cost") {
        cost(&shop)?;
    }
    if wanted("punctual") {
        punctual(&shop)?;
    }
    if wanted("standstill") {
        standstill(&shop)?;
    }
    Ok(())
}

/// CPU a request, by the generator's own thread, at growing demands and at most 64 visits at once.
fn cost(shop: &Shop) -> anyhow::Result<()> {
    println!("cost: demand/s  done/s  CPU us/request  requests/s per core");
    for demand in [10_000.0, 30_000.0, 60_000.0, 90_000.0, 150_000.0] {
        let options = Options { most_in_flight: 64, ..options(demand / 5.0) };
        let seconds = 5.0;
        let (tally, cpu, _) = play(options, shop.carrier()?, Duration::from_secs_f64(seconds))?;
        let done = tally.requests.total() as f64;
        let micros = cpu.as_secs_f64() * 1e6 / done;
        anyhow::ensure!(tally.requests.ok == tally.requests.total(), "failures: {tally:?}");
        println!("      {demand:8.0} {:7.0} {micros:15.2} {:20.0}", done / seconds, 1e6 / micros);
    }
    Ok(())
}

/// How late the shop sees a visit's first request, against the schedule.
fn punctual(shop: &Shop) -> anyhow::Result<()> {
    println!("punctual: visits/s  requests/s  late ms p50    p99    max");
    for (rate, only_home) in [(200.0, true), (2_000.0, true), (2_000.0, false)] {
        let carrier = shop.carrier()?;
        let carrier: Arc<dyn Carrier> = if only_home { Arc::new(OnlyHome(carrier)) } else { carrier };
        shop.seen()?.clear();
        let length = Duration::from_secs(10);
        let (tally, _, began) = play(options(rate), carrier, length)?;
        let mut schedule = Schedule::new(SEED, rate * 60.0);
        let mut late: Vec<f64> = Vec::new();
        for seen in shop.seen()?.iter() {
            let intended = began + schedule.take().map_or(Duration::ZERO, |arrival| arrival.at);
            let early = intended.saturating_duration_since(*seen).as_secs_f64();
            late.push((seen.saturating_duration_since(intended).as_secs_f64() - early).abs() * 1e3);
        }
        late.sort_by(f64::total_cmp);
        let at = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
        let requests = tally.requests.total() as f64 / length.as_secs_f64();
        println!("          {rate:8.0} {requests:11.0} {:12.3} {:6.3} {:6.3}", at(0.5), at(0.99), at(1.0));
    }
    Ok(())
}

/// 200/s for 20 s; the shop stands still for a second at 5 s and at 15 s. An even schedule would make it a p95 of 500 ms
/// and a p99 of 900 ms; arrivals are not even, so the truth is printed beside what was measured.
fn standstill(shop: &Shop) -> anyhow::Result<()> {
    let freeze = shop.runtime.clone();
    thread::spawn(move || {
        for wait in [5, 9] {
            thread::sleep(Duration::from_secs(wait));
            freeze.spawn(async { thread::sleep(Duration::from_secs(1)) });
            thread::sleep(Duration::from_secs(1));
        }
    });
    let carrier = Arc::new(OnlyHome(shop.carrier()?));
    let (tally, _, _) = play(options(200.0), carrier, Duration::from_secs(20))?;
    let home = tally.steps["home"];
    println!(
        "standstill: {} requests, {} failed, p50 {:.2} ms, p95 {:.0} ms, p99 {:.0} ms",
        home.requests.total(),
        home.requests.total() - home.requests.ok,
        home.latency.p50_ms,
        home.latency.p95_ms,
        home.latency.p99_ms
    );
    let mut schedule = Schedule::new(SEED, 200.0 * 60.0);
    let arrivals = std::iter::from_fn(|| schedule.take()).map(|arrival| arrival.at.as_secs_f64());
    let waits = arrivals.take_while(|at| *at < 20.0).map(|at| match at {
        5.0..6.0 | 15.0..16.0 => 1.0 - at.fract(),
        _ => 0.0,
    });
    let mut waits: Vec<f64> = waits.collect();
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[(waits.len() as f64 * share) as usize] * 1e3;
    println!("     truth: {} requests, p95 {:.0} ms, p99 {:.0} ms", waits.len(), at(0.95), at(0.99));
    Ok(())
}

fn options(visits_per_second: f64) -> Options {
    let visits_per_minute = visits_per_second * 60.0;
    let journeys = Weights::only(Journey::Browse);
    let mix = Mix { visits_per_minute, journeys, think_time_scale: 0.0, ..Mix::normal() };
    Options { source: Source { seed: SEED, occasion: 0 }, mix, ..Options::default() }
}

/// Lets shoppers come for `length` on a runtime of this very thread; what it cost in CPU time; when they began.
fn play(
    options: Options,
    carrier: Arc<dyn Carrier>,
    length: Duration,
) -> anyhow::Result<(Tally, Duration, Instant)> {
    let runtime = one_thread()?;
    runtime.block_on(async {
        let before = clock_gettime(ClockId::ThreadCPUTime);
        let shoppers = Shoppers::start(options, carrier, &Handle::current())?;
        tokio::time::sleep(length).await;
        shoppers.stop().await;
        let cpu = Duration::try_from(clock_gettime(ClockId::ThreadCPUTime) - before)?;
        Ok((shoppers.tally(), cpu, shoppers.began()))
    })
}

/// A shop of one thread that answers everything with the same, and remembers when it was asked for `/`.
struct Shop {
    address: SocketAddr,
    runtime: Handle,
    seen: Arc<Mutex<Vec<Instant>>>,
}

impl Shop {
    fn open() -> anyhow::Result<Self> {
        let (tell, told) = mpsc::channel();
        let seen = Arc::new(Mutex::new(Vec::with_capacity(1_000_000)));
        let seeing = seen.clone();
        thread::spawn(move || -> anyhow::Result<()> {
            pin(1)?;
            let runtime = one_thread()?;
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
                tell.send((listener.local_addr()?, Handle::current()))?;
                loop {
                    let (socket, _) = listener.accept().await?;
                    socket.set_nodelay(true)?;
                    tokio::spawn(serve(socket, seeing.clone()));
                }
            })
        });
        let (address, runtime) = told.recv()?;
        Ok(Shop { address, runtime, seen })
    }

    fn carrier(&self) -> anyhow::Result<Arc<dyn Carrier>> {
        let peers = Peers::parse("shop", &format!("http://{}", self.address)).map_err(anyhow::Error::msg)?;
        Ok(Arc::new(Deadline(Transport::new(http(), Arc::new(peers)))))
    }

    fn seen(&self) -> anyhow::Result<std::sync::MutexGuard<'_, Vec<Instant>>> {
        self.seen.lock().map_err(|_| anyhow::anyhow!("the shop panicked"))
    }
}

async fn serve(socket: tokio::net::TcpStream, seen: Arc<Mutex<Vec<Instant>>>) {
    let answer = service_fn(|request: http::Request<hyper::body::Incoming>| {
        if request.uri().path() == "/"
            && let Ok(mut seen) = seen.lock()
        {
            seen.push(Instant::now());
        }
        async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(ANSWER)))) }
    });
    // A connection that breaks is the shoppers' to count.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), answer).await;
}

/// Sends a visit's first request and answers the others itself, so that visits are requests.
struct OnlyHome(Arc<dyn Carrier>);

impl Carrier for OnlyHome {
    fn carry(&self, errand: Errand) -> BoxFuture<'_, Result<Response<Bytes>, Lost>> {
        if errand.path == "/" {
            return self.0.carry(errand);
        }
        Box::pin(async { Ok(Response::new(Bytes::new())) })
    }
}

fn one_thread() -> anyhow::Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn pin(cpu: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(None, &set)?)
}
