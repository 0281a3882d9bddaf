//! One test at a time, and on which processor.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Where the lab runs, for `taskset`.
pub const LAB: &str = "0";
/// Where this process runs: customers and destinations take nothing from the lab.
const TEST: usize = 1;

/// Held by the test that runs.
pub struct Turn(#[expect(dead_code, reason = "it is held, not used")] MutexGuard<'static, ()>);

/// Waits for this test's turn, and moves its thread, and all that it starts from now on, off the lab's processor.
pub fn take() -> Turn {
    static ONE: Mutex<()> = Mutex::new(());
    let turn = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut ours = CpuSet::new();
    ours.set(TEST);
    let moved = sched_setaffinity(None, &ours);
    let left = sched_getaffinity(None).map(|cpus| cpus.count());
    assert!(moved.is_ok(), "two processors are needed, and there are {left:?}: {moved:?}");
    Turn(turn)
}
