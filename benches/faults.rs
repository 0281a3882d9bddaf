//! What faults cost while there are none, what they cost while there are many, and how long a word of the presenter takes
//! to be felt.
//!
//! `cargo bench --profile lab --bench faults` prints everything in about a minute; a word behind `--` picks one part:
//! `check`, `cue` (control call to first affected request, in one process), `stream` (the same for a service in a process
//! of its own), `calm` (control call to last affected request).

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::{
    hint::black_box,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use doorbuster::{
    chaos::{
        board::Board,
        crossing::{Crossing, Place},
        fault::Fault,
        setting::Setting,
        target::Seam,
    },
    kernel::{country::Country, origin::Origin, service::Service},
};
use serde_json::json;
use tempfile::TempDir;

const PORT_BASE: u16 = 27_200;
const ALONE: u16 = PORT_BASE + 50;
const LAB: u16 = PORT_BASE + 10;
const ADS: u16 = PORT_BASE + 17;
/// A status that ads never answers by itself.
const STATUS: u16 = 429;
const ROUNDS: usize = 200;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| words.first().is_none_or(|part| part == name);
    if wanted("check") {
        check()?;
    }
    if wanted("cue") {
        let lab = Lab::start()?;
        report("cue, in process", cue(&lab, ADS)?);
    }
    if wanted("stream") {
        let lab = Lab::start()?;
        let _alone = lab.serve("ads", ALONE)?;
        report("cue, over the stream", cue(&lab, ALONE)?);
    }
    if wanted("calm") {
        calm()?;
    }
    Ok(())
}

/// One look at the panel, with more and more faults on it.
fn check() -> Result<()> {
    let brazil = Origin { country: Some(Country::Br), ..Origin::default() };
    let crossing = |number: u64| {
        let mut trace_id = [7; 16];
        trace_id[..8].copy_from_slice(&number.to_le_bytes());
        let place = Place::Inbound { method: "GET", route: "/ads" };
        Crossing { place, trace_id, attempt: 0, who: &brazil, product: None, category: None }
    };
    let fault = |number: usize, on: serde_json::Value, share: &str| -> Result<Fault> {
        let fault = json!({"id": format!("f{number}"), "on": on, "share": share, "effect": {"fail": {"status": {"503": 1}}}});
        Ok(serde_json::from_value(fault)?)
    };
    let elsewhere = json!({"service": "ads", "route": "POST /ads/{id}/click"});
    let others = json!({"service": "ads", "country": ["US"]});
    let here = json!({"service": "ads", "country": ["BR"]});
    let many = |on: &serde_json::Value| {
        (0..200).map(|number| fault(number, on.clone(), "0%")).collect::<Result<Vec<_>>>()
    };
    let cases = [
        ("no fault at the seam, the look alone", Vec::new()),
        ("1 fault that matches and never strikes", vec![fault(0, here.clone(), "0%")?]),
        ("200 faults of another route", many(&elsewhere)?),
        ("200 faults of another country", many(&others)?),
        ("200 faults that match and never strike", many(&here)?),
    ];
    for (what, faults) in cases {
        let board = Board::new(None);
        board.apply(&Setting { seed: 42, faults, ..Setting::default() });
        let panel = board.panel(Service::Ads);
        let is_idle = !panel.is_active(Seam::Inbound);
        let rounds: u64 = if is_idle { 200_000_000 } else { 200_000 };
        let mut best = f64::MAX;
        for _ in 0..5 {
            let begun = Instant::now();
            for number in 0..rounds {
                if is_idle {
                    black_box(black_box(&panel).is_active(Seam::Inbound));
                } else {
                    black_box(black_box(&panel).decide(&crossing(number)));
                }
            }
            best = best.min(begun.elapsed().as_secs_f64() * 1e9 / rounds as f64);
        }
        println!("check          {best:8.1} ns, {what} (best of 5)");
    }
    Ok(())
}

/// From the moment a fault is asked for to the end of the first request that it struck.
fn cue(lab: &Lab, port: u16) -> Result<Vec<Duration>> {
    let watch = Watch::start(port, 1)?;
    let mut waits = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let asked = Instant::now();
        lab.put(
            "/api/faults/bench",
            &json!({"on": {"service": "ads"}, "effect": {"fail": {"status": {STATUS.to_string(): 1}}}}),
        )?;
        let struck = watch.until(|answer| answer.status == STATUS && answer.at > asked)?;
        waits.push(struck.at - asked);
        let asked = Instant::now();
        lab.delete("/api/faults/bench")?;
        watch.until(|answer| answer.status == 200 && answer.at > asked)?;
    }
    Ok(waits)
}

