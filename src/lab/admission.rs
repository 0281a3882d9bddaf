//! Who may be connected to a listener: a table of its connections, and who has to go when it is full.
//!
//! A connection that never sent a request costs its owner nothing, so it is the first to go; one that is idle between two
//! requests comes next. Where strangers can reach the address, some connections are kept for callers of this machine and for
//! holders of the token, no remote address holds more than half of the others, and the address that holds the most makes
//! room for a newcomer. Pure but for its lock: it knows addresses and phases, and nothing of sockets.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::kernel::sockets::{Permit, Share};

/// In a shop that drowns, a request may take so long to be read although it was sent at once.
const JUST_COME: Duration = Duration::from_millis(250);

/// How many connections there may be, and whose.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub most: usize,
    /// Of those, so many are for callers of this machine, where others can reach the address too.
    pub reserved: usize,
    /// Whether others can reach it.
    pub is_exposed: bool,
    /// Whether idle and working connections make room too, and not only those that never sent a request.
    pub is_strict: bool,
}

/// The connections of one listener.
pub struct Admission {
    limits: Limits,
    share: Option<&'static Share>,
    table: Mutex<Table>,
    /// A place has become free.
    freed: Notify,
}

#[derive(Default)]
struct Table {
    next: u64,
    open: BTreeMap<u64, Open>,
    /// Those that have come silent, in the order in which they came; some may have left or asked something since.
    silent: VecDeque<u64>,
}

struct Open {
    remote: IpAddr,
    since: Instant,
    connection: Arc<Connection>,
}

/// What is known of a connection.
#[derive(Default)]
pub struct Connection {
    phase: AtomicU8,
    is_trusted: AtomicBool,
    cut: Notify,
}

/// What a connection does. The later in this list, the earlier it has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Working = 2,
    Idle = 1,
    /// It has not sent a request yet.
    Silent = 0,
}

/// A connection's place in the table, until it is dropped.
pub struct Place {
    admission: Arc<Admission>,
    number: u64,
    pub connection: Arc<Connection>,
    permit: Option<Permit>,
}

/// What became of a newcomer.
pub enum Admitted {
    /// It is in; somebody else may have had to go for it.
    In(Place, usize),
    /// There is no room.
    Full,
}

impl Connection {
    pub fn work(&self) {
        self.phase.store(Phase::Working as u8, Ordering::Relaxed);
    }

    pub fn rest(&self) {
        self.phase.store(Phase::Idle as u8, Ordering::Relaxed);
    }

    /// It has shown the token: it never makes room.
    pub fn trust(&self) {
        self.is_trusted.store(true, Ordering::Relaxed);
    }

    /// Whether it has never sent a request.
    pub fn is_silent(&self) -> bool {
        self.phase() == Phase::Silent
    }

    /// Resolves when it has to be closed.
    pub async fn cut(&self) {
        self.cut.notified().await;
    }

    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Silent,
            1 => Phase::Idle,
            _ => Phase::Working,
        }
    }

    fn is_trusted(&self) -> bool {
        self.is_trusted.load(Ordering::Relaxed)
    }
}

impl Admission {
    /// `share` is what its connections take their sockets from, where it has none of its own.
    pub fn new(limits: Limits, share: Option<&'static Share>) -> Arc<Self> {
        Arc::new(Admission { limits, share, table: Mutex::default(), freed: Notify::new() })
    }

    /// Finds a place for a connection from `remote`.
    pub fn admit(self: &Arc<Self>, remote: IpAddr) -> Admitted {
        let remote = remote.to_canonical();
        let mut table = self.table();
        table.forget_those_who_asked();
        let mut gone = 0;
        while let Some(why) = self.lacks(&table, remote) {
            let Some(number) = self.victim(&mut table, remote, why) else { return Admitted::Full };
            table.cut(number);
            gone += 1;
        }
        let permit = match self.share.map(Share::try_take) {
            Some(None) => {
                // Its socket is closed in a moment; the newcomer waits for that.
                if let Some(number) = self.victim(&mut table, remote, Lack::Places) {
                    table.cut(number);
                }
                return Admitted::Full;
            }
            Some(permit) => permit,
            None => None,
        };
        let number = table.next;
        table.next += 1;
        let connection = Arc::<Connection>::default();
        table.open.insert(number, Open { remote, since: Instant::now(), connection: connection.clone() });
        table.silent.push_back(number);
        drop(table);
        Admitted::In(Place { admission: self.clone(), number, connection, permit }, gone)
    }

