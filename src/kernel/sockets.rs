//! How many sockets the shop may have open at once, in the whole process.
//!
//! Descriptors are one limit for the process, and a drowning shop takes as many as it gets. So the shop has a share of its
//! own, which the lab derives from the limit at start: the shop runs out of sockets first, and what is left is enough for
//! the control address, the databases and the files. Statics, because the limit itself is one of the process.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Connections that shoppers make to the storefront.
pub static SHOPPERS: Share = Share::unlimited();
/// Connections that services make to one another.
pub static CALLS: Share = Share::unlimited();
/// Connections that services accept.
pub static ACCEPTED: Share = Share::unlimited();

/// Connections that the control address may have, of which streams that stay open may take a part.
pub static CONTROL_PLACES: AtomicUsize = AtomicUsize::new(usize::MAX);
/// What became of connections to the control address for which there was no room.
pub static CONTROL_CONNECTIONS: Turned = Turned::none();

/// Connections that were turned away, and why.
pub struct Turned {
    /// There was no room, and no connection that had to make any.
    pub refused: AtomicU64,
    /// They made room for another.
    pub displaced: AtomicU64,
    /// They never sent a request.
    pub silent: AtomicU64,
}

impl Turned {
    pub const fn none() -> Self {
        Turned { refused: AtomicU64::new(0), displaced: AtomicU64::new(0), silent: AtomicU64::new(0) }
    }
}

/// A share of the process's sockets.
pub struct Share {
    permits: Semaphore,
    size: AtomicUsize,
    refused: AtomicU64,
}

/// The right to one socket, until it is dropped.
pub type Permit = SemaphorePermit<'static>;

impl Share {
    pub const fn unlimited() -> Self {
        Share {
            permits: Semaphore::const_new(Semaphore::MAX_PERMITS),
            size: AtomicUsize::new(Semaphore::MAX_PERMITS),
            refused: AtomicU64::new(0),
        }
    }

    /// Makes the share smaller. A larger `size` than before changes nothing.
    pub fn limit_to(&self, size: usize) {
        let before = self.size.fetch_min(size, Ordering::Relaxed);
        self.permits.forget_permits(before.saturating_sub(size));
    }

    /// How many sockets there may be.
    pub fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// How many sockets there are.
    pub fn in_use(&self) -> usize {
        self.size().saturating_sub(self.permits.available_permits())
    }

    /// Sockets that were refused because the share was used up.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether more than half of it is in use: time to close what is idle.
    pub fn is_short(&self) -> bool {
        self.in_use() * 2 > self.size()
    }

    /// A permit, unless the share is used up.
    pub fn try_take(&'static self) -> Option<Permit> {
        self.permits.try_acquire().ok()
    }

    /// A permit, once there is one; none after `patience`, and that is counted.
    pub async fn take(&'static self, patience: Duration) -> Option<Permit> {
        let taken = tokio::time::timeout(patience, self.permits.acquire()).await;
        let permit = taken.ok().and_then(Result::ok);
        if permit.is_none() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        permit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_share_that_is_used_up_refuses_counts_and_recovers() {
        static SHARE: Share = Share::unlimited();
        SHARE.limit_to(2);
        SHARE.limit_to(5);
        assert_eq!((SHARE.size(), SHARE.in_use(), SHARE.is_short()), (2, 0, false));
        let first = SHARE.try_take().expect("free");
        let _second = SHARE.take(Duration::ZERO).await.expect("free");
        assert!(SHARE.is_short() && SHARE.try_take().is_none());
        assert!(SHARE.take(Duration::from_millis(1)).await.is_none());
        assert_eq!((SHARE.in_use(), SHARE.refused()), (2, 1));
        drop(first);
        assert!(SHARE.take(Duration::from_secs(5)).await.is_some());
    }
}
