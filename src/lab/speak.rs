//! Speaks to the person at the terminal. A closed output is no reason to fail.

use std::io::Write;

/// What a person should know, on standard error: standard output belongs to log lines, and to answers.
pub fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The answer to what was asked, on standard output.
pub fn answer(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
