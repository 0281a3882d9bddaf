//! Burns processor time. The function's name stands in flame graphs.

use std::{hint::black_box, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// Rounds of arithmetic between two looks at the clock: some ten microseconds.
const ROUNDS: u64 = 10_000;

/// Computes until this thread has used `budget` of processor time, or until `is_over`. It blocks the thread, and with it
/// its service: that is the point.
#[inline(never)]
pub fn simulate_cpu_work(budget: Duration, is_over: impl Fn() -> bool) {
    let end = used() + budget;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while used() < end && !is_over() {
        for _ in 0..ROUNDS {
            // Marsaglia's xorshift: cheap, and nothing that a compiler could see through.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
        }
        state = black_box(state);
    }
}

/// Processor time this thread has used. By the thread's own clock: what the neighbours take does not count.
fn used() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    // Neither part is ever negative.
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_used_on_this_thread_and_little_more() {
        let before = used();
        simulate_cpu_work(Duration::from_millis(30), || false);
        let burnt = used() - before;
        assert!(burnt >= Duration::from_millis(30) && burnt < Duration::from_millis(60), "{burnt:?}");
        let before = used();
        simulate_cpu_work(Duration::from_secs(60), || true);
        assert!(used() - before < Duration::from_millis(30));
    }
}
