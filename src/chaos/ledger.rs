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
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError, SyncSender, TrySendError},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::live::{Count, Strike, Witness};
use crate::kernel::{clock, id::hex};

const FILE: &str = "ledger.jsonl";
const BEFORE: &str = "ledger.1.jsonl";
/// What active faults have done so far, an entry each.
const COUNTS: &str = "ledger.counts.jsonl";
const COUNTS_BEING_MADE: &str = "ledger.counts.new";
/// Who sets the faults that go on underneath.
pub const BASELINE: &str = "baseline";
/// How large a file may become. There are two.
const LIMIT_BYTES: u64 = 8 * 1024 * 1024;
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
        let mut book = Book::open(directory)?;
        book.inherit()?;
        let (entries, waiting) = mpsc::sync_channel(QUEUE);
        let missing = Arc::new(AtomicU64::new(0));
        let counted = missing.clone();
        std::thread::Builder::new().name("ledger".into()).spawn(move || write(book, &waiting, &counted))?;
        Ok(Ledger { entries, missing, directory: Arc::new(directory.to_owned()) })
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

fn write(mut book: Book, waiting: &mpsc::Receiver<Message>, missing: &AtomicU64) {
    let mut told = 0;
    loop {
        let message = waiting.recv_timeout(FLUSH_EVERY);
        let lost = missing.load(Ordering::Relaxed);
        if lost > told {
            let detail = serde_json::json!({ "entries": lost - told });
            book.write(&Entry { at: clock::now(), what: "missing", detail, ..Entry::default() });
            told = lost;
        }
        match message {
            Ok(Message::Entry(entry)) => {
                if !book.write(&entry) {
                    missing.fetch_add(1, Ordering::Relaxed);
                }
                // A change is worth a write of its own; single strikes may wait for company.
                if entry.what != "struck" {
                    book.flush();
                }
            }
            Ok(Message::Counts(counts)) => book.count(&counts),
            Ok(Message::Flush(done)) => {
                book.flush();
                let _ = done.try_send(());
            }
            Err(RecvTimeoutError::Timeout) => book.flush(),
            Err(RecvTimeoutError::Disconnected) => {
                book.flush();
                return;
            }
        }
    }
}

/// The file that is written.
struct Book {
    directory: PathBuf,
    file: io::BufWriter<File>,
    bytes: u64,
}

impl Book {
    fn open(directory: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).append(true).open(directory.join(FILE))?;
        let bytes = file.metadata()?.len();
        // A line that was cut off must not run into the next one.
        if bytes > 0 && !ends_with_newline(&directory.join(FILE))? {
            file.write_all(b"\n")?;
        }
        Ok(Book { directory: directory.to_owned(), file: io::BufWriter::new(file), bytes })
    }

    /// What an earlier run left of its faults' counts becomes history.
    fn inherit(&mut self) -> io::Result<()> {
        let left = self.directory.join(COUNTS);
        match fs::read(&left) {
            Ok(lines) => {
                self.file.write_all(&lines)?;
                self.bytes += lines.len() as u64;
                self.flush();
                fs::remove_file(left)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Says what active faults have done so far. Whole or not at all, whenever the process ends.
    fn count(&self, counts: &[Entry]) {
        let mut lines = Vec::new();
        for entry in counts {
            // Structs of strings and numbers always serialise.
            lines.extend(serde_json::to_vec(entry).unwrap_or_default());
            lines.push(b'\n');
        }
        let made = self.directory.join(COUNTS_BEING_MADE);
        // A disk that is full is tried again in a second.
        let _ = fs::write(&made, lines).and_then(|()| fs::rename(&made, self.directory.join(COUNTS)));
    }

    fn write(&mut self, entry: &Entry) -> bool {
        let Ok(mut line) = serde_json::to_vec(entry) else { return false };
        line.push(b'\n');
        if self.bytes + line.len() as u64 > LIMIT_BYTES && !self.turn_over() {
            return false;
        }
        self.bytes += line.len() as u64;
        self.file.write_all(&line).is_ok()
    }

    /// Begins a new file.
    fn turn_over(&mut self) -> bool {
        self.flush();
        let renamed = fs::rename(self.directory.join(FILE), self.directory.join(BEFORE));
        let opened = renamed.and_then(|()| Book::open(&self.directory));
        match opened {
            Ok(book) => {
                *self = book;
                true
            }
            Err(_) => false,
        }
    }

    fn flush(&mut self) {
        // What cannot be written stays in the buffer and is tried again.
        let _ = self.file.flush();
    }
}

fn ends_with_newline(path: &Path) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
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
    fn a_full_file_makes_room_and_two_are_all_there_are() {
        let home = tempfile::tempdir().expect("a directory");
        let mut book = Book::open(home.path()).expect("opened");
        let detail = Value::String("x".repeat(64 * 1024));
        let entry = Entry { what: "command", detail, ..Entry::default() };
        for _ in 0..(3 * LIMIT_BYTES / (64 * 1024)) {
            assert!(book.write(&entry));
        }
        book.flush();
        let sizes: Vec<u64> = fs::read_dir(home.path())
            .expect("there")
            .map(|file| file.expect("a file").metadata().expect("its size").len())
            .collect();
        assert_eq!(sizes.len(), 2);
        assert!(sizes.iter().all(|size| *size <= LIMIT_BYTES), "{sizes:?}");
    }
}
