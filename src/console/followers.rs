//! Which processes follow the switchboard right now. Their number is bounded: each holds a connection.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::seats::{self, Caller, Seats};
use crate::kernel::clock;

/// A process that follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Follower {
    /// The name it gave itself, such as `checkout-4711`.
    pub process: String,
    /// Since when it has been connected, RFC 3339.
    pub since: String,
}

/// All that are connected.
#[derive(Clone, Default)]
pub struct Followers(Arc<Inner>);

#[derive(Default)]
struct Inner {
    seats: Seats,
    seated: Mutex<BTreeMap<u64, Follower>>,
    /// The number of the last arrival or departure.
    changes: watch::Sender<u64>,
}

/// A follower's place, for as long as it is held.
pub struct Seat {
    inner: Arc<Inner>,
    number: u64,
    seat: seats::Seat,
}

impl Seat {
    /// Resolves when the place is another's.
    pub async fn lost(&self) {
        self.seat.lost().await;
    }
}

impl Followers {
    /// A place for `process`, unless all that `caller` may have are taken.
    pub fn seat(&self, process: &str, caller: Caller) -> Option<Seat> {
        let seat = self.0.seats.take(caller)?;
        let mut seated = self.0.seated();
        let number = seated.keys().next_back().map_or(0, |last| last + 1);
        let process = if is_name(process) { process } else { "unnamed" };
        seated.insert(number, Follower { process: process.to_owned(), since: clock::now() });
        drop(seated);
        self.0.changes.send_modify(|changes| *changes += 1);
        Some(Seat { inner: self.0.clone(), number, seat })
    }

    /// How often there was no place.
    pub fn refused(&self) -> u64 {
        self.0.seats.refused()
    }

    /// Who is connected, in the order of arrival.
    pub fn list(&self) -> Vec<Follower> {
        self.0.seated().values().cloned().collect()
    }

    /// Arrivals and departures.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }
}

/// Whether it may name a process: it is shown, so it is short and plain.
pub fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

impl Inner {
    fn seated(&self) -> MutexGuard<'_, BTreeMap<u64, Follower>> {
        self.seated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.inner.seated().remove(&self.number);
        self.inner.changes.send_modify(|changes| *changes += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::seats::SHARED, *};

    #[test]
    fn places_are_bounded_and_free_again_when_left() {
        let followers = Followers::default();
        let stranger = Caller::Stranger(None);
        let mut seats: Vec<_> =
            (0..SHARED).map(|_| followers.seat("cart-1", stranger).expect("free")).collect();
        assert!(followers.seat("cart-1", stranger).is_none());
        assert_eq!(followers.refused(), 1);
        drop(seats.remove(10));
        assert_eq!(followers.list().len(), SHARED - 1);
        let _seat = followers.seat("<script>", stranger).expect("free again");
        assert_eq!(followers.list().last().map(|one| one.process.clone()).as_deref(), Some("unnamed"));
        let _known = followers.seat("cart-2", Caller::Trusted).expect("a place of its own");
    }
}
