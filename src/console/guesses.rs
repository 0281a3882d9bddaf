//! How many wrong tokens came from where. An address that has sent too many waits: until then its tokens are not compared
//! at all, so that more guesses teach nothing. Others are not affected, the presenter among them.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Wrong tokens that one address may send within [`WINDOW`].
pub const MOST_GUESSES: u32 = 20;
/// After so long they are forgotten.
pub const WINDOW: Duration = Duration::from_secs(10);
/// Addresses that are counted apart; those that come later share one count.
const MOST_ADDRESSES: usize = 256;
/// The address of those that share a count, and of requests of which none is known.
const OTHERS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The address at the other end of a request's connection, as an extension of the request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The counts. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Guesses(Arc<Mutex<BTreeMap<IpAddr, Count>>>);

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Instant,
    wrong: u32,
}

impl Guesses {
    /// Whether `peer` has sent too many wrong tokens.
    pub fn is_exhausted(&self, peer: Option<Peer>, now: Instant) -> bool {
        let counts = self.counts();
        let count = counts
            .get(&address(peer))
            .or_else(|| counts.get(&OTHERS).filter(|_| counts.len() >= MOST_ADDRESSES));
        count.is_some_and(|count| !count.is_over(now) && count.wrong >= MOST_GUESSES)
    }

    /// One more wrong token.
    pub fn wrong(&self, peer: Option<Peer>, now: Instant) {
        let mut counts = self.counts();
        let mut address = address(peer);
        if counts.len() >= MOST_ADDRESSES {
            counts.retain(|_, count| !count.is_over(now));
        }
        if counts.len() >= MOST_ADDRESSES && !counts.contains_key(&address) {
            address = OTHERS;
        }
        let count = counts.entry(address).or_insert(Count { since: now, wrong: 0 });
        if count.is_over(now) {
            *count = Count { since: now, wrong: 0 };
        }
        count.wrong = count.wrong.saturating_add(1);
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    fn is_over(self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= WINDOW
    }
}

fn address(peer: Option<Peer>) -> IpAddr {
    match peer {
        // Whoever has one address of version 6 has all of its network.
        Some(Peer(IpAddr::V6(long))) => match long.to_ipv4_mapped() {
            Some(short) => short.into(),
            None => (long.to_bits() & !u128::from(u64::MAX)).to_be_bytes().into(),
        },
        Some(Peer(short @ IpAddr::V4(_))) => short,
        None => OTHERS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> Option<Peer> {
        Some(Peer(Ipv4Addr::from_bits(number).into()))
    }

    #[test]
    fn too_many_wrong_tokens_of_one_address_do_not_affect_another_and_are_forgotten() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..MOST_GUESSES {
            assert!(!guesses.is_exhausted(peer(1), now));
            guesses.wrong(peer(1), now);
        }
        assert!(guesses.is_exhausted(peer(1), now) && !guesses.is_exhausted(peer(2), now));
        assert!(!guesses.is_exhausted(peer(1), now + WINDOW));
    }

    #[test]
    fn addresses_without_end_do_not_fill_the_memory() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for number in 1..2_000 {
            guesses.wrong(peer(number), now);
        }
        assert!(guesses.counts().len() <= MOST_ADDRESSES + 1);
        assert!(guesses.is_exhausted(peer(5_000), now), "those that come later share a count");
        guesses.wrong(peer(5_000), now + WINDOW);
        assert_eq!(guesses.counts().len(), 1);
    }

    #[test]
    fn a_network_of_version_6_is_one_address() {
        let of = |text: &str| address(Some(Peer(text.parse().expect("an address"))));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
