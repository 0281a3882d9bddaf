//! The one deadline of a shutdown, and the watchdog that enforces it.
//!
//! Each wait takes what is left of the same few seconds, so that no sum of waits grows beyond the promise: the process is
//! gone five seconds after the first signal. What ignores its wait (a thread that never returns, a lock that is never released)
//! meets the watchdog: a plain thread that needs no runtime, names the part that did not end and exits. A shutdown that
//! goes well ends the watchdog with the process.

use std::{
    process,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Signal, getpid, kill_process};

use super::speak::say;

/// Exit code of a process that the watchdog ended; as timeout(1) has it.
pub const TIMED_OUT: i32 = 124;
/// How long the exit itself may take. An exit handler may hang as well, and so may a terminal that takes no text.
const EXIT_PATIENCE: Duration = Duration::from_millis(200);

/// The time after the first signal by which something has to be done.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Services, shoppers and child processes have ended.
    pub services: Duration,
    /// What waits to be sent is sent, or counted as dropped.
    pub signals: Duration,
    /// The process has ended.
    pub process: Duration,
}

/// The promise is five seconds, and the end of a process takes a moment too.
pub const LIMITS: Limits = Limits {
    services: Duration::from_millis(3_000),
    signals: Duration::from_millis(3_900),
    process: Duration::from_millis(4_700),
};

/// A shutdown, from the first signal on. Clones are the same one.
#[derive(Clone)]
pub struct Shutdown(Arc<Shared>);

struct Shared {
    limits: Limits,
    state: Mutex<State>,
}

struct State {
    began: Option<Instant>,
    /// What is waited for.
    part: &'static str,
    before_exit: Option<Box<dyn FnOnce() + Send>>,
}

impl Shutdown {
    pub fn new(limits: Limits) -> Self {
        let state = State { began: None, part: "start-up", before_exit: None };
        Shutdown(Arc::new(Shared { limits, state: Mutex::new(state) }))
    }

    /// Starts the clock and the watchdog. The second call does nothing.
    pub fn begin(&self) {
        let mut state = self.0.state();
        if state.began.is_some() {
            return;
        }
        state.began = Some(Instant::now());
        drop(state);
        let shared = self.0.clone();
        // Without a thread there is no watchdog, and every wait still has its bound.
        drop(thread::Builder::new().name("watchdog".into()).spawn(move || shared.watch()));
    }

    /// Names what is waited for from now on.
    pub fn wait_for(&self, part: &'static str) {
        self.0.state().part = part;
    }

    /// What a wait for a service may take: `most`, or what is left.
    pub fn left(&self, most: Duration) -> Duration {
        self.0.left(self.0.limits.services).min(most)
    }

    /// What the last signals may take: `most`, or what is left.
    pub fn left_for_signals(&self, most: Duration) -> Duration {
        self.0.left(self.0.limits.signals).min(most)
    }

    /// What has to be done before the process is ended by force. It must not wait.
    pub fn before_exit(&self, act: impl FnOnce() + Send + 'static) {
        self.0.state().before_exit = Some(Box::new(act));
    }

    /// Ends the process now.
    pub fn exit(&self, code: i32) -> ! {
        self.0.exit(code)
    }
}

impl Shared {
    fn left(&self, limit: Duration) -> Duration {
        let began = self.state().began;
        began.map_or(limit, |began| limit.saturating_sub(began.elapsed()))
    }

    fn watch(&self) -> ! {
        thread::sleep(self.limits.process);
        let part = self.state().part;
        end_soon();
        say(&format!(
            "doorbuster: forced exit {:.1} s after the signal: {part} did not end\n",
            self.limits.process.as_secs_f64()
        ));
        self.exit(TIMED_OUT)
    }

    fn exit(&self, code: i32) -> ! {
        let act = self.state().before_exit.take();
        if let Some(act) = act {
            act();
        }
        end_soon();
        process::exit(code)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Kills this process if it is still there after a moment.
fn end_soon() {
    let kill = || {
        thread::sleep(EXIT_PATIENCE);
        let _ = kill_process(getpid(), Signal::KILL);
    };
    drop(thread::Builder::new().name("exit".into()).spawn(kill));
}

#[cfg(test)]
mod tests {
    use std::{env, process::Command};

    use super::*;

    const SHORT: Limits = Limits {
        services: Duration::from_millis(100),
        signals: Duration::from_millis(150),
        process: Duration::from_millis(200),
    };
    /// Makes the test below the process that hangs.
    const HANGS: &str = "DOORBUSTER_TEST_HANGS";

    #[test]
    fn a_part_that_never_ends_is_named_and_the_process_ends() {
        if env::var_os(HANGS).is_some() {
            let shutdown = Shutdown::new(SHORT);
            shutdown.before_exit(|| say("last act\n"));
            shutdown.begin();
            shutdown.wait_for("the egress");
            let stuck: thread::JoinHandle<()> = thread::spawn(|| {
                loop {
                    thread::park();
                }
            });
            drop(stuck.join());
        }
        let begun = Instant::now();
        let name = "lab::shutdown::tests::a_part_that_never_ends_is_named_and_the_process_ends";
        let child = Command::new(env::current_exe().expect("a program"))
            .args(["--exact", name, "--nocapture"])
            .env(HANGS, "1")
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&child.stderr);
        assert_eq!(child.status.code(), Some(TIMED_OUT), "{said}");
        assert!(said.contains("0.2 s after the signal: the egress did not end"), "{said}");
        assert!(said.contains("last act"), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[test]
    fn all_waits_share_one_deadline() {
        let shutdown = Shutdown::new(LIMITS);
        let second = Duration::from_secs(1);
        assert_eq!(shutdown.left(second), second);
        shutdown.0.state().began = Instant::now().checked_sub(LIMITS.services - second / 5);
        assert!(shutdown.left(second) <= second / 5);
        assert!(shutdown.left_for_signals(second) > Duration::from_millis(500));
        shutdown.0.state().began = Instant::now().checked_sub(Duration::from_secs(10));
        assert_eq!(
            (shutdown.left(second), shutdown.left_for_signals(second)),
            (Duration::ZERO, Duration::ZERO)
        );
    }
}
