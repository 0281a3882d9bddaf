//! How many bodies of senders are in memory, and how many are read, at a time. A body of 4 MiB may become 16 MiB, so
//! few are read at once; the others wait, and what waits is bounded in bytes. Who waits too long is asked to come again.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Bodies in memory, in KiB.
const BODIES_KIB: u32 = 32 * 1024;
/// Bodies that are unpacked and read at a time.
const READERS: usize = 2;
/// How long a body may wait for each.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Seats for bodies. Each is held until it is dropped.
#[derive(Debug)]
pub struct Intake {
    kib: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    longest_wait: Duration,
}

impl Default for Intake {
    fn default() -> Self {
        Intake {
            kib: Arc::new(Semaphore::new(BODIES_KIB as usize)),
            readers: Arc::new(Semaphore::new(READERS)),
            longest_wait: LONGEST_WAIT,
        }
    }
}

impl Intake {
    /// Room for a body of so many bytes; nothing when none became free in time.
    pub async fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(BODIES_KIB).clamp(1, BODIES_KIB);
        timeout(self.longest_wait, self.kib.clone().acquire_many_owned(kib)).await.ok()?.ok()
    }

    /// Leave to read a body; nothing when all readers were busy for too long.
    pub async fn reader(&self) -> Option<OwnedSemaphorePermit> {
        timeout(self.longest_wait, self.readers.clone().acquire_owned()).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_finds_no_room_in_time_is_turned_away_and_room_comes_back() {
        let intake = Intake { longest_wait: Duration::from_millis(20), ..Intake::default() };
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(intake.room(4 * 1024 * 1024).await.expect("room"));
        }
        assert!(intake.room(1).await.is_none());
        held.pop();
        assert!(intake.room(4 * 1024 * 1024).await.is_some());

        let readers = (intake.reader().await, intake.reader().await);
        assert!(intake.reader().await.is_none());
        drop(readers);
        assert!(intake.reader().await.is_some());
    }
}
