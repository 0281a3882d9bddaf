//! A fault while it is active in this process: how often it was met, whom it struck, and when it is over.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::{action::Action, crossing::Crossing, target::Seam};
use crate::kernel::{clock, id::hex, lock::Mutex};

/// How many trace ids are kept of a fault.
pub const FIRST_TRACES: usize = 100;

/// How many of the newest traces are remembered besides, for whoever asks about one of them.
const NEWEST_TRACES: usize = 4_096;

/// Told of every crossing that was struck, at once and on its thread: it must not wait.
pub type Witness = Arc<dyn Fn(Strike<'_>) + Send + Sync>;

/// A crossing that was struck.
#[derive(Clone, Copy, Debug)]
pub struct Strike<'a> {
    pub fault: &'a str,
    pub trace_id: [u8; 16],
    pub seam: Seam,
    pub attempt: u32,
    /// `None` for a changed retry policy.
    pub action: Option<&'a Action>,
}

/// What a fault has done so far. Shared by all services of a process; it outlives changes of share and parameters. Its two
/// locks are never held together.
pub struct Live {
    pub id: String,
    matched: AtomicU64,
    struck: AtomicU64,
    /// Milliseconds since 1970; 0 until then.
    first_struck_ms: AtomicI64,
    first: Mutex<Vec<[u8; 16]>>,
    newest: Mutex<VecDeque<[u8; 16]>>,
    over: watch::Sender<bool>,
    witness: Option<Witness>,
}

/// The counts of a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FaultCount)]
pub struct Count {
    /// Crossings it was about.
    pub matched: u64,
    /// Of those, the ones that it struck.
    pub hit: u64,
    /// When it first struck, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_hit_ms: Option<i64>,
    /// The first hundred traces that it struck, in the order of being struck.
    pub trace_ids: Vec<String>,
}

impl Live {
    pub fn new(id: &str, witness: Option<Witness>) -> Self {
        Live {
            id: id.to_owned(),
            matched: AtomicU64::new(0),
            struck: AtomicU64::new(0),
            first_struck_ms: AtomicI64::new(0),
            first: Mutex::default(),
            newest: Mutex::default(),
            over: watch::Sender::new(false),
            witness,
        }
    }

    pub fn matched(&self) {
        self.matched.fetch_add(1, Ordering::Relaxed);
    }

    pub fn struck(&self, crossing: &Crossing<'_>, action: &Action) {
        self.note(crossing, Some(action));
    }

    /// A client's policy was changed for this errand.
    pub fn stormed(&self, crossing: &Crossing<'_>) {
        self.note(crossing, None);
    }

    fn note(&self, crossing: &Crossing<'_>, action: Option<&Action>) {
        let before = self.struck.fetch_add(1, Ordering::Relaxed);
        if before == 0 {
            self.first_struck_ms.store(clock::now_millis(), Ordering::Relaxed);
        }
        // Beyond the first, only the number counts. A trace may be struck more than once: it is kept once.
        if before < 4 * FIRST_TRACES as u64 {
            let mut first = self.first.lock();
            if first.len() < FIRST_TRACES && !first.contains(&crossing.trace_id) {
                first.push(crossing.trace_id);
            }
        }
        let mut newest = self.newest.lock();
        if newest.back() != Some(&crossing.trace_id) {
            if newest.len() >= NEWEST_TRACES {
                newest.pop_front();
            }
            newest.push_back(crossing.trace_id);
        }
        drop(newest);
        if let Some(witness) = &self.witness {
            witness(Strike {
                fault: &self.id,
                trace_id: crossing.trace_id,
                seam: crossing.place.seam(),
                attempt: crossing.attempt,
                action,
            });
        }
    }

    /// Whether it struck this trace: one of its first, or of its newest.
    pub fn has_struck(&self, trace_id: &[u8; 16]) -> bool {
        let is_among_newest = self.newest.lock().contains(trace_id);
        is_among_newest || self.first.lock().contains(trace_id)
    }

    /// The newest traces it struck, the last one first.
    pub fn newest(&self, most: usize) -> Vec<[u8; 16]> {
        let newest = self.newest.lock();
        newest.iter().rev().take(most).copied().collect()
    }

    pub fn count(&self) -> Count {
        let first = self.first.lock();
        Count {
            matched: self.matched.load(Ordering::Relaxed),
            hit: self.struck.load(Ordering::Relaxed),
            first_hit_ms: Some(self.first_struck_ms.load(Ordering::Relaxed)).filter(|at| *at > 0),
            trace_ids: first.iter().map(|id| hex(id)).collect(),
        }
    }

    /// Whether the fault has been cleared.
    pub fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Ends with the fault: whoever waits because of it need not wait longer.
    pub async fn over(&self) {
        // The sender lives as long as `self`.
        let _ = self.over.subscribe().wait_for(|over| *over).await;
    }

    pub(super) fn end(&self) {
        self.over.send_replace(true);
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("id", &self.id).finish_non_exhaustive()
    }
}
