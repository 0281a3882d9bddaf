//! File descriptors: the limit of the process is raised as far as it goes, and divided so that the shop runs out of them
//! before the control address does.
//!
//! A connection between two services takes two descriptors, since both ends are in this process. What has no share here
//! (log files, the ledger, backends, databases that open their pool, child processes) lives on what is set aside.

use std::{
    fs::{self, File},
    io,
    sync::atomic::Ordering,
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::table::Row;
use crate::kernel::sockets::{ACCEPTED, CALLS, CONTROL_PLACES, SHOPPERS};

/// Taken for the limit where there is none.
const UNLIMITED: usize = 1 << 20;
/// A limit that some systems accept where they refuse the hard one (macOS's OPEN_MAX).
const LOW_MAXIMUM: u64 = 10_240;
/// What a service opens at the start: its runtime, its listener, and for some a database.
const A_SERVICE: usize = 6;
/// Set aside for backends, files and child processes that are started.
const SET_ASIDE: usize = 24;
/// Pools of databases that may still grow: catalog's and checkout's.
const POOLS: usize = 2;
/// Descriptors of one more connection to SQLite: its file and its log.
const A_POOLED_CONNECTION: usize = 2;
/// Connections of the control address, at least and at most.
const CONTROL: std::ops::RangeInclusive<usize> = 16..=1_024;
/// Held by the control address for the moment in which the process has none left.
const SPARE: usize = 8;
/// The shop needs so many to be open at all.
const LEAST_FOR_SHOP: usize = 32;
/// How many sockets the shop needs at the peak of Black Friday for each visit a minute. docs/descriptors.md has the recipe.
const SOCKETS_A_VISIT: f64 = 0.05;
/// A limit from here on is not worth a word: it carries what one machine does.
const PLENTY: usize = 8_192;

/// Who may have how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    pub limit: usize,
    /// Connections of the control address.
    pub control: usize,
    /// Descriptors that the control address holds in reserve.
    pub spare: usize,
    /// Sockets of all services and shoppers together.
    pub shop: usize,
}

/// Raises the soft limit to the hard one, and says what it is then.
pub fn raise() -> usize {
    let before = getrlimit(Resource::Nofile);
    if before.current != before.maximum {
        let to = |current| setrlimit(Resource::Nofile, Rlimit { current, ..before });
        if to(before.maximum).is_err() {
            let low = before.maximum.map_or(LOW_MAXIMUM, |maximum| maximum.min(LOW_MAXIMUM));
            // What cannot be raised stays as it is, and the table says how far that goes.
            let _ = to(Some(low.max(before.current.unwrap_or(low))));
        }
    }
    let now = getrlimit(Resource::Nofile).current;
    now.map_or(UNLIMITED, |limit| usize::try_from(limit).unwrap_or(UNLIMITED).min(UNLIMITED))
}

/// How many are open.
pub fn open_now() -> usize {
    // One of them is the folder itself. Where it cannot be read, as many as a lab has that has just opened.
    fs::read_dir("/dev/fd").map_or(200, |open| open.count().saturating_sub(1))
}

impl Shares {
    /// Whether `services` can be opened at all with `limit`, before any of them is.
    pub fn foresee(limit: usize, services: usize, pool_size: u32) -> Result<Shares, String> {
        Shares::of(limit, open_now() + services * A_SERVICE, pool_size)
    }

    /// Divides `limit` when `open` are in use already, with pools of `pool_size`.
    pub fn of(limit: usize, open: usize, pool_size: u32) -> Result<Shares, String> {
        let pool_size = usize::try_from(pool_size).unwrap_or(usize::MAX).min(limit);
        // A pool may be allowed more than it ever uses: it does not keep the lab from opening.
        let pools = (POOLS * A_POOLED_CONNECTION * pool_size).min(limit / 2);
        let taken = open + SET_ASIDE + pools + SPARE;
        let left = limit.saturating_sub(taken);
        let control = (left / 4).clamp(*CONTROL.start(), *CONTROL.end());
        let shop = left.saturating_sub(control);
        if shop < LEAST_FOR_SHOP {
            let least = taken + CONTROL.start() + LEAST_FOR_SHOP;
            return Err(format!(
                "the limit of file descriptors is {limit}, and at least {least} are needed: raise it with `ulimit -n`, \
                 or lower --db-pool-size"
            ));
        }
        Ok(Shares { limit, control, spare: SPARE, shop })
    }

