//! What proves that something works. A part of the lab that does a thing again and again counts each time it *has done*
//! it, or has found that there was nothing to do. Who watches looks at the count: one that no longer grows belongs to a
//! part that stands still, whatever it answers otherwise. A part that hangs cannot fake it, since it does not get as far
//! as counting.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long a part may stand still, unless it has a reason for more. Long enough for a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A count of rounds that were done. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Heartbeat(Arc<AtomicU64>);

impl Heartbeat {
    /// A round is done.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were done.
    pub fn rounds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// What is seen of a part that always has something to do.
    pub fn seen(&self) -> Seen {
        Seen::working(self.rounds())
    }
}

/// What one look at a part shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Rounds that were done up to now; nothing when there is nothing to do.
    pub rounds: Option<u64>,
    /// How long the same number of rounds is no reason to worry.
    pub patience: Duration,
    /// Why it does not go on, where that is known.
    pub trouble: Option<Cow<'static, str>>,
}

impl Seen {
    pub fn working(rounds: u64) -> Seen {
        Seen { rounds: Some(rounds), patience: PATIENCE, trouble: None }
    }

    pub fn idle() -> Seen {
        Seen { rounds: None, patience: PATIENCE, trouble: None }
    }

    /// The same, with why it does not go on.
    #[must_use]
    pub fn because(self, trouble: Option<impl Into<Cow<'static, str>>>) -> Seen {
        Seen { trouble: trouble.map(Into::into), ..self }
    }

    /// The same, with another patience.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Seen {
        Seen { patience, ..self }
    }
}
