//! One child process: how it is started and ended, and what it said.
//!
//! It stays in the lab's process group. Whoever ends the group, as a terminal does on Ctrl-C and a runner of tests in the
//! end, means both, and a child in a group of its own would be left. On Ctrl-C it hears the signal by itself, a moment
//! before the lab asks it to end, which is no race: whoever supervises it pauses before it starts anything again, and
//! hears of the end meanwhile.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child as Process, Command};

/// How long it may take to end when asked; afterwards it is killed. The lab as a whole has five seconds.
const GRACE: Duration = Duration::from_millis(2_500);
/// A file of what a child said, or of what Alertmanager did, begins anew at this size.
const MOST_BYTES: u64 = 32 * 1024 * 1024;
/// The last words are looked for in so many bytes.
const LAST_BYTES: u64 = 8 * 1024;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Errand {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// What it says goes there.
    pub log: PathBuf,
    /// Its number goes there.
    pub pid: PathBuf,
    /// Files it adds to without end.
    pub growing: Vec<PathBuf>,
}

/// One way to start a program: what it is configured with, and how it is run. Features that are experimental are asked
/// for in one form and not in another, and a version that refuses one form may take the next.
#[derive(Clone, Debug)]
pub struct Form {
    /// The text of its configuration, and the file it is written to.
    pub configuration: String,
    pub file: PathBuf,
    pub errand: Errand,
    /// The feature that this form goes without.
    pub without: Option<&'static str>,
}

impl Errand {
    /// Starts it. It is killed with the value.
    pub fn start(&self) -> io::Result<Process> {
        // At the end of the file, wherever that is by then: the file may begin anew meanwhile.
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        fs::write(&self.pid, child.id().unwrap_or_default().to_string())?;
        Ok(child)
    }

    /// Asks it to end, and sees to it that it does.
    pub async fn end(&self, mut child: Process) {
        let number = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = number {
            let _ = kill_process(pid, Signal::TERM);
            if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
                let _ = child.kill().await;
            }
        }
        let _ = fs::remove_file(&self.pid);
    }

    /// The last line it said, without what every line begins with.
    pub fn last_words(&self) -> String {
        let read = || -> io::Result<String> {
            let mut file = File::open(&self.log)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(LAST_BYTES)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let text = read().unwrap_or_default();
        let mut lines = text.lines().rev().filter(|line| !line.trim().is_empty());
        let bad =
            |line: &&str| ["level=error", "level=ERROR", "rror: "].iter().any(|word| line.contains(word));
        let last = lines.clone().find(bad).or_else(|| lines.next()).unwrap_or("it said nothing");
        plain(last)
    }

    /// Lets files that have grown too large begin anew.
    pub fn trim(&self) {
        for path in std::iter::once(&self.log).chain(&self.growing) {
            if path.metadata().is_ok_and(|found| found.len() > MOST_BYTES) {
                let _ = OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(0));
            }
        }
    }
}

/// What a line of theirs says, without time, level and place in the source.
fn plain(line: &str) -> String {
    let worth = ["msg=", "err=", "component=", "file=", "error="];
    let at = worth[..2].iter().filter_map(|word| line.find(word)).min();
    let text = at.map_or(line, |at| &line[at..]).trim();
    text.chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand(home: &std::path::Path, script: &str) -> Errand {
        Errand {
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            log: home.join("log"),
            pid: home.join("pid"),
            growing: Vec::new(),
        }
    }

    #[tokio::test]
    async fn whoever_does_not_end_when_asked_is_killed() {
        let home = tempfile::tempdir().expect("a folder");
        let stubborn = errand(home.path(), "trap '' TERM; echo here; while :; do sleep 0.05; done");
        let mut child = stubborn.start().expect("it starts");
        while stubborn.last_words() != "here" {
            assert!(child.try_wait().expect("a child").is_none());
            tokio::task::yield_now().await;
        }
        let begun = std::time::Instant::now();
        stubborn.end(child).await;
        assert!(begun.elapsed() >= GRACE && begun.elapsed() < 2 * GRACE, "{:?}", begun.elapsed());
        assert!(!stubborn.pid.exists());
    }

    #[test]
    fn of_a_log_the_last_error_is_what_matters() {
        let home = tempfile::tempdir().expect("a folder");
        let errand = errand(home.path(), "");
        assert_eq!(errand.last_words(), "it said nothing");
        let text = "ts=1 caller=main.go:1 level=error msg=\"Error loading config\" err=\"no such file\"\n\
                    ts=2 caller=main.go:2 level=info msg=\"See you next time!\"\n";
        fs::write(&errand.log, text).expect("written");
        assert_eq!(errand.last_words(), "msg=\"Error loading config\" err=\"no such file\"");
        fs::write(&errand.log, "Error parsing flag: unknown\n").expect("written");
        assert_eq!(errand.last_words(), "Error parsing flag: unknown");
    }
}