    /// Makes room where the process has no descriptor left. Whether somebody had to go.
    pub fn make_room(&self) -> bool {
        let mut table = self.table();
        let victim = self.victim(&mut table, IpAddr::from([0, 0, 0, 0]), Lack::Places);
        victim.inspect(|number| table.cut(*number)).is_some()
    }

    /// Resolves when a place has become free, or after `patience`.
    pub async fn freed(&self, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.freed.notified()).await;
    }

    /// What is missing for a newcomer.
    fn lacks(&self, table: &Table, remote: IpAddr) -> Option<Lack> {
        let Limits { most, reserved, is_exposed, .. } = self.limits;
        // No listener takes more than half of a share: the others are to be reached too.
        let most = self.share.map_or(most, |share| most.min((share.size() / 2).max(1)));
        if !is_exposed || remote.is_loopback() {
            return (table.open.len() >= most).then_some(Lack::Places);
        }
        let for_strangers = most.saturating_sub(reserved);
        let strangers = table.strangers();
        if strangers.clone().count() >= for_strangers {
            return Some(Lack::Places);
        }
        let of_address = strangers.filter(|(_, open)| open.remote == remote).count();
        (of_address * 2 >= for_strangers.max(2)).then_some(Lack::OfAddress)
    }

    /// Who has to go for a newcomer from `remote`: the oldest that never sent a request; where there is none, the one that
    /// does the least, of the address that holds the most.
    fn victim(&self, table: &mut Table, remote: IpAddr, why: Lack) -> Option<u64> {
        table.forget_those_who_asked();
        let is_eligible = |open: &Open| {
            let is_local = self.limits.is_exposed && open.remote.is_loopback();
            let is_far = why == Lack::OfAddress && open.remote != remote;
            !open.connection.is_trusted() && !is_far && (!is_local || remote.is_loopback())
        };
        // A flood of them must not cost a look at the whole table for each.
        let may_go_silently = |number: &&u64| {
            table.open.get(*number).is_some_and(|open| {
                let has_waited = self.limits.is_strict || open.since.elapsed() >= JUST_COME;
                open.connection.is_silent() && has_waited && is_eligible(open)
            })
        };
        if let Some(number) = table.silent.iter().find(may_go_silently) {
            return Some(*number);
        }
        if !self.limits.is_strict {
            return None;
        }
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for open in table.open.values() {
            *held.entry(open.remote).or_default() += 1;
        }
        let holds = |address: &IpAddr| held.get(address).copied().unwrap_or_default();
        let ours = holds(&remote);
        let may_go = |open: &Open| match open.connection.phase() {
            Phase::Silent | Phase::Idle => true,
            // Work is interrupted for callers of this machine, and for the sake of fairness among strangers.
            Phase::Working => {
                let is_first = remote.is_loopback() && !open.remote.is_loopback();
                self.limits.is_exposed && (is_first || holds(&open.remote) > ours + 1)
            }
        };
        let candidates = table.open.iter().filter(|(_, open)| is_eligible(open) && may_go(open));
        let worst = candidates.min_by_key(|(number, open)| {
            let most_first = usize::MAX - holds(&open.remote);
            (open.connection.phase(), most_first, open.since, **number)
        });
        worst.map(|(number, _)| *number)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    Places,
    /// The remote address holds as many as one may.
    OfAddress,
}

impl Table {
    fn strangers(&self) -> impl Iterator<Item = (&u64, &Open)> + Clone {
        let is_stranger = |open: &Open| !open.remote.is_loopback() && !open.connection.is_trusted();
        self.open.iter().filter(move |(_, open)| is_stranger(open))
    }

    /// Drops from the front of the queue those that have left or have sent a request.
    fn forget_those_who_asked(&mut self) {
        let is_silent = |number: &u64, open: &BTreeMap<u64, Open>| {
            open.get(number).is_some_and(|open| open.connection.is_silent())
        };
        while self.silent.front().is_some_and(|number| !is_silent(number, &self.open)) {
            self.silent.pop_front();
        }
        // Where the first one stays silent for long, others behind it may have gone.
        if self.silent.len() > 2 * self.open.len() + 16 {
            self.silent.retain(|number| is_silent(number, &self.open));
        }
    }

    /// Asks a connection to close; its place is free at once.
    fn cut(&mut self, number: u64) {
        if let Some(open) = self.open.remove(&number) {
            open.connection.cut.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.admission.table();
        table.open.remove(&self.number);
        drop(table);
        // Its socket is another's first: who waits looks for both.
        drop(self.permit.take());
        self.admission.freed.notify_one();
    }
}

#[cfg(test)]
mod tests;
