//! What profiles cost: processor time and memory of a lab under a steady load, with and without `--profile`.
//!
//! `cargo bench --profile lab --bench profile` takes two minutes; a number behind `--` is how many visits a minute there
//! are (default 1200). Two labs run side by side, so that whatever else the machine does takes from both; then they
//! change places.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use axum::{Router, http::StatusCode};
use tempfile::TempDir;

const PORT_BASES: [u16; 2] = [27_400, 27_600];
const WARM_UP: Duration = Duration::from_secs(15);
const MEASURED: Duration = Duration::from_secs(30);
const VISITS_PER_MINUTE: u32 = 1200;

fn main() -> Result<()> {
    let number = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let visits = number.unwrap_or(VISITS_PER_MINUTE);
    let pyroscope = backend()?;
    println!("{visits} visits a minute, {MEASURED:?} after {WARM_UP:?}");
    for profiled in [[false, true], [true, false]] {
        let [first, second] = [0, 1].map(|at| Lab::start(PORT_BASES[at], profiled[at], visits, pyroscope));
        let labs = [first?, second?];
        thread::sleep(WARM_UP);
        let before = [labs[0].cpu()?, labs[1].cpu()?];
        let begun = Instant::now();
        thread::sleep(MEASURED);
        let seconds = begun.elapsed().as_secs_f64();
        let mut used = [0.0; 2];
        for (at, lab) in labs.iter().enumerate() {
            let cores = (lab.cpu()? - before[at]).as_secs_f64() / seconds;
            used[usize::from(profiled[at])] = cores;
            let what = if profiled[at] { "--profile" } else { "without" };
            println!("{what:>9}   {cores:.4} cores   {} MB", lab.resident_bytes()? / 1_000_000);
        }
        let [without, with] = used;
        println!(
            "    costs   {:+.1} % of the lab, {:+.2} % of a core",
            100.0 * (with / without - 1.0),
            100.0 * (with - without)
        );
    }
    Ok(())
}

/// A Pyroscope that takes all.
fn backend() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, Router::new().fallback(async || StatusCode::OK)).await
        })
    });
    Ok(address)
}

struct Lab {
    child: Child,
    _home: TempDir,
}

impl Lab {
    fn start(port_base: u16, profiled: bool, visits: u32, pyroscope: SocketAddr) -> Result<Lab> {
        let home = tempfile::tempdir()?;
        let child = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
            .args(["up", "--stack", "off", "--scenario", "normal"])
            .args(profiled.then_some("--profile"))
            .env("PYROSCOPE_ENDPOINT", format!("http://{pyroscope}"))
            .env("DOORBUSTER_PORT_BASE", port_base.to_string())
            .env("DOORBUSTER_DATA_DIR", home.path())
            .env("DOORBUSTER_VISITS_PER_MINUTE", visits.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start the lab")?;
        let lab = Lab { child, _home: home };
        lab.await_ready(port_base)?;
        Ok(lab)
    }

    fn await_ready(&self, port_base: u16) -> Result<()> {
        let begun = Instant::now();
        let url = format!("http://127.0.0.1:{}/ready", port_base + 10);
        while begun.elapsed() < Duration::from_secs(30) {
            if ureq::get(&url).call().is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(anyhow!("{url} is not ready"))
    }

    /// Processor time of all threads that are alive, which are those that were there at the start.
    fn cpu(&self) -> Result<Duration> {
        let mut total = Duration::ZERO;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end while we look.
            let Ok(told) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            let nanos = told.split_whitespace().next().context("no figures of the kernel's")?;
            total += Duration::from_nanos(nanos.parse()?);
        }
        Ok(total)
    }

    fn resident_bytes(&self) -> Result<u64> {
        let told = fs::read_to_string(format!("/proc/{}/statm", self.child.id()))?;
        let pages: u64 = told.split_whitespace().nth(1).context("no figures of the kernel's")?.parse()?;
        Ok(pages * u64::try_from(rustix::param::page_size())?)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
