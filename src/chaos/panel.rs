//! What a service sees of the faults: a panel at its seams. With nothing to do at a seam, a crossing costs it one
//! atomic load.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU8, Ordering},
};

use tokio::sync::watch;

use super::{
    crossing::Crossing,
    decide::{self, Rule, Verdict},
    fault::{Effect, Hold},
    live::Live,
    target::Seam,
};
use crate::kernel::{client::Retry, service::Service};

/// The bit of changed retry policies, beside one bit a seam.
const RETRY: u8 = 1 << Seam::ALL.len();
/// The bit of connections that are held.
const HOLD: u8 = RETRY << 1;

/// One service's panel.
#[derive(Debug)]
pub struct Panel {
    pub service: Service,
    /// A bit a seam at which something is active.
    active: AtomicU8,
    rules: RwLock<Arc<Rules>>,
    standing: watch::Sender<Standing>,
}

/// The active faults of one service, seam by seam.
#[derive(Debug, Default)]
pub struct Rules {
    seams: [Vec<Rule>; Seam::ALL.len()],
    retry: Vec<Rule>,
}

/// States of the whole service.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The service is down because of this fault.
    pub down: Option<Arc<Live>>,
    /// So many connections are to be held because of this fault.
    pub hold: Option<(Arc<Live>, Hold)>,
    /// The version the service runs as, when it is not the binary's.
    pub version: Option<String>,
}

impl Panel {
    pub fn new(service: Service) -> Self {
        Panel {
            service,
            active: AtomicU8::new(0),
            rules: RwLock::default(),
            standing: watch::Sender::new(Standing::default()),
        }
    }

    /// Whether any fault is active at `seam`.
    #[inline]
    pub fn is_active(&self, seam: Seam) -> bool {
        self.active.load(Ordering::Relaxed) & (1 << seam.index()) != 0
    }

    /// Whether any fault is active at any seam of the service.
    #[inline]
    pub fn is_any_active(&self) -> bool {
        self.active.load(Ordering::Relaxed) != 0
    }

    /// The verdict on a crossing; `None` lets it pass.
    pub fn decide(&self, crossing: &Crossing<'_>) -> Option<Verdict> {
        let seam = crossing.place.seam();
        if !self.is_active(seam) {
            return None;
        }
        decide::decide(&self.rules().seams[seam.index()], crossing)
    }

    /// The policy a client must follow instead of its own.
    pub fn retry(&self, crossing: &Crossing<'_>) -> Option<Retry> {
        if self.active.load(Ordering::Relaxed) & RETRY == 0 {
            return None;
        }
        decide::retry(&self.rules().retry, crossing)
    }

    /// Whether a fault at `seam` wants to know the product or the category a request is about.
    pub fn asks_for_subject(&self, seam: Seam) -> bool {
        let asks = |rule: &Rule| !rule.fault.on.product.is_empty() || !rule.fault.on.category.is_empty();
        if !self.is_any_active() {
            return false;
        }
        let rules = self.rules();
        let retry = if seam == Seam::Outbound { rules.retry.as_slice() } else { &[] };
        rules.seams[seam.index()].iter().chain(retry).any(asks)
    }

    /// The fault because of which connections are held.
    pub fn holder(&self) -> Option<Arc<Live>> {
        if self.active.load(Ordering::Relaxed) & HOLD == 0 {
            return None;
        }
        self.standing.borrow().hold.as_ref().map(|(live, _)| live.clone())
    }

    /// States of the whole service, as they change.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    fn rules(&self) -> Arc<Rules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on `rules` are active, in this order.
    pub(super) fn set(&self, rules: Vec<Rule>, version: Option<String>) {
        let sorted = Rules {
            seams: Seam::ALL.map(|seam| decide::at(&rules, seam)),
            retry: rules
                .iter()
                .filter(|rule| matches!(rule.fault.effect, Effect::Retry(_)))
                .cloned()
                .collect(),
        };
        let mut active = if sorted.retry.is_empty() { 0 } else { RETRY };
        for seam in Seam::ALL {
            active |= u8::from(!sorted.seams[seam.index()].is_empty()) << seam.index();
        }
        let mut standing = Standing { version, ..Standing::default() };
        for rule in rules {
            // The first of its kind counts.
            match &rule.fault.effect {
                Effect::Down => {
                    standing.down.get_or_insert(rule.live);
                }
                Effect::HoldConnections(hold) => {
                    standing.hold.get_or_insert((rule.live, *hold));
                }
                Effect::Delay(_)
                | Effect::Fail(_)
                | Effect::Hang
                | Effect::SlowQuery(_)
                | Effect::HoldLock(_)
                | Effect::BurnCpu(_)
                | Effect::LeakMemory(_)
                | Effect::CacheOutage
                | Effect::Retry(_)
                | Effect::LoseContext => {}
            }
        }
        active |= if standing.hold.is_some() { HOLD } else { 0 };
        self.standing.send_replace(standing);
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(sorted);
        self.active.store(active, Ordering::Relaxed);
    }
}
