//! What Prometheus and Alertmanager take beside the lab: processor time and memory of each, over a minute of `normal` at
//! the pace `talk`. `make bench ARGS=stack` (Linux: it reads /proc; both must be installed).

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};

const PORT_BASE: u16 = 8_700;
const MINUTE: Duration = Duration::from_secs(60);
/// Until targets are found and every rule has been looked at with something to look at.
const WARM_UP: Duration = Duration::from_secs(30);
/// The kernel's, and the same on every Linux there is.
const TICKS_PER_SECOND: f64 = 100.0;

/// The lab, until dropped; its children end with it.
struct Lab(Child);

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if !wanted.is_empty() && !wanted.iter().any(|word| "stack".contains(word.as_str())) {
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let child = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["up", "--stack", "auto", "--pace", "talk", "--port-base", &PORT_BASE.to_string()])
        .arg("--data-dir")
        .arg(home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let lab = Lab(child);
    let stack = home.path().join("stack");
    let numbers = [number(&stack, "prometheus")?, number(&stack, "alertmanager")?];
    let all = [("lab", lab.0.id()), ("prometheus", numbers[0]), ("alertmanager", numbers[1])];
    thread::sleep(WARM_UP);
    let before = all.map(|(_, id)| processor_seconds(id));
    let begun = Instant::now();
    thread::sleep(MINUTE);
    let took = begun.elapsed().as_secs_f64();
    let mut text = "                 of a core    resident\n".to_owned();
    for ((name, id), before) in all.into_iter().zip(before) {
        let share = (processor_seconds(id)? - before?) / took * 100.0;
        text.push_str(&format!("{name:14} {share:8.1} %  {:7.0} MiB\n", resident_mib(id)?));
    }
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    Ok(())
}

fn number(stack: &Path, part: &str) -> Result<u32> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let text = fs::read_to_string(stack.join(format!("{part}.pid"))).unwrap_or_default();
        if let Ok(number) = text.trim().parse() {
            return Ok(number);
        }
        if Instant::now() > deadline {
            return Err(anyhow!("{part} was not started: is it installed?"));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// User and system time, all threads.
fn processor_seconds(id: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name may hold anything, and ends with the last bracket.
    let (_, rest) = text.rsplit_once(')').context("no bracket")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).context("no number");
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

fn resident_mib(id: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.split_whitespace().next().context("no number")?.parse()?;
    Ok(kib / 1024.0)
}
