//! Who may fill how much of the shelf. The lab's own series have half of it reserved. In the other half a sender may
//! begin a series only while it has no more than is still free: one sender alone fills half of that half, the next one
//! half of what is left, and there is always room for one more. (Switches share a buffer among ports by this rule:
//! Choudhury and Hahne, "Dynamic queue length thresholds", 1998.) No series makes room for another sender.

use std::{collections::HashMap, sync::Arc};

use super::series::Key;

/// Series there may be, half of them the lab's own.
pub const MAX_SERIES: usize = 20_000;

/// What somebody's series take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub bytes: usize,
    pub series: usize,
}

/// Whose series it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The lab itself.
    Lab,
    /// By `service.name` and `service.instance.id`.
    Sender(Arc<str>, Arc<str>),
}

/// What everybody's series take.
#[derive(Debug)]
pub struct Shares {
    limit_bytes: usize,
    pub lab: Share,
    /// All senders together.
    pub foreign: Share,
    senders: HashMap<(Arc<str>, Arc<str>), Share>,
}

impl Share {
    fn add(&mut self, bytes: usize, series: usize) {
        self.bytes += bytes;
        self.series += series;
    }
}

impl Owner {
    pub fn of(key: &Key, is_own: bool) -> Self {
        match is_own {
            true => Owner::Lab,
            false => Owner::Sender(key.service.clone(), key.instance.clone()),
        }
    }
}

impl Shares {
    pub fn new(limit_bytes: usize) -> Self {
        Shares { limit_bytes, lab: Share::default(), foreign: Share::default(), senders: HashMap::new() }
    }

    /// All bytes that are accounted for.
    pub fn bytes(&self) -> usize {
        self.lab.bytes + self.foreign.bytes
    }

    pub fn of(&self, owner: &Owner) -> Share {
        match owner {
            Owner::Lab => self.lab,
            Owner::Sender(service, instance) => {
                let key = (service.clone(), instance.clone());
                self.senders.get(&key).copied().unwrap_or_default()
            }
        }
    }

    /// Whether `owner` may begin a series of so many bytes.
    pub fn admits(&self, owner: &Owner, bytes: usize) -> bool {
        let half = MAX_SERIES / 2;
        match owner {
            Owner::Lab => self.lab.bytes + bytes <= self.lab_limit() && self.lab.series < half,
            Owner::Sender(..) => {
                let limit = self.limit_bytes - self.lab.bytes.clamp(self.limit_bytes / 2, self.limit_bytes);
                // An eighth is for series that grow: a new one must not cost another sender its points.
                let limit = limit / 8 * 7;
                let share = self.of(owner);
                share.bytes + bytes <= limit.saturating_sub(self.foreign.bytes)
                    && share.series < half.saturating_sub(self.foreign.series)
            }
        }
    }

    /// Counts what a new or a changed series takes; `before` are its bytes of before.
    pub fn charge(&mut self, owner: &Owner, before: usize, after: usize, new_series: usize) {
        let change = |share: &mut Share| {
            share.add(after, new_series);
            share.bytes = share.bytes.saturating_sub(before);
        };
        match owner {
            Owner::Lab => change(&mut self.lab),
            Owner::Sender(service, instance) => {
                change(&mut self.foreign);
                change(self.senders.entry((service.clone(), instance.clone())).or_default());
            }
        }
    }

    /// Forgets all accounts, to count from the start.
    pub fn clear(&mut self) {
        *self = Shares::new(self.limit_bytes);
    }

    /// Whose series have grown beyond what they may: theirs must give way, and nobody else's.
    pub fn who_is_over(&self) -> Option<Owner> {
        if self.lab.bytes > self.lab_limit() {
            return Some(Owner::Lab);
        }
        let foreign = self.limit_bytes / 2 / 8 * 7;
        (self.foreign.bytes > foreign).then(|| self.largest_sender()).flatten()
    }

    /// The sender whose series take most.
    pub fn largest_sender(&self) -> Option<Owner> {
        let largest = self.senders.iter().max_by_key(|(_, share)| share.bytes)?;
        let (service, instance) = largest.0;
        Some(Owner::Sender(service.clone(), instance.clone()))
    }

    /// Half, and up to three quarters of what the senders leave free.
    fn lab_limit(&self) -> usize {
        let free = self.limit_bytes.saturating_sub(self.foreign.bytes);
        free.min(self.limit_bytes / 4 * 3).max(self.limit_bytes / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(name: &str) -> Owner {
        Owner::Sender(name.into(), "1".into())
    }

    /// Begins series of ten bytes as long as they are admitted, and says how many.
    fn flood(shares: &mut Shares, owner: &Owner) -> usize {
        let mut count = 0;
        while shares.admits(owner, 10) {
            shares.charge(owner, 0, 10, 1);
            count += 1;
        }
        count
    }

    #[test]
    fn each_flood_leaves_room_for_the_next_sender_and_for_the_lab() {
        let mut shares = Shares::new(16_000);
        let floods: Vec<usize> =
            ["a", "b", "c", "d"].into_iter().map(|name| flood(&mut shares, &sender(name))).collect();
        assert_eq!(floods, [350, 175, 88, 44]);
        assert_eq!(flood(&mut shares, &Owner::Lab), 943);
        assert_eq!(flood(&mut shares, &sender("a")), 0);
        assert_eq!(shares.who_is_over(), None);
        assert!(shares.bytes() <= 16_000);
    }

    #[test]
    fn a_large_lab_takes_what_is_free_and_never_what_others_have() {
        let mut shares = Shares::new(16_000);
        assert_eq!(flood(&mut shares, &Owner::Lab), 1_200);
        assert_eq!(flood(&mut shares, &sender("a")), 175);
        shares.charge(&Owner::Lab, 0, 2_001, 0);
        assert_eq!(shares.who_is_over(), Some(Owner::Lab));
    }

    #[test]
    fn who_grows_beyond_the_bound_gives_way() {
        let mut shares = Shares::new(16_000);
        flood(&mut shares, &sender("a"));
        flood(&mut shares, &sender("b"));
        shares.charge(&sender("b"), 0, 3_000, 0);
        assert_eq!(shares.who_is_over(), Some(sender("b")));
    }

    #[test]
    fn series_are_shared_by_number_as_by_bytes() {
        let mut shares = Shares::new(usize::MAX / 2);
        assert_eq!(flood(&mut shares, &sender("a")), MAX_SERIES / 4);
        assert_eq!(flood(&mut shares, &sender("b")), MAX_SERIES / 8);
        assert_eq!(flood(&mut shares, &Owner::Lab), MAX_SERIES / 2);
    }
}
