//! One test at a time: each wants the machine to itself.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Waits for this test's turn, which lasts as long as the guard is held.
pub fn take() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}
