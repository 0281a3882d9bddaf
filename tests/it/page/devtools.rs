//! A browser that is told what to do: Chromium's own protocol, over a pair of pipes.

use std::{
    cell::{Cell, RefCell},
    fs::File,
    io::{BufRead, BufReader, Write},
    process::Command,
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::servers::{
    chromium,
    process::{self, Process},
};

/// A busy machine may take this long to answer one question.
const PATIENCE: Duration = Duration::from_secs(30);
/// The browser reads what it is told from the third descriptor, and answers on the fourth.
const PIPED: &str = r#"home=$1; shift; exec "$@" 3<>"$home/told" 4<>"$home/said""#;

/// A running browser. Ends with the value.
pub struct Devtools {
    told: RefCell<File>,
    said: Receiver<Value>,
    number: Cell<u64>,
    events: RefCell<Vec<Value>>,
    _process: Process,
    _home: TempDir,
}

impl Devtools {
    pub fn start() -> Devtools {
        let home = process::home("chromium");
        let pipe = |name: &str| {
            let path = home.path().join(name);
            let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
            assert!(made.success(), "{} is not made", path.display());
            // For both ways: neither side has to wait for the other to open it.
            File::options().read(true).write(true).open(path).expect("a pipe")
        };
        let (told, said) = (pipe("told"), pipe("said"));
        let mut command = Command::new("sh");
        command.args(["-c", PIPED, "sh"]).arg(home.path()).arg(chromium::program());
        chromium::at_home(&mut command, home.path());
        command.args(["--remote-debugging-pipe", "--disable-features=Translate", "about:blank"]);
        let process = Process::start("Chromium", command, home.path());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for message in BufReader::new(said).split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).unwrap_or_default();
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Devtools {
            told: RefCell::new(told),
            said: receiver,
            number: Cell::new(0),
            events: RefCell::default(),
            _process: process,
            _home: home,
        }
    }

    /// Asks; of the page `session`, if there is one. What happens meanwhile is kept.
    #[track_caller]
    pub fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let number = self.number.get() + 1;
        self.number.set(number);
        let mut message = json!({ "id": number, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.told.borrow_mut().write_all(&bytes).expect("the browser listens");
        let give_up = Instant::now() + PATIENCE;
        loop {
            let left = give_up.saturating_duration_since(Instant::now());
            let Ok(message) = self.said.recv_timeout(left) else {
                panic!("the browser did not answer {method} within {PATIENCE:?}")
            };
            if message["id"] == number {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.note(message);
        }
    }

    /// What has happened in the page `session` by now.
    pub fn events(&self, session: &str) -> Vec<Value> {
        while let Ok(message) = self.said.try_recv() {
            self.note(message);
        }
        self.events.borrow().iter().filter(|event| event["sessionId"] == session).cloned().collect()
    }

    fn note(&self, message: Value) {
        // Only what says that something is wrong is worth keeping.
        let kept = ["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"];
        if message["method"].as_str().is_some_and(|method| kept.contains(&method)) {
            self.events.borrow_mut().push(message);
        }
    }
}
