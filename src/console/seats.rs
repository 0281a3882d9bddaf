//! Seats for streams that stay open. Each holds a connection, so their number is bounded; and they are divided so that
//! strangers who sit for ever never keep out the presenter.
//!
//! Holders of the token have seats of their own, and so have callers of this machine where others can reach the lab too.
//! Strangers share the rest: when all of those are taken, a newcomer gets the oldest seat of the remote address that holds
//! the most, unless the newcomer's own holds as many.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use crate::kernel::sockets::CONTROL_PLACES;

/// Seats that everybody may have, for one kind of stream.
pub const SHARED: usize = 64;
/// Seats of their own for holders of the token, and as many for callers of this machine.
pub const RESERVED: usize = 16;

/// How many seats there are: `SHARED` and `RESERVED`, or as many as leave a quarter of the control address's places to
/// requests. There are two kinds of streams.
fn sizes(places: usize) -> (usize, usize) {
    ((places / 4).clamp(1, SHARED), (places / 16).clamp(1, RESERVED))
}

/// Who asks for a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// They have shown the token.
    Trusted,
    /// A caller of this machine, where others can reach the lab too.
    Local,
    /// Anybody else; from this address, where it is known.
    Stranger(Option<IpAddr>),
}

/// The seats of one kind of stream. Clones are the same ones.
#[derive(Clone, Default)]
pub struct Seats(Arc<Inner>);

#[derive(Default)]
struct Inner {
    taken: Mutex<Taken>,
    refused: AtomicU64,
}

#[derive(Default)]
struct Taken {
    next: u64,
    by: BTreeMap<u64, Sitter>,
}

struct Sitter {
    caller: Caller,
    /// Whether it is one of the seats that everybody may have.
    is_shared: bool,
    gone: Arc<Notify>,
}

/// A seat, for as long as it is held.
pub struct Seat {
    seats: Arc<Inner>,
    number: u64,
    gone: Arc<Notify>,
}

impl Seat {
    /// Resolves when the seat is another's.
    pub async fn lost(&self) {
        self.gone.notified().await;
    }
}

impl Seats {
    /// A seat for `caller`, unless all that they may have are taken.
    pub fn take(&self, caller: Caller) -> Option<Seat> {
        let (most_shared, reserved) = sizes(CONTROL_PLACES.load(Ordering::Relaxed));
        let mut taken = self.0.taken();
        let is_shared = taken.shared() < most_shared;
        if !is_shared && !taken.has_reserved(caller, reserved) {
            let Some(number) = taken.victim(caller) else {
                self.0.refused.fetch_add(1, Ordering::Relaxed);
                return None;
            };
            if let Some(sitter) = taken.by.remove(&number) {
                sitter.gone.notify_one();
            }
        }
        // One that was taken from another is as shared as it was.
        let is_shared = taken.shared() < most_shared;
        let (number, gone) = (taken.next, Arc::<Notify>::default());
        taken.next += 1;
        taken.by.insert(number, Sitter { caller, is_shared, gone: gone.clone() });
        Some(Seat { seats: self.0.clone(), number, gone })
    }

    /// How often there was no seat.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }
}

impl Taken {
    fn shared(&self) -> usize {
        self.by.values().filter(|sitter| sitter.is_shared).count()
    }

    /// Whether a seat is free that is kept for the like of `caller`.
    fn has_reserved(&self, caller: Caller, reserved: usize) -> bool {
        let is_alike = |sitter: &&Sitter| !sitter.is_shared && sitter.caller == caller;
        match caller {
            Caller::Trusted | Caller::Local => self.by.values().filter(is_alike).count() < reserved,
            Caller::Stranger(_) => false,
        }
    }

    /// Whose seat `caller` gets when none is free.
    fn victim(&self, caller: Caller) -> Option<u64> {
        let mut held: BTreeMap<IpAddr, (usize, u64)> = BTreeMap::new();
        for (number, sitter) in &self.by {
            if let Caller::Stranger(Some(address)) = sitter.caller {
                held.entry(address).or_insert((0, *number)).0 += 1;
            }
        }
        // The oldest of the address that has the most; of two that have as many, of the one that came first.
        let most = held.values().copied().max_by_key(|(count, oldest)| (*count, u64::MAX - oldest))?;
        match caller {
            Caller::Trusted | Caller::Local => Some(most.1),
            Caller::Stranger(None) => None,
            Caller::Stranger(Some(address)) => {
                let ours = held.get(&address).map_or(0, |(count, _)| *count);
                (most.0 > ours + 1).then_some(most.1)
            }
        }
    }
}

impl Inner {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().by.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> Caller {
        Caller::Stranger(Some(IpAddr::from([192, 0, 2, last])))
    }

    fn take(seats: &Seats, caller: Caller, count: usize) -> Vec<Seat> {
        (0..count).map(|_| seats.take(caller).expect("free")).collect()
    }

    async fn is_lost(seat: &Seat) -> bool {
        tokio::time::timeout(std::time::Duration::from_millis(1), seat.lost()).await.is_ok()
    }

    #[test]
    fn strangers_never_keep_out_callers_of_this_machine_and_holders_of_the_token() {
        let seats = Seats::default();
        let _all = take(&seats, Caller::Stranger(None), SHARED);
        assert!(seats.take(Caller::Stranger(None)).is_none());
        let _local = take(&seats, Caller::Local, RESERVED);
        assert!(seats.take(Caller::Local).is_none(), "no stranger has an address");
        let _trusted = take(&seats, Caller::Trusted, RESERVED);
        assert!(seats.take(Caller::Trusted).is_none());
        assert_eq!(seats.refused(), 3);
    }

    #[test]
    fn streams_leave_a_quarter_of_the_places_to_requests_however_few_there_are() {
        for places in [16, 20, 64, 512, 4_096] {
            let (shared, reserved) = sizes(places);
            // Of each of two kinds: what all share, and what two sorts of callers have for themselves.
            assert!(2 * (shared + 2 * reserved) <= places - places / 4, "{places}: {shared} and {reserved}");
        }
        assert_eq!(sizes(usize::MAX), (SHARED, RESERVED));
    }

    #[test]
    fn a_seat_is_free_again_when_it_is_left() {
        let seats = Seats::default();
        let mut all = take(&seats, Caller::Stranger(None), SHARED);
        all.pop();
        assert!(seats.take(Caller::Stranger(None)).is_some());
    }

    #[tokio::test]
    async fn a_newcomer_gets_the_oldest_seat_of_the_address_that_has_the_most() {
        let seats = Seats::default();
        let one = take(&seats, from(1), 2);
        let many = take(&seats, from(2), SHARED - 2);
        assert!(seats.take(from(2)).is_none(), "it has the most itself");
        let _newcomer = seats.take(from(3)).expect("room was made");
        assert!(is_lost(&many[0]).await && !is_lost(&many[1]).await && !is_lost(&one[0]).await);
        let _trusted = take(&seats, Caller::Trusted, RESERVED + 1);
        assert!(is_lost(&many[1]).await);
        assert_eq!(seats.0.taken().by.len(), SHARED + RESERVED);
    }
}
