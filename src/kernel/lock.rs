//! A mutex for state that several threads share. Debug builds and tests check the order of locks: the first time that two
//! mutexes are taken in an order that contradicts one seen before, the thread panics and names the place, whether or not
//! that run would have deadlocked. Release builds pay nothing.
//!
//! It is never poisoned: a thread that panicked while it held a lock must not take down all others, and what our mutexes
//! protect is whole between any two statements.
//!
//! The rules, which the check enforces: take each guard in a `let` of its own, never as a temporary of a larger expression
//! (a struct literal, the scrutinee of a `match` or `if let`, an operand of `||`: all of these keep it until the whole
//! expression ends); hold more than one only in the order that is written on the struct.

use std::{fmt, sync::PoisonError};

use tracing_mutex::stdsync;

/// The guard of a [`Mutex`].
pub type MutexGuard<'a, T> = stdsync::MutexGuard<'a, T>;

/// `std::sync::Mutex` without poisoning, whose order is checked in debug builds.
#[derive(Default)]
pub struct Mutex<T>(stdsync::Mutex<T>);

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Mutex(stdsync::Mutex::new(value))
    }

    /// Waits for the lock and takes it.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debug output must not wait for a lock.
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{panic, sync::Arc, thread};

    use super::*;

    #[test]
    fn a_panic_of_a_holder_does_not_poison_the_value() {
        let shared = Arc::new(Mutex::new(7));
        let theirs = shared.clone();
        let failed = thread::spawn(move || {
            let _guard = theirs.lock();
            panic::resume_unwind(Box::new("a holder fails"));
        });
        assert!(failed.join().is_err());
        assert_eq!(*shared.lock(), 7);
    }

    #[test]
    #[cfg(debug_assertions)]
    fn two_locks_taken_in_both_orders_panic_without_a_second_thread() {
        let (first, second) = (Mutex::new(()), Mutex::new(()));
        {
            let _first = first.lock();
            let _second = second.lock();
        }
        let backwards = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            let _second = second.lock();
            let _first = first.lock();
        }));
        assert!(backwards.is_err(), "the order of locks is not checked");
    }
}