/// From the moment calm is asked for to the end of the last request that was still struck, while 16 customers ask.
fn calm() -> Result<()> {
    let lab = Lab::start()?;
    for (what, effect) in [
        ("calm, failures", json!({"fail": {"status": {STATUS.to_string(): 1}}})),
        ("calm, hanging requests", json!("hang")),
        ("calm, 250 ms of processor time a request", json!({"burn_cpu": {"per_crossing": "250ms"}})),
    ] {
        let mut waits = Vec::new();
        for _ in 0..20 {
            let watch = Watch::start(ADS, 16)?;
            watch.until(|answer| answer.status == 200)?;
            lab.put("/api/faults/bench", &json!({"on": {"service": "ads"}, "effect": effect}))?;
            thread::sleep(Duration::from_millis(100));
            let asked = Instant::now();
            lab.post("/api/calm")?;
            thread::sleep(Duration::from_millis(400));
            let answers = watch.answers();
            let is_struck =
                |answer: &&Answer| answer.status == STATUS || answer.took > Duration::from_millis(60);
            let last = answers
                .iter()
                .filter(|answer| answer.at > asked)
                .filter(is_struck)
                .map(|answer| answer.at)
                .max();
            waits.push(last.map_or(Duration::ZERO, |last| last - asked));
        }
        report(what, waits);
    }
    Ok(())
}

fn report(what: &str, mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let quantile = |at: f64| waits[((waits.len() - 1) as f64 * at) as usize].as_secs_f64() * 1e3;
    let (count, most) = (waits.len(), quantile(1.0));
    println!(
        "{what}: p50 {:.2} ms, p99 {:.2} ms, most {most:.2} ms of {count}",
        quantile(0.5),
        quantile(0.99)
    );
}

/// An answer of ads, and when it came.
#[derive(Clone, Copy, Debug)]
struct Answer {
    status: u16,
    at: Instant,
    took: Duration,
}

/// Customers who ask one after the other, as fast as they are answered.
struct Watch {
    answers: Arc<Mutex<Vec<Answer>>>,
    over: Arc<AtomicBool>,
}

impl Watch {
    fn start(port: u16, customers: usize) -> Result<Watch> {
        let answers: Arc<Mutex<Vec<Answer>>> = Arc::default();
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..customers {
            let (answers, over) = (answers.clone(), over.clone());
            let agent = agent();
            thread::Builder::new().spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    let status = agent
                        .get(format!("http://127.0.0.1:{port}/ads"))
                        .call()
                        .map(|answer| answer.status().as_u16());
                    let at = Instant::now();
                    let answer = Answer { status: status.unwrap_or(0), at, took: at - asked };
                    answers.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
                    // Somebody who looks all the time would take the processor from the one who is looked at.
                    thread::sleep(Duration::from_micros(200));
                }
            })?;
        }
        Ok(Watch { answers, over })
    }

    fn answers(&self) -> Vec<Answer> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn until(&self, wanted: impl Fn(&Answer) -> bool) -> Result<Answer> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            let found = {
                let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
                let found = answers.iter().find(|answer| wanted(answer)).copied();
                answers.clear();
                found
            };
            if let Some(found) = found {
                return Ok(found);
            }
            thread::sleep(Duration::from_micros(500));
        }
        Err(anyhow!("nothing of the kind came within five seconds"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(10))).build().into()
}

/// The lab as a child process, calm and without shoppers.
struct Lab {
    child: Child,
    home: TempDir,
    agent: ureq::Agent,
}

impl Lab {
    fn start() -> Result<Lab> {
        let home = tempfile::tempdir()?;
        let child = doorbuster(&home, &["up", "--stack", "off"])?;
        let lab = Lab { child, home, agent: agent() };
        lab.await_ready(LAB)?;
        lab.post("/api/calm")?;
        Ok(lab)
    }

    /// One more service, in a process of its own, that follows this lab.
    fn serve(&self, service: &str, port: u16) -> Result<Alone> {
        let alone = Alone(doorbuster(&self.home, &["serve", service, "--port", &port.to_string()])?);
        self.await_ready(port)?;
        Ok(alone)
    }

    fn await_ready(&self, port: u16) -> Result<()> {
        let begun = Instant::now();
        let url = format!("http://127.0.0.1:{port}/ready");
        while begun.elapsed() < Duration::from_secs(20) {
            if self.agent.get(&url).call().is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(anyhow!("{url} is not ready"))
    }

    fn put(&self, path: &str, body: &serde_json::Value) -> Result<()> {
        let answer = self
            .agent
            .put(format!("http://127.0.0.1:{LAB}{path}"))
            .header("content-type", "application/json");
        let mut answer = answer.send(body.to_string())?;
        let text = answer.body_mut().read_to_string()?;
        ensure!(answer.status().is_success(), "{text}");
        Ok(())
    }

    fn post(&self, path: &str) -> Result<()> {
        let answer = self.agent.post(format!("http://127.0.0.1:{LAB}{path}")).send_empty()?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(())
    }

    fn delete(&self, path: &str) -> Result<()> {
        let answer = self.agent.delete(format!("http://127.0.0.1:{LAB}{path}")).call()?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(())
    }
}

fn doorbuster(home: &TempDir, args: &[&str]) -> Result<Child> {
    Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(args)
        .env("DOORBUSTER_PORT_BASE", PORT_BASE.to_string())
        .env("DOORBUSTER_DATA_DIR", home.path())
        .env("DOORBUSTER_VISITS_PER_MINUTE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("failed to start the lab")
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A service in a process of its own.
struct Alone(Child);

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
