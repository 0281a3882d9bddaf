//! The one clock that shoppers keep: waits that end within a tenth of a millisecond of when they should.
//!
//! Tokio's timers tick in milliseconds and are 1.3 ms late; a thread that sleeps precisely must hand over to the one
//! that sends, and waking that costs another 80 µs. So the kernel's timer is made a file that the runtime itself waits
//! for beside its sockets: one wake-up, on the thread that sends. Knows nothing of who waits or why.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use tokio::net::unix::pipe;

/// The clock. Clones are the same one.
#[derive(Clone)]
pub struct Pacer(Arc<Shared>);

struct Shared {
    /// The timer. To the runtime it is a pipe out of which eight bytes come whenever it rings; of the runtime's ways to
    /// take a file it did not open, that is the one that needs no promise the compiler cannot check.
    alarm: pipe::Receiver,
    waiting: Mutex<Waiting>,
}

/// Who waits, by when.
#[derive(Default)]
struct Waiting {
    sleepers: BinaryHeap<Reverse<Sleeper>>,
    /// What the alarm is set to.
    armed: Option<Instant>,
    /// Breaks ties, so that who came first is woken first.
    turn: u64,
}

impl Pacer {
    /// A clock for the runtime this is called on; it stands still until [`Pacer::run`] is running.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let alarm = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let alarm = pipe::Receiver::from_owned_fd_unchecked(alarm)?;
        Ok(Pacer(Arc::new(Shared { alarm, waiting: Mutex::default() })))
    }

    /// Wakes whoever is due, for ever. Ends only when the kernel's timer fails.
    pub async fn run(&self) -> io::Error {
        loop {
            if let Err(error) = self.0.ring().await {
                return error;
            }
        }
    }

    /// Ends at `due`, and never before; at once, when that has passed.
    pub fn until(&self, due: Instant) -> Until<'_> {
        Until { pacer: &self.0, due, registered: None }
    }
}

impl Shared {
    async fn ring(&self) -> io::Result<()> {
        self.alarm.readable().await?;
        let mut expirations = [0; 8];
        loop {
            match self.alarm.try_read(&mut expirations) {
                Ok(_) => {}
                // Read until there is nothing, for only that makes the runtime watch for the next ring.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.wake_due()
    }

    fn wake_due(&self) -> io::Result<()> {
        let mut waiting = self.waiting();
        waiting.armed = None;
        let now = Instant::now();
        while waiting.sleepers.peek().is_some_and(|Reverse(next)| next.due <= now) {
            if let Some(Reverse(sleeper)) = waiting.sleepers.pop() {
                sleeper.waker.wake();
            }
        }
        self.arm(&mut waiting)
    }

    fn wake_at(&self, due: Instant, waker: Waker) -> io::Result<()> {
        let mut waiting = self.waiting();
        waiting.turn += 1;
        let turn = waiting.turn;
        waiting.sleepers.push(Reverse(Sleeper { due, turn, waker }));
        self.arm(&mut waiting)
    }

    /// Sets the alarm to whoever is next, unless it rings by then anyway.
    fn arm(&self, waiting: &mut Waiting) -> io::Result<()> {
        let Some(next) = waiting.sleepers.peek().map(|Reverse(next)| next.due) else { return Ok(()) };
        if waiting.armed.is_some_and(|armed| armed <= next) {
            return Ok(());
        }
        // A time of 0 would switch the alarm off.
        let left = next.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let value = Timespec::try_from(left).map_err(|_| io::ErrorKind::InvalidInput)?;
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        rustix::time::timerfd_settime(&self.alarm, TimerfdTimerFlags::empty(), &once)?;
        waiting.armed = Some(next);
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Sleeper {
    due: Instant,
    turn: u64,
    waker: Waker,
}

impl Sleeper {
    fn place(&self) -> (Instant, u64) {
        (self.due, self.turn)
    }
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Sleeper {}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

/// A wait. Dropped early, it leaves a waker behind that is woken in vain: cheaper than finding it again.
pub struct Until<'a> {
    pacer: &'a Shared,
    due: Instant,
    registered: Option<Waker>,
}

impl Future for Until<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.due {
            return Poll::Ready(());
        }
        if !self.registered.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            // A timer that cannot be set would be waited for in vain; better to go early than never.
            if self.pacer.wake_at(self.due, cx.waker().clone()).is_err() {
                return Poll::Ready(());
            }
            self.registered = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays `script` on a running clock.
    async fn paced<T>(script: impl AsyncFnOnce(&Pacer) -> T) -> T {
        let pacer = Pacer::new().expect("a timer");
        tokio::select! {
            error = pacer.run() => panic!("the clock stopped: {error}"),
            done = script(&pacer) => done,
        }
    }

    #[tokio::test]
    async fn nobody_is_woken_early_and_all_are_woken_in_turn() {
        paced(async |pacer| {
            let start = Instant::now();
            let waits = [30, 10, 20, 0, 10].map(|millis| async move {
                let due = start + Duration::from_millis(millis);
                pacer.until(due).await;
                assert!(Instant::now() >= due);
                millis
            });
            let mut waits: futures_util::stream::FuturesUnordered<_> = waits.into_iter().collect();
            let mut woken = Vec::new();
            while let Some(millis) = futures_util::StreamExt::next(&mut waits).await {
                woken.push(millis);
            }
            assert_eq!(woken, [0, 10, 10, 20, 30]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_nearer_wait_moves_the_alarm_forward() {
        paced(async |pacer| {
            let start = Instant::now();
            let far = pacer.until(start + Duration::from_secs(60));
            let near = pacer.until(start + Duration::from_millis(5));
            futures_util::future::select(far, near).await;
            assert!(start.elapsed() < Duration::from_secs(30));
        })
        .await;
    }

    #[tokio::test]
    async fn a_wait_given_up_harms_nobody() {
        paced(async |pacer| {
            let start = Instant::now();
            drop(
                futures_util::future::select(
                    pacer.until(start + Duration::from_millis(2)),
                    std::future::ready(()),
                )
                .await,
            );
            pacer.until(start + Duration::from_millis(10)).await;
            assert!(start.elapsed() >= Duration::from_millis(10));
        })
        .await;
    }
}
