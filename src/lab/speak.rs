//! Speaks to the person at the terminal. A closed output is no reason to fail, and one that takes nothing, such as a pager
//! that nobody turns, is no reason to wait: whoever has something to say has other things to do.

use std::{
    io::Write,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, SyncSender},
    },
    thread,
    time::Duration,
};

/// Texts that may wait to be written.
const QUEUE: usize = 64;
/// The longest that somebody waits until their text is written.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a person should know, on standard error: standard output belongs to log lines, and to answers.
pub fn say(text: &str) {
    static STDERR: OnceLock<Speaker> = OnceLock::new();
    STDERR.get_or_init(|| Speaker::start(std::io::stderr())).say(text);
}

/// The answer to what was asked, on standard output.
pub fn answer(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes texts one after another, on a thread that may hang.
struct Speaker {
    /// Nothing when there is no thread.
    texts: Option<SyncSender<Text>>,
    lost: Arc<AtomicU64>,
}

struct Text {
    text: String,
    written: SyncSender<()>,
}

impl Speaker {
    fn start(mut out: impl Write + Send + 'static) -> Speaker {
        let (texts, waiting) = mpsc::sync_channel::<Text>(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let missing = lost.clone();
        let write = move || {
            for Text { text, written } in waiting {
                let lost = missing.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let _ =
                        writeln!(out, "doorbuster: {lost} messages were lost while nothing was read here");
                }
                let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
                let _ = written.try_send(());
            }
        };
        let thread = thread::Builder::new().name("messages".into()).spawn(write);
        Speaker { texts: thread.is_ok().then_some(texts), lost }
    }

    /// Returns when it is written, and in no case late.
    fn say(&self, text: &str) {
        let (written, is_written) = mpsc::sync_channel(1);
        let text = Text { text: text.to_owned(), written };
        let is_queued = self.texts.as_ref().is_some_and(|texts| texts.try_send(text).is_ok());
        if is_queued {
            let _ = is_written.recv_timeout(PATIENCE);
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read, time::Instant};

    use super::*;

    #[test]
    fn a_terminal_that_takes_nothing_keeps_nobody_and_what_was_lost_is_counted() {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let speaker = Speaker::start(writer);
        speaker.say("at once\n");
        let long = "x".repeat(1024 * 1024);
        let begun = Instant::now();
        speaker.say(&long);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        let texts = speaker.texts.as_ref().expect("a thread");
        let (written, _) = mpsc::sync_channel(1);
        while texts.try_send(Text { text: "y".to_owned(), written: written.clone() }).is_ok() {}
        let begun = Instant::now();
        speaker.say("lost\n");
        assert!(begun.elapsed() < PATIENCE, "a full queue is not waited for: {:?}", begun.elapsed());
        let reading = thread::spawn(move || {
            let mut all = String::new();
            reader.read_to_string(&mut all).map(|_| all)
        });
        while speaker.lost.load(Ordering::Relaxed) > 0 {
            thread::sleep(Duration::from_millis(5));
        }
        speaker.say("the last\n");
        drop(speaker);
        let all = reading.join().expect("it ends").expect("text");
        assert!(all.starts_with("at once\n") && all.ends_with("the last\n"), "{}", all.len());
        assert!(all.contains("1 messages were lost") && !all.contains("lost\nlost"), "{}", all.len());
    }
}
