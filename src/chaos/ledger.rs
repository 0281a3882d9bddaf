//! The ledger: who changed which fault when, and whom each struck. Append-only JSON lines in the data directory, and
//! never a word of it in the signals.
//!
//! What active faults have done so far stands in a file beside it, made anew each second: numbers that only grow need no
//! history. It is joined to the ledger when the fault ends, or when the next run finds it.
//!
//! One thread writes. Whoever has something to enter hands it over and does not wait; what finds the queue full is
//! counted, and the next line says how many are missing. Files are bounded: one that is full is kept as the one before,
//! and the one before that is gone.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError, SyncSender, TrySendError},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ledger_file::{BEFORE, COUNTS, FILE, LedgerFile},
    live::{Count, Strike, Witness},
};
use crate::kernel::{
    clock,
    heartbeat::{Heartbeat, Seen},
    id::hex,
};

/// Who sets the faults that go on underneath.
pub const BASELINE: &str = "baseline";
/// Entries that may wait to be written.
const QUEUE: usize = 8_192;
/// How long an entry may wait in memory: what kill -9 can cost.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// One line.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(default)]
pub struct Entry {
    /// RFC 3339; set by the ledger.
    pub at: String,
    /// `scenario`, `phase`, `set`, `changed`, `cleared`, `counted`, `struck`, `command`, `missing`.
    pub what: &'static str,
    /// Who did it: `api`, `scenario`, …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The fault as it was set.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub definition: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
    /// What else there is to know.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

/// Takes entries. Clones write into the same book.
#[derive(Clone)]
pub struct Ledger {
    entries: SyncSender<Message>,
    missing: Arc<AtomicU64>,
    directory: Arc<PathBuf>,
    health: Arc<Health>,
}

/// How its thread fares.
#[derive(Debug, Default)]
struct Health {
    /// Counts the rounds after which all that was entered is in the files.
    rounds: Heartbeat,
    trouble: Mutex<Option<String>>,
}

enum Message {
    Entry(Box<Entry>),
    Counts(Vec<Entry>),
    /// Answered when everything before it is in the file.
    Flush(SyncSender<()>),
}

impl Ledger {
    /// Opens the ledger in `directory`, which is made when it is not there, and starts its thread.
    pub fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let mut file = LedgerFile::open(directory)?;
        file.inherit()?;
        let (entries, waiting) = mpsc::sync_channel(QUEUE);
        let missing = Arc::new(AtomicU64::new(0));
        let health = Arc::<Health>::default();
        let (counted, felt) = (missing.clone(), health.clone());
        let writing = move || write(file, &waiting, &counted, &felt);
        std::thread::Builder::new().name("ledger".into()).spawn(writing)?;
        Ok(Ledger { entries, missing, directory: Arc::new(directory.to_owned()), health })
    }

    /// Where it is kept.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Enters a line. Never waits.
    pub fn enter(&self, entry: Entry) {
        let entry = Entry { at: clock::now(), ..entry };
        match self.entries.try_send(Message::Entry(Box::new(entry))) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.missing.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// What active faults have done so far; takes the place of what was said of them before. Never waits.
    /// `by` says whose fault it is.
    pub fn count(&self, counts: &BTreeMap<String, Count>, by: impl Fn(&str) -> String) {
        let entry = |(id, count): (&String, &Count)| {
            let (by, fault, count) = (by(id), Some(id.clone()), Some(count.clone()));
            Entry { at: clock::now(), what: "counted", by, fault, count, ..Entry::default() }
        };
        // The next second's are as good.
        let _ = self.entries.try_send(Message::Counts(counts.iter().map(entry).collect()));
    }

    /// Entries that could not be written: the queue was full, or the disk.
    pub fn missing(&self) -> u64 {
        self.missing.load(Ordering::Relaxed)
    }

    /// Whether its thread still writes, and why not.
    pub fn seen(&self) -> Seen {
        let trouble = self.health.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.health.rounds.seen().because(trouble)
    }

    /// Enters every crossing that is struck: for whoever wants to know all of them, and not the first hundred.
    pub fn witness(&self) -> Witness {
        let ledger = self.clone();
        Arc::new(move |strike: Strike<'_>| {
            ledger.enter(Entry {
                what: "struck",
                fault: Some(strike.fault.to_owned()),
                detail: serde_json::json!({
                    "trace_id": hex(&strike.trace_id),
                    "seam": strike.seam.name(),
                    "attempt": strike.attempt,
                    "verdict": strike.action.map_or_else(|| "retry".to_owned(), ToString::to_string),
                }),
                ..Entry::default()
            });
        })
    }

