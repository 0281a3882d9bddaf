//! A lab for the time of a verification: the same program as a child, with ports and a folder of its own.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::flags::Verify;
use crate::lab::rules::files;

/// Ports from here on are tried, a block at a time: below those that the kernel gives to outgoing connections.
const PORTS: std::ops::Range<u16> = 12_000..31_000;
const BLOCK: u16 = 100;
/// A lab ends within five seconds when it is asked to.
const ENDING: Duration = Duration::from_secs(8);
/// How often it is tried to remove what it has kept.
const REMOVALS: usize = 20;
/// What the surroundings say of a lab that is not this one.
const NOT_OURS: [&str; 13] = [
    "DATABASE_URL",
    "DATABASE_DSN",
    "REDIS_URL",
    "DOORBUSTER_BIND",
    "DOORBUSTER_BIND_INTERNAL",
    "DOORBUSTER_URL",
    "DOORBUSTER_TOKEN",
    "DOORBUSTER_SCENARIO",
    "DOORBUSTER_SCENARIOS",
    "DOORBUSTER_SEED",
    "DOORBUSTER_STACK",
    "PROMETHEUS_URL",
    "ALERTMANAGER_URL",
];

/// Tells a lab that somebody waits for it, and that it is for nobody else.
const ENDS_WITH_PARENT: &str = "DOORBUSTER_ENDS_WITH_PARENT";

/// A lab that was started for a verification ends with it, even when that is killed: nobody else knows that it is there.
pub fn end_with_parent() {
    #[cfg(target_os = "linux")]
    if std::env::var_os(ENDS_WITH_PARENT).is_some() {
        // Where the kernel does not know this, the lab goes on until it is asked to end.
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
    }
}

/// Ends with the value, and takes its folder along.
pub struct LabChild {
    child: Child,
    home: PathBuf,
    pub url: String,
}

impl LabChild {
    /// Starts it; `own` are names and texts of scenarios that it does not come with.
    pub fn start(flags: &Verify, own: &[(String, String)]) -> Result<LabChild, String> {
        let home = std::env::temp_dir().join(format!("doorbuster-verify-{}", std::process::id()));
        let cannot = |what: &str, error: std::io::Error| format!("failed to {what}: {error}");
        let scenarios = home.join("scenarios");
        fs::create_dir_all(&scenarios).map_err(|error| cannot("make a folder", error))?;
        for (name, text) in own {
            let file = scenarios.join(format!("{name}.yaml"));
            fs::write(file, text).map_err(|error| cannot("write a scenario", error))?;
        }
        let base = free_block().ok_or("no hundred free ports in a row")?;
        let program = std::env::current_exe().map_err(|error| cannot("find this program", error))?;
        let mut command = Command::new(program);
        for name in NOT_OURS {
            command.env_remove(name);
        }
        command.env(ENDS_WITH_PARENT, "1");
        command.arg("up").arg("--port-base").arg(base.to_string());
        command.arg("--data-dir").arg(home.join("data"));
        command.arg("--scenarios").arg(&scenarios);
        command.args(["--scenario", "normal", "--stack", "auto", "--pace", flags.pace.name()]);
        for file in files::expand_all(&flags.rules)? {
            command.arg("--rules").arg(file);
        }
        if let Some(file) = &flags.alertmanager_config {
            command.arg("--alertmanager-config").arg(file);
        }
        let output = |name: &str| File::create(home.join(name)).map_err(|error| cannot("make a file", error));
        command.stdin(Stdio::null()).stdout(output("stdout")?).stderr(output("stderr")?);
        let child = command.spawn().map_err(|error| cannot("start a lab", error))?;
        Ok(LabChild { child, url: format!("http://127.0.0.1:{}", base + 10), home })
    }

    /// What it said before it ended, if it has.
    pub fn last_words(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(|status| {
            let said = self.said();
            format!("the lab ended ({status}):\n{}", said.trim_end())
        })
    }

    /// What it said to the person who started it.
    pub fn said(&self) -> String {
        fs::read_to_string(self.home.join("stderr")).unwrap_or_default()
    }

    fn ended(&mut self, within: Duration) -> bool {
        let give_up = Instant::now() + within;
        while Instant::now() < give_up {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for LabChild {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        if !self.ended(ENDING) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        remove(&self.home);
    }
}

fn remove(home: &Path) {
    // Somebody who is about to end may write into it once more. A folder in the place for temporary files is no reason to
    // fail.
    for _ in 0..REMOVALS {
        if fs::remove_dir_all(home).is_ok() || !home.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The first of a hundred free ports in a row. Where the search begins depends on the process: two verifications on one
/// machine seldom meet.
fn free_block() -> Option<u16> {
    let blocks = (PORTS.end - PORTS.start) / BLOCK;
    let first = u16::try_from(std::process::id() % u32::from(blocks)).unwrap_or_default();
    let starts = (0..blocks).map(|step| PORTS.start + (first + step) % blocks * BLOCK);
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    starts.into_iter().find(|start| (*start..start + BLOCK).all(is_free))
}
