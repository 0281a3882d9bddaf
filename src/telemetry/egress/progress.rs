//! Whether the egress still gets on: its thread turns, and from every queue in which something waits something is taken.

use std::time::Duration;

use crate::kernel::heartbeat::Heartbeat;

/// How often it looks.
pub const BEAT_EVERY: Duration = Duration::from_secs(1);

/// Looks `every` so often, and counts each look at which no queue waited in vain. `waiting` says of each queue how often something was taken from
/// it, if anything waits there. On a thread that hangs this is never called, and a task that has ended leaves its queue
/// to wait.
pub async fn beat<const N: usize>(every: Duration, beats: Heartbeat, waiting: impl Fn() -> [Option<u64>; N]) {
    let mut before = waiting();
    loop {
        tokio::time::sleep(every).await;
        let now = waiting();
        let waits_in_vain = now.iter().zip(&before).any(|(now, before)| now.is_some() && now == before);
        if !waits_in_vain {
            beats.beat();
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::telemetry::egress::queue::Queue;

    const EVERY: Duration = Duration::from_millis(10);

    #[tokio::test]
    async fn a_queue_from_which_nothing_is_taken_stops_the_count() {
        let (beats, queue) = (Heartbeat::default(), Arc::new(Queue::new(1_000)));
        let watched = queue.clone();
        let beating = tokio::spawn(beat(EVERY, beats.clone(), move || [watched.takes_while_waiting()]));
        let goes_on = async || {
            let before = beats.rounds();
            let more = async {
                while beats.rounds() <= before {
                    tokio::time::sleep(EVERY).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), more).await.is_ok()
        };
        assert!(goes_on().await, "there is nothing to do");
        queue.push(1, 10, |_| 1);
        // The look before it may count yet.
        tokio::time::sleep(5 * EVERY).await;
        let before = beats.rounds();
        tokio::time::sleep(20 * EVERY).await;
        assert_eq!(beats.rounds(), before, "it waits in vain");
        queue.take(1);
        assert!(goes_on().await);
        beating.abort();
    }
}