    /// The newest lines that are wanted, oldest first. Reads files: not for a thread that has to answer others.
    pub fn lines(&self, wanted: &Wanted<'_>) -> io::Result<Vec<String>> {
        let (done, is_done) = mpsc::sync_channel(1);
        if self.entries.try_send(Message::Flush(done)).is_ok() {
            // What is not written by then is in the next reading.
            let _ = is_done.recv_timeout(Duration::from_secs(1));
        }
        let mut newest = VecDeque::new();
        for file in [BEFORE, FILE, COUNTS] {
            let text = match fs::read(self.directory.join(file)) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let text = String::from_utf8_lossy(&text);
            // What is no entry is what was left of one that a crash cut off.
            let about = |line: &&str| {
                let read = serde_json::from_str::<About>(line);
                read.is_ok_and(|about| wanted.fits(&about))
            };
            for line in text.lines().filter(about) {
                newest.push_back(line.to_owned());
                if newest.len() > wanted.limit {
                    newest.pop_front();
                }
            }
        }
        Ok(newest.into())
    }
}

/// Which lines are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Only those about the fault of this id.
    pub fault: Option<&'a str>,
    /// Those too about what goes on underneath every scenario.
    pub baseline: bool,
    /// So many at most.
    pub limit: usize,
}

/// Whose line it is.
#[derive(Deserialize)]
struct About {
    fault: Option<String>,
    #[serde(default)]
    by: String,
}

impl Wanted<'_> {
    fn fits(&self, about: &About) -> bool {
        let is_baseline = || about.by == BASELINE || about.by.starts_with("normal/");
        match self.fault {
            Some(fault) => about.fault.as_deref() == Some(fault),
            None => self.baseline || !is_baseline(),
        }
    }
}

fn write(mut file: LedgerFile, waiting: &mpsc::Receiver<Message>, missing: &AtomicU64, health: &Health) {
    let mut told = 0;
    loop {
        let message = waiting.recv_timeout(FLUSH_EVERY);
        let lost = missing.load(Ordering::Relaxed);
        if lost > told {
            let detail = serde_json::json!({ "entries": lost - told });
            file.append(&line(&Entry { at: clock::now(), what: "missing", detail, ..Entry::default() }));
            told = lost;
        }
        match message {
            Ok(Message::Entry(entry)) => {
                if !file.append(&line(&entry)) {
                    missing.fetch_add(1, Ordering::Relaxed);
                }
                // A change is worth a write of its own; single strikes may wait for company.
                if entry.what != "struck" {
                    file.flush();
                }
            }
            Ok(Message::Counts(counts)) => file.count(&counts.iter().flat_map(line).collect::<Vec<u8>>()),
            Ok(Message::Flush(done)) => {
                file.flush();
                let _ = done.try_send(());
            }
            Err(RecvTimeoutError::Timeout) => file.flush(),
            Err(RecvTimeoutError::Disconnected) => {
                file.flush();
                return;
            }
        }
        let trouble = file.trouble().map(str::to_owned);
        if trouble.is_none() {
            health.rounds.beat();
        }
        let mut known = health.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *known = trouble;
    }
}

