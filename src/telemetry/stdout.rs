//! Log lines on their way to standard output: collected in memory, written by a thread of their own, so that a slow
//! terminal or a full pipe never holds up a request. What does not fit is dropped and counted.

use std::{
    io::Write,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::kernel::heartbeat::Seen;

const LIMIT_BYTES: usize = 4 * 1024 * 1024;
/// How long the first line waits for others to be written together with it.
const LINGER: Duration = Duration::from_millis(20);
/// The longest that shutting down waits for the last lines.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where lines are put. Clones share the buffer.
#[derive(Clone, Default)]
pub struct Stdout(Arc<Shared>);

#[derive(Default)]
struct Shared {
    buffer: Mutex<Buffer>,
    changed: Condvar,
    dropped: AtomicU64,
    sent: AtomicU64,
}

#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    lines: u64,
    closed: bool,
    done: bool,
}

impl Stdout {
    /// Starts the thread that writes to `out`.
    pub fn start(mut out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let stdout = Stdout::default();
        let shared = stdout.0.clone();
        thread::Builder::new().name("logs".into()).spawn(move || shared.write_to(&mut out))?;
        Ok(stdout)
    }

    /// Puts a line, which ends with a newline.
    pub fn put(&self, line: &[u8]) {
        let was_empty = {
            let mut buffer = self.0.lock();
            if buffer.bytes.len() + line.len() > LIMIT_BYTES || buffer.closed {
                drop(buffer);
                self.0.dropped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            let was_empty = buffer.bytes.is_empty();
            buffer.bytes.extend_from_slice(line);
            buffer.lines += 1;
            was_empty
        };
        if was_empty {
            self.0.changed.notify_all();
        }
    }

    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    pub fn queue_bytes(&self) -> usize {
        self.0.lock().bytes.len()
    }

    /// Whether lines that wait still get written: a pipe that nobody reads takes none.
    pub fn seen(&self) -> Seen {
        match self.queue_bytes() {
            0 => Seen::idle(),
            _ => Seen::working(self.sent()).because(Some("standard output takes no more: lines are dropped")),
        }
    }

    /// Writes what is there and takes no more.
    pub fn close(&self) {
        let mut buffer = self.0.lock();
        buffer.closed = true;
        self.0.changed.notify_all();
        let _ = self.0.changed.wait_timeout_while(buffer, PATIENCE, |buffer| !buffer.done);
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, out: &mut impl Write) {
        let mut batch = Vec::new();
        loop {
            let waiting = |buffer: &mut Buffer| buffer.bytes.is_empty() && !buffer.closed;
            let buffer =
                self.changed.wait_while(self.lock(), waiting).unwrap_or_else(PoisonError::into_inner);
            let closed = buffer.closed;
            drop(buffer);
            if !closed {
                thread::sleep(LINGER);
            }
            let lines = {
                let mut buffer = self.lock();
                std::mem::swap(&mut batch, &mut buffer.bytes);
                std::mem::take(&mut buffer.lines)
            };
            let written = out.write_all(&batch).and_then(|()| out.flush());
            batch.clear();
            batch.shrink_to(64 * 1024);
            let counter = if written.is_ok() { &self.sent } else { &self.dropped };
            counter.fetch_add(lines, Ordering::Relaxed);
            let mut buffer = self.lock();
            // Nobody reads any more: there is no use in collecting more lines.
            buffer.closed |= written.is_err();
            if buffer.closed && buffer.bytes.is_empty() {
                buffer.done = true;
                self.changed.notify_all();
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read, time::Instant};

    use super::*;

    fn until(what: &str, condition: impl Fn() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_pipe_that_nobody_reads_holds_up_nobody_and_stops_the_count_until_it_is_read() {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let stdout = Stdout::start(writer).expect("a thread");
        assert_eq!(stdout.seen(), Seen::idle());
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        // More than a pipe takes; then more than the buffer does.
        (0..1024).for_each(|_| stdout.put(&line));
        until("the writer waits", || stdout.queue_bytes() < 1024 * 1024);
        let begun = Instant::now();
        (0..8 * 1024).for_each(|_| stdout.put(&line));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert!(stdout.dropped() > 0, "what does not fit is counted");
        let seen = stdout.seen();
        assert!(seen.rounds.is_some() && seen.trouble.is_some(), "{seen:?}");
        thread::sleep(Duration::from_millis(300));
        assert_eq!(stdout.seen(), seen, "nothing moves");
        thread::spawn(move || reader.read_to_end(&mut Vec::new()));
        until("it is written", || stdout.seen() == Seen::idle());
    }
}
