//! A child process that ends with its test, whatever happens to the test.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use crate::waiting::{until, until_some};

/// A server gets this long to end when asked, then it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Kills the server and removes its folder once its standard input ends. That is when this process ends, in whatever
/// way: values in statics are not dropped at the end, and nothing is dropped on SIGKILL.
const GUARD: &str = r#"cat >/dev/null; kill -s KILL -- "-$0" 2>/dev/null; rm -rf -- "$1""#;

/// A running server, or whatever else a test starts. Its output is kept in a file of its own folder.
pub struct Process {
    what: &'static str,
    child: Child,
    guard: Child,
    output: PathBuf,
}

impl Process {
    /// Starts `command` with its output going to files in `home`, which is removed together with the process.
    pub fn start(what: &'static str, mut command: Command, home: &Path) -> Process {
        let output = home.join("stdout");
        let file = |path| File::options().create(true).append(true).open(path).expect("output file");
        // A group of its own: Ctrl-C in the terminal goes to the tests alone, and the guard clears up after them.
        let child = command
            .stdin(Stdio::null())
            .stdout(file(&output))
            .stderr(file(&home.join("stderr")))
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{what} does not start: {error}"));
        let guard = Command::new("sh")
            .args(["-c", GUARD, &child.id().to_string()])
            .arg(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh starts");
        Process { what, child, guard, output }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends a signal to the process alone, not to its children.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap_or_else(|error| panic!("{}: {error}", self.what));
    }

    /// Stops the process in its tracks: connections stay open and nothing answers. [`Process::thaw`] lets it go on.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGKILL, as a crash would be: no goodbye to anyone. Returns when it is gone.
    pub fn kill(&mut self) {
        if self.is_running() {
            // The group may be gone between the look and the signal.
            let _ = kill_process_group(self.pid(), Signal::KILL);
            self.child.wait().expect("a child can be waited for");
        }
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self, politely: Signal) -> ExitStatus {
        if self.is_running() {
            self.signal(politely);
        }
        self.wait(PATIENCE)
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self, deadline: Duration) -> ExitStatus {
        let what = format!("{} ends", self.what);
        until_some(deadline, &what, || self.child.try_wait().expect("a child can be waited for"))
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until `ready` holds; when the process ends before that, panics with its last words.
    pub fn await_ready(&mut self, deadline: Duration, mut ready: impl FnMut() -> bool) {
        let what = format!("{} is ready", self.what);
        until(deadline, &what, || {
            ready() || {
                assert!(self.is_running(), "{} ended at once:\n{}", self.what, self.stderr());
                false
            }
        });
    }

    pub fn stdout(&self) -> String {
        read(&self.output)
    }

    pub fn stderr(&self) -> String {
        read(&self.output.with_file_name("stderr"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The guard first: afterwards the number may belong to somebody else. A panic in a drop would hide the test's.
        let _ = kill_process_group(Pid::from_child(&self.guard), Signal::KILL);
        let _ = self.guard.wait();
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let _ = self.child.wait();
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// An empty folder for a server, removed with the value.
pub fn home(what: &str) -> TempDir {
    tempfile::Builder::new().prefix(&format!("doorbuster-{what}-")).tempdir().expect("temporary folder")
}

/// The first of `names` that is found on the PATH.
pub fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

/// A test never skips a real part: what is not there fails it, with the way to get it.
pub fn missing(part: &str, package: &str) -> ! {
    panic!("{part} is not installed: run scripts/setup-tests.sh, or install the Debian package {package}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", "echo here; echo there >&2; sleep 600"]);
        Process::start("sleeper", command, folder)
    }

    fn exists(id: u32) -> bool {
        // A zombie is still listed; it has no memory map any more.
        fs::read_to_string(format!("/proc/{id}/cmdline")).is_ok_and(|line| !line.is_empty())
    }

    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn a_process_ends_with_its_value_and_its_output_is_kept() {
        let folder = home("sleeper");
        let process = sleeper(folder.path());
        until(SOON, "both lines are there", || process.stdout() == "here\n" && process.stderr() == "there\n");
        let id = process.id();
        assert!(exists(id));
        drop(process);
        assert!(!exists(id));
    }

    #[test]
    fn a_process_ends_although_its_value_is_never_dropped() {
        let folder = home("sleeper");
        let mut process = sleeper(folder.path());
        // What the end of this very process would do, and nothing else.
        drop(process.guard.stdin.take());
        process.wait(SOON);
        until(SOON, "its folder is gone", || !folder.path().exists());
    }

    #[test]
    fn a_frozen_process_goes_on_when_thawed_and_stops_when_asked() {
        let folder = home("sleeper");
        let mut process = sleeper(folder.path());
        let state = format!("/proc/{}/stat", process.id());
        let is_frozen = || fs::read_to_string(&state).is_ok_and(|line| line.contains(") T "));
        process.freeze();
        until(SOON, "it is frozen", is_frozen);
        process.thaw();
        until(SOON, "it goes on", || !is_frozen());
        assert!(!process.stop(Signal::TERM).success());
        assert!(!process.is_running());
    }

    #[test]
    #[should_panic(expected = "ended at once")]
    fn a_process_that_fails_says_so() {
        let folder = home("failing");
        let mut process = Process::start("failing", Command::new("false"), folder.path());
        process.await_ready(SOON, || false);
    }
}