/// An entry as it is written. Structs of strings and numbers always serialise.
fn line(entry: &Entry) -> Vec<u8> {
    let mut line = serde_json::to_vec(entry).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, io::Write};

    use super::*;

    const ALL: Wanted<'_> = Wanted { fault: None, baseline: true, limit: 100 };

    fn lines(ledger: &Ledger) -> Vec<Value> {
        let lines = ledger.lines(&ALL).expect("readable");
        lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    #[test]
    fn entries_are_lines_and_stay_over_a_restart() {
        let home = tempfile::tempdir().expect("a directory");
        let entry = |by: &str| Entry { what: "command", by: by.to_owned(), ..Entry::default() };
        let ledger = Ledger::open(home.path()).expect("opened");
        ledger.enter(entry("one"));
        assert_eq!(lines(&ledger).len(), 1);
        // As kill -9 leaves it: half a line.
        let mut file = OpenOptions::new().append(true).open(home.path().join(FILE)).expect("there");
        file.write_all(b"{\"at\":").expect("written");
        let ledger = Ledger::open(home.path()).expect("opened again");
        ledger.enter(entry("two"));
        let by: Vec<_> = lines(&ledger).iter().map(|line| line["by"].clone()).collect();
        assert_eq!(by, ["one", "two"], "half a line is none");
        assert!(ledger.lines(&Wanted { fault: Some("a"), ..ALL }).expect("readable").is_empty());
        assert_eq!(ledger.lines(&Wanted { limit: 1, ..ALL }).expect("readable").len(), 1);
        ledger.enter(Entry { what: "set", by: BASELINE.to_owned(), ..Entry::default() });
        assert_eq!(ledger.lines(&ALL).expect("readable").len(), 3);
        let wanted = Wanted { baseline: false, ..ALL };
        assert_eq!(ledger.lines(&wanted).expect("readable").len(), 2, "what goes on underneath is left out");
    }

    #[test]
    fn what_faults_have_done_is_said_once_and_inherited_by_the_next_run() {
        let home = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::open(home.path()).expect("opened");
        let count = |hit| BTreeMap::from([("a".to_owned(), Count { hit, ..Count::default() })]);
        ledger.count(&count(1), |_| String::new());
        ledger.count(&count(2), |_| String::new());
        let hits =
            |ledger: &Ledger| -> Vec<_> { lines(ledger).iter().map(|line| line["hit"].clone()).collect() };
        assert_eq!(hits(&ledger), [2]);
        let next = Ledger::open(home.path()).expect("opened again");
        next.count(&BTreeMap::new(), |_| String::new());
        assert_eq!(hits(&next), [2]);
    }

    #[test]
    fn a_writer_that_cannot_write_says_why_and_counts_no_round_until_it_can() {
        let home = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::open(home.path()).expect("opened");
        let until = |what: &str, condition: &dyn Fn(&Seen) -> bool| {
            let begun = std::time::Instant::now();
            while !condition(&ledger.seen()) {
                assert!(begun.elapsed() < Duration::from_secs(20), "{what}: {:?}", ledger.seen());
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        until("it writes", &|seen| seen.trouble.is_none() && seen.rounds > Some(0));
        let file = home.path().join(FILE);
        fs::remove_file(&file).expect("there");
        fs::create_dir(&file).expect("made");
        until("a directory in its place is found", &|seen| seen.trouble.is_some());
        assert!(ledger.seen().trouble.is_some_and(|why| why.starts_with("ledger.jsonl: ")));
        let rounds = ledger.seen().rounds;
        ledger.enter(Entry { what: "command", by: "kept".to_owned(), ..Entry::default() });
        std::thread::sleep(2 * FLUSH_EVERY);
        assert_eq!(ledger.seen().rounds, rounds, "nothing was written");
        fs::remove_dir(&file).expect("empty");
        until("it writes again", &|seen| seen.trouble.is_none() && seen.rounds > rounds);
        assert_eq!(lines(&ledger).last().expect("an entry")["by"], "kept", "what waited is in the new file");
    }
}
