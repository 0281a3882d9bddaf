//! Waiting for a condition with a deadline. No test sleeps for a time and hopes.

use std::{
    panic::Location,
    thread,
    time::{Duration, Instant},
};

/// How often a condition is looked at. Short enough not to be felt, long enough not to take the machine's time.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Waits until `condition` holds. `what` completes "waited in vain until …".
#[track_caller]
pub fn until(deadline: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    until_some(deadline, what, || condition().then_some(()));
}

/// Waits until `attempt` gives a value, and returns it.
#[track_caller]
pub fn until_some<T>(deadline: Duration, what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + deadline;
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(Instant::now() < give_up, "{}", in_vain(deadline, what));
        thread::sleep(LOOK_EVERY);
    }
}

/// [`until_some`] inside a runtime: the other tasks go on meanwhile.
pub async fn until_some_async<T>(
    deadline: Duration,
    what: &str,
    mut attempt: impl AsyncFnMut() -> Option<T>,
) -> T {
    let give_up = Instant::now() + deadline;
    loop {
        if let Some(value) = attempt().await {
            return value;
        }
        assert!(Instant::now() < give_up, "{}", in_vain(deadline, what));
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[track_caller]
fn in_vain(deadline: Duration, what: &str) -> String {
    format!("waited {deadline:?} in vain until {what} ({})", Location::caller())
}

#[test]
fn a_condition_that_comes_true_ends_the_wait() {
    let mut looks = 0;
    until(Duration::from_secs(5), "three looks", || {
        looks += 1;
        looks == 3
    });
    assert_eq!(looks, 3);
}

#[test]
#[should_panic(expected = "in vain until pigs fly")]
fn a_condition_that_never_holds_is_named() {
    until(Duration::from_millis(20), "pigs fly", || false);
}

#[tokio::test]
async fn a_wait_inside_a_runtime_lets_others_run() {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move { sender.send(7).await });
    let seven = until_some_async(Duration::from_secs(5), "a number comes", async || receiver.try_recv().ok());
    assert_eq!(seven.await, 7);
}
