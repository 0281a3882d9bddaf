//! A child that outlived its lab: after SIGKILL nobody was there to end it. It is told from a stranger who has its number
//! by now by its command line, which names our folder.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How long it may take to end when asked, and when it is not asked any more.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Ends the process whose number `file` holds, if it is one of ours, and waits until it is gone. Whether there was one.
pub async fn end(file: &Path, mark: &str) -> bool {
    let number = fs::read_to_string(file).ok().and_then(|text| text.trim().parse::<i32>().ok());
    // A negative number would mean a group of processes, and 0 our own.
    let pid = number.filter(|number| *number > 0).and_then(Pid::from_raw);
    let Some(pid) = pid.filter(|pid| is_ours(*pid, mark)) else { return false };
    for signal in [Signal::TERM, Signal::KILL] {
        let _ = kill_process(pid, signal);
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if !is_ours(pid, mark) {
                return true;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    true
}

/// Whether the process of this number was started with `mark` among its arguments. One that has ended and was not waited
/// for has none.
fn is_ours(pid: Pid, mark: &str) -> bool {
    let number = pid.as_raw_nonzero().to_string();
    match fs::read(Path::new("/proc").join(&number).join("cmdline")) {
        Ok(line) => line.split(|byte| *byte == 0).any(|argument| argument == mark.as_bytes()),
        Err(_) if Path::new("/proc/self").exists() => false,
        // Where there is no /proc, as on macOS.
        Err(_) => {
            let line = Command::new("ps").args(["-o", "command=", "-p", &number]).output();
            line.is_ok_and(|line| String::from_utf8_lossy(&line.stdout).contains(mark))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stranger_with_the_number_of_ours_is_left_alone() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut stranger = Command::new("sleep").arg("600").spawn().expect("it starts");
        fs::write(file.path(), stranger.id().to_string()).expect("written");
        assert!(!end(file.path(), "--config.file=/ours").await);
        assert!(stranger.try_wait().expect("a child").is_none(), "it goes on");
        stranger.kill().and_then(|()| stranger.wait()).expect("it ends");
        for text in ["", "none", "-1", "0"] {
            fs::write(file.path(), text).expect("written");
            assert!(!end(file.path(), "").await, "{text}");
        }
    }
}
