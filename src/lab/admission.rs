//! Who may be connected to a listener: a table of its connections, and who has to go when it is full.
//!
//! A connection that never sent a request costs its owner nothing, so it is the first to go; one that is idle between two
//! requests comes next. Where strangers can reach the address, some connections are kept for callers of this machine and for
//! whoever has shown the token, no remote address holds more than half of the others, and a newcomer takes the place of
//! whoever holds the most. Pure but for its lock: it knows addresses and phases, and nothing of sockets.

use std::{
    collections::{BTreeMap, HashMap},
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

    /// It has shown the token: nobody takes its place.
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
        let mut gone = 0;
        while let Some(why) = self.lacks(&table, remote) {
            let Some(number) = self.victim(&table, remote, why) else { return Admitted::Full };
            table.cut(number);
            gone += 1;
        }
        let permit = match self.share.map(Share::try_take) {
            Some(None) => {
                // Its socket is closed in a moment; the newcomer waits for that.
                if let Some(number) = self.victim(&table, remote, Lack::Places) {
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
        drop(table);
        Admitted::In(Place { admission: self.clone(), number, connection, permit }, gone)
    }

    /// Makes room where the process has no descriptor left. Whether somebody had to go.
    pub fn make_room(&self) -> bool {
        let mut table = self.table();
        let victim = self.victim(&table, IpAddr::from([0, 0, 0, 0]), Lack::Places);
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

    /// Who has to go for a newcomer from `remote`: the one that does the least, of the address that holds the most, and of
    /// those the oldest.
    fn victim(&self, table: &Table, remote: IpAddr, why: Lack) -> Option<u64> {
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for open in table.open.values() {
            *held.entry(open.remote).or_default() += 1;
        }
        let holds = |address: &IpAddr| held.get(address).copied().unwrap_or_default();
        let ours = holds(&remote);
        let may_go = |open: &Open| {
            let is_local = self.limits.is_exposed && open.remote.is_loopback();
            let is_near = why == Lack::OfAddress && open.remote != remote;
            if open.connection.is_trusted() || is_near || is_local && !remote.is_loopback() {
                return false;
            }
            match open.connection.phase() {
                Phase::Silent => self.limits.is_strict || open.since.elapsed() >= JUST_COME,
                Phase::Idle => self.limits.is_strict,
                // Work is interrupted for callers of this machine, and for the sake of fairness among strangers.
                Phase::Working => {
                    let is_first = remote.is_loopback() && !open.remote.is_loopback();
                    let is_fair = is_first || holds(&open.remote) > ours + 1;
                    self.limits.is_strict && self.limits.is_exposed && is_fair
                }
            }
        };
        let candidates = table.open.iter().filter(|(_, open)| may_go(open));
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
mod tests {
    use super::*;

    const HERE: [u8; 4] = [127, 0, 0, 1];
    const FAR: [u8; 4] = [192, 0, 2, 1];
    const FARTHER: [u8; 4] = [198, 51, 100, 7];

    fn admission(most: usize, reserved: usize, is_exposed: bool) -> Arc<Admission> {
        Admission::new(Limits { most, reserved, is_exposed, is_strict: true }, None)
    }

    impl Admission {
        fn has_waited(&self, number: u64) {
            let mut table = self.table();
            let open = table.open.get_mut(&number).expect("open");
            open.since = Instant::now().checked_sub(2 * JUST_COME).expect("later than the start");
        }
    }

    #[track_caller]
    fn admitted(admission: &Arc<Admission>, remote: [u8; 4]) -> Place {
        match admission.admit(remote.into()) {
            Admitted::In(place, _) => place,
            Admitted::Full => panic!("full"),
        }
    }

    fn is_full(admission: &Arc<Admission>, remote: [u8; 4]) -> bool {
        matches!(admission.admit(remote.into()), Admitted::Full)
    }

    async fn is_cut(place: &Place) -> bool {
        tokio::time::timeout(Duration::from_millis(1), place.connection.cut()).await.is_ok()
    }

    #[tokio::test]
    async fn the_oldest_that_never_sent_a_request_goes_first_then_the_oldest_that_is_idle() {
        let admission = admission(3, 0, false);
        let places = [HERE; 3].map(|remote| admitted(&admission, remote));
        places[0].connection.work();
        places[0].connection.rest();
        places[1].connection.work();
        let newcomer = admitted(&admission, HERE);
        assert!(is_cut(&places[2]).await && !is_cut(&places[0]).await);
        newcomer.connection.work();
        let another = admitted(&admission, HERE);
        assert!(is_cut(&places[0]).await && !is_cut(&places[1]).await);
        another.connection.work();
        assert!(is_full(&admission, HERE), "work is not interrupted");
        drop(another);
        admitted(&admission, HERE);
    }

    #[tokio::test]
    async fn strangers_leave_the_reserved_places_to_callers_of_this_machine() {
        let admission = admission(6, 2, true);
        let far: Vec<_> = [FAR, FAR, FARTHER, FARTHER].map(|remote| admitted(&admission, remote)).into();
        far.iter().for_each(|place| place.connection.work());
        assert!(is_full(&admission, FAR), "all of theirs work, and none has more than another");
        let near = [HERE; 2].map(|remote| admitted(&admission, remote));
        near.iter().for_each(|place| place.connection.work());
        // Beyond the reserve, a stranger makes room.
        let third = admitted(&admission, HERE);
        assert!(!is_cut(&near[0]).await && !is_cut(&near[1]).await);
        let mut cut = 0;
        for place in &far {
            cut += usize::from(is_cut(place).await);
        }
        assert_eq!(cut, 1);
        drop(third);
    }

    #[tokio::test]
    async fn one_remote_address_never_holds_more_than_half_and_makes_room_for_others() {
        let admission = admission(10, 2, true);
        let held: Vec<_> = (0..4).map(|_| admitted(&admission, FAR)).collect();
        held.iter().for_each(|place| place.connection.work());
        assert!(is_full(&admission, FAR), "half of eight are its own");
        held[1].connection.rest();
        let again = admitted(&admission, FAR);
        assert!(is_cut(&held[1]).await, "its own idle one goes");
        drop(again);
        let others: Vec<_> = (0..4).map(|_| admitted(&admission, FARTHER)).collect();
        assert_eq!(others.len(), 4);
    }

    #[tokio::test]
    async fn nobody_takes_the_place_of_whoever_has_shown_the_token() {
        let admission = admission(2, 0, true);
        let presenter = admitted(&admission, FAR);
        presenter.connection.trust();
        presenter.connection.work();
        presenter.connection.rest();
        let stranger = admitted(&admission, FARTHER);
        let _another = admitted(&admission, [203, 0, 113, 9]);
        assert!(!is_cut(&presenter).await);
        drop(stranger);
    }

    #[tokio::test]
    async fn where_work_is_never_interrupted_only_those_go_that_never_sent_a_request() {
        let limits = Limits { most: 2, reserved: 0, is_exposed: false, is_strict: false };
        let admission = Admission::new(limits, None);
        let places = [HERE; 2].map(|remote| admitted(&admission, remote));
        places[0].connection.work();
        places[0].connection.rest();
        assert!(is_full(&admission, HERE), "its request may be on its way");
        admission.has_waited(1);
        let _third = admitted(&admission, HERE);
        assert!(is_cut(&places[1]).await && !is_cut(&places[0]).await);
    }

    #[tokio::test]
    async fn a_share_that_is_used_up_closes_a_silent_one_and_lets_the_newcomer_wait() {
        static SHARE: Share = Share::unlimited();
        SHARE.limit_to(1);
        let limits = Limits { most: 9, reserved: 0, is_exposed: false, is_strict: false };
        let admission = Admission::new(limits, Some(&SHARE));
        let silent = admitted(&admission, HERE);
        admission.has_waited(0);
        assert!(is_full(&admission, HERE));
        assert!(is_cut(&silent).await);
        drop(silent);
        admission.freed(Duration::from_secs(5)).await;
        admitted(&admission, HERE);
    }
}