    /// Gives the shop its share. A visit is one connection to the storefront and several behind it.
    pub fn apply(self) {
        CONTROL_PLACES.store(self.control, Ordering::Relaxed);
        // Two descriptors a connection, and one connection of three a shopper's.
        SHOPPERS.limit_to((self.shop / 6).max(1));
        CALLS.limit_to((self.shop / 3).max(1));
        ACCEPTED.limit_to((self.shop / 2).max(1));
    }

    /// How many visits a minute the shop's share carries.
    pub fn visits_per_minute(self) -> f64 {
        let visits = self.shop as f64 / SOCKETS_A_VISIT;
        (visits / 10.0).floor() * 10.0
    }

    /// What the start-up table says of a low limit.
    pub fn row(self) -> Option<Row> {
        let note = || {
            format!(
                "a low limit: carries {:.0} visits a minute, and Black Friday brings ten times as many as a normal evening; \
                 raise it with `ulimit -n`",
                self.visits_per_minute()
            )
        };
        (self.limit < PLENTY).then(|| Row::new("descriptors", self.limit.to_string(), note()))
    }
}

/// Descriptors that are held so that there are some when there are none: closed one by one to accept a connection.
pub struct Spare {
    held: Vec<File>,
    size: usize,
}

impl Spare {
    /// Takes `size`, or as many as there are.
    pub fn hold(size: usize) -> Self {
        let mut spare = Spare { held: Vec::new(), size };
        spare.refill();
        spare
    }

    /// Closes one. Whether there was one.
    pub fn release(&mut self) -> bool {
        self.held.pop().is_some()
    }

    /// Takes back what was released, as far as there are descriptors again.
    pub fn refill(&mut self) {
        while self.held.len() < self.size {
            match File::open("/dev/null") {
                Ok(file) => self.held.push(file),
                Err(_) => return,
            }
        }
    }
}

/// Whether an error says that descriptors have run out, here or on the whole machine.
pub fn is_exhausted(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let exhausted = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| exhausted.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_the_hard_one_afterwards() {
        let limit = raise();
        let now = getrlimit(Resource::Nofile);
        assert_eq!(now.current, now.maximum);
        assert_eq!(
            limit as u64,
            now.current.map_or(UNLIMITED as u64, |current| current.min(UNLIMITED as u64))
        );
        assert!(open_now() > 2);
    }

    #[test]
    fn all_shares_together_stay_below_the_limit_and_a_limit_that_is_too_low_is_refused() {
        for limit in [220, 256, 300, 1_024, 20_000, UNLIMITED] {
            let open = 90;
            let shares = Shares::of(limit, open, 10).expect("enough");
            let pools = POOLS * A_POOLED_CONNECTION * 10;
            let sum = open + pools + SET_ASIDE + shares.control + shares.spare + shares.shop;
            assert!(sum <= limit, "{limit}: {shares:?}");
            assert!(shares.control >= 16 && shares.shop >= LEAST_FOR_SHOP, "{limit}: {shares:?}");
        }
        let refused = Shares::of(128, 90, 10).expect_err("too few");
        assert!(refused.contains("is 128") && refused.contains("at least 210"), "{refused}");
        assert!(Shares::of(210, 90, 10).is_ok());
        assert!(Shares::of(4_096, 90, 1_000).is_ok(), "a pool that may be large is no reason");
    }

    #[test]
    fn a_low_limit_is_worth_a_row_and_a_high_one_is_not() {
        let note = |limit| Shares::of(limit, 90, 10).expect("enough").row().map(|row| row.note);
        assert!(note(256).is_some_and(|note| note.contains("visits a minute")));
        assert_eq!(note(PLENTY), None);
    }

    #[test]
    fn spare_descriptors_are_given_up_one_by_one_and_taken_back() {
        let mut spare = Spare::hold(2);
        assert!(spare.release() && spare.release() && !spare.release());
        spare.refill();
        assert!(spare.release());
    }
}
