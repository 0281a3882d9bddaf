//! Ten minutes of an ordinary evening: nothing fires but Watchdog. It is played beside all other tests: the first one
//! begins it, and the last one waits for its end.

use std::{
    sync::{Mutex, OnceLock, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::played::{Played, verify};

/// Ten minutes, and what comes before and after on a busy machine.
const EVENING: Duration = Duration::from_secs(20 * 60);

type Evening = Mutex<Option<JoinHandle<Played>>>;

fn evening() -> &'static Evening {
    static EVENING_: OnceLock<Evening> = OnceLock::new();
    EVENING_.get_or_init(|| Mutex::new(Some(thread::spawn(|| verify(&["normal"], &[], EVENING)))))
}

/// Called by the test whose name comes first, so that ten minutes go by while the others are run.
pub fn begin() {
    evening();
}

/// Waits for its end, whoever began it.
pub fn end() -> Played {
    let played = evening().lock().unwrap_or_else(PoisonError::into_inner).take();
    played.expect("nobody else waits for it").join().expect("it comes to an end")
}
