//! The files of the ledger: lines that are appended to one that is bounded, and counts that are made anew beside it. What
//! cannot be written is kept and tried again, and why it cannot is known.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    mem,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

pub const FILE: &str = "ledger.jsonl";
pub const BEFORE: &str = "ledger.1.jsonl";
/// What active faults have done so far, an entry each.
pub const COUNTS: &str = "ledger.counts.jsonl";
const COUNTS_BEING_MADE: &str = "ledger.counts.new";
/// How large a file may become. There are two.
const LIMIT_BYTES: u64 = 8 * 1024 * 1024;

/// The file that is written, in its directory.
pub struct LedgerFile {
    directory: PathBuf,
    file: io::BufWriter<File>,
    bytes: u64,
    /// Why the last lines, and the last counts, could not be written. Either stands until the same can be done.
    line_trouble: Option<String>,
    count_trouble: Option<String>,
}

impl LedgerFile {
    pub fn open(directory: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).append(true).open(directory.join(FILE))?;
        let bytes = file.metadata()?.len();
        // A line that was cut off must not run into the next one.
        if bytes > 0 && !ends_with_newline(&directory.join(FILE))? {
            file.write_all(b"\n")?;
        }
        let (line_trouble, count_trouble) = (None, None);
        let file = io::BufWriter::new(file);
        Ok(LedgerFile { directory: directory.to_owned(), file, bytes, line_trouble, count_trouble })
    }

    /// What an earlier run left of its faults' counts becomes history.
    pub fn inherit(&mut self) -> io::Result<()> {
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

    /// Why something could not be written, as long as it cannot.
    pub fn trouble(&self) -> Option<&str> {
        self.line_trouble.as_deref().or(self.count_trouble.as_deref())
    }

    /// Says what active faults have done so far. Whole or not at all, whenever the process ends.
    pub fn count(&mut self, lines: &[u8]) {
        let made = self.directory.join(COUNTS_BEING_MADE);
        // A disk that is full is tried again in a second.
        let written = fs::write(&made, lines).and_then(|()| fs::rename(&made, self.directory.join(COUNTS)));
        self.count_trouble = written.err().map(|error| format!("{COUNTS}: {error}"));
    }

    /// Adds a line. Whether it could be done.
    pub fn append(&mut self, line: &[u8]) -> bool {
        if self.bytes + line.len() as u64 > LIMIT_BYTES && !self.turn_over() {
            return false;
        }
        self.bytes += line.len() as u64;
        let written = self.file.write_all(line);
        let is_written = written.is_ok();
        if let Err(error) = written {
            self.line_trouble = Some(format!("{FILE}: {error}"));
        }
        is_written
    }

    /// Begins a new file.
    fn turn_over(&mut self) -> bool {
        self.flush();
        let renamed = fs::rename(self.directory.join(FILE), self.directory.join(BEFORE));
        match renamed.and_then(|()| LedgerFile::open(&self.directory)) {
            Ok(next) => {
                let count_trouble = self.count_trouble.take();
                *self = LedgerFile { count_trouble, ..next };
                true
            }
            Err(error) => {
                self.line_trouble = Some(format!("{FILE}: {error}"));
                false
            }
        }
    }

    /// Writes what was appended. What cannot be written stays in memory and is tried again.
    pub fn flush(&mut self) {
        let flushed = self.return_to_place().and_then(|()| self.file.flush());
        self.line_trouble = flushed.err().map(|error| format!("{FILE}: {error}"));
    }

    /// A file that was removed, or has made room for another, takes lines that nobody will ever read: then the one that
    /// has its name now is written, with what still waits.
    fn return_to_place(&mut self) -> io::Result<()> {
        let ours = self.file.get_ref().metadata()?;
        match fs::metadata(self.directory.join(FILE)) {
            Ok(found) if (found.dev(), found.ino()) == (ours.dev(), ours.ino()) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let next = LedgerFile::open(&self.directory)?;
        let before = mem::replace(&mut self.file, next.file);
        let (_, waiting) = before.into_parts();
        let waiting = waiting.unwrap_or_default();
        self.bytes = next.bytes + waiting.len() as u64;
        self.file.write_all(&waiting)
    }
}

fn ends_with_newline(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_makes_room_and_two_are_all_there_are() {
        let home = tempfile::tempdir().expect("a directory");
        let mut file = LedgerFile::open(home.path()).expect("opened");
        let mut line = vec![b'x'; 64 * 1024];
        line.push(b'\n');
        for _ in 0..(3 * LIMIT_BYTES / (64 * 1024)) {
            assert!(file.append(&line));
        }
        file.flush();
        let sizes: Vec<u64> = fs::read_dir(home.path())
            .expect("a directory")
            .map(|entry| entry.expect("an entry").metadata().expect("a file").len())
            .collect();
        assert!(sizes.len() == 2 && sizes.iter().all(|size| *size <= LIMIT_BYTES), "{sizes:?}");
    }

    #[test]
    fn each_trouble_stands_until_the_same_can_be_done() {
        let home = tempfile::tempdir().expect("a directory");
        let mut file = LedgerFile::open(home.path()).expect("opened");
        let in_the_way = home.path().join(COUNTS_BEING_MADE);
        fs::create_dir(&in_the_way).expect("made");
        file.count(b"{}\n");
        file.flush();
        assert!(
            file.trouble().is_some_and(|why| why.starts_with("ledger.counts.jsonl: ")),
            "{:?}",
            file.trouble()
        );
        fs::remove_dir(&in_the_way).expect("empty");
        file.count(b"{}\n");
        assert_eq!(file.trouble(), None);
    }
}
