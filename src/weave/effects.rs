//! What an effect does to a crossing, where that is the same at every seam: waiting, hanging, burning, leaking. What
//! only one seam can do — answer, lock, slow down the engine — is handed back to it.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use opentelemetry::Context;
use tracing::warn;

use super::{burn, leaks};
use crate::{
    chaos::{action::Action, decide::Verdict, live::Live},
    kernel::service::Service,
    telemetry::routing,
};

/// Lets the verdict's effect happen, and hands back what is left to be done by the seam.
pub async fn befall(verdict: Verdict) -> Option<Verdict> {
    shielded(happen(verdict)).await.flatten()
}

async fn happen(verdict: Verdict) -> Option<Verdict> {
    let Verdict { fault, action } = &verdict;
    // Who queued behind a burning crossing may come here after the fault was cleared.
    if fault.is_over() {
        return None;
    }
    match action {
        Action::Wait(how_long) => wait(fault, *how_long).await,
        Action::Hang => fault.over().await,
        Action::BurnCpu(budget) => burn::simulate_cpu_work(*budget, || fault.is_over()),
        Action::Leak { bytes, cap } => leaks::leak(fault, *bytes, *cap),
        Action::Answer { .. }
        | Action::SlowQuery(_)
        | Action::HoldLock { .. }
        | Action::CacheOutage
        | Action::LoseContext
        | Action::Starve => return Some(verdict),
    }
    None
}

/// Waits so long, or until the fault is over.
pub async fn wait(fault: &Arc<Live>, how_long: Duration) {
    // A timer fires within the millisecond after its time; over in between, the fault ends the wait at once.
    let _ = tokio::time::timeout(how_long, fault.over()).await;
}

/// Waits until `end`, or until the fault is over; for threads that have no timer.
pub fn wait_blocking(fault: &Live, end: Instant) {
    const STEP: Duration = Duration::from_millis(5);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || fault.is_over() {
            return;
        }
        std::thread::sleep(left.min(STEP));
    }
}

/// Runs an effect so that it can do no harm but its own: when it panics, the crossing passes.
pub async fn shielded<T>(effect: impl Future<Output = T>) -> Option<T> {
    match AssertUnwindSafe(effect).catch_unwind().await {
        Ok(done) => Some(done),
        Err(_) => {
            confess();
            None
        }
    }
}

/// The lab's own mistake is the lab's own line, outside of any trace of the shop; once is enough.
fn confess() {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Ordering::Relaxed) {
        let _nobodys = Context::new().attach();
        routing::on_behalf(
            Service::Lab,
            || warn!(name: "effect.panicked", "an effect panicked; the crossing passed"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::{board::Board, fault::Fault, setting::Setting};

    #[tokio::test]
    async fn an_effect_that_panics_lets_the_crossing_pass() {
        assert_eq!(shielded(async { 7 }).await, Some(7));
        assert_eq!(shielded(async { assert!(std::hint::black_box(false), "on purpose") }).await, None);
    }

    #[tokio::test]
    async fn a_wait_ends_with_its_fault() {
        let (board, verdict) = struck(r#"{"id":"a","effect":"hang"}"#);
        let hanging = tokio::spawn(befall(verdict));
        tokio::task::yield_now().await;
        assert!(!hanging.is_finished());
        board.clear();
        let left =
            tokio::time::timeout(Duration::from_secs(5), hanging).await.expect("ended").expect("whole");
        assert!(left.is_none());
    }

    /// A crossing of the catalogue that was struck by `fault`.
    fn struck(fault: &str) -> (Board, Verdict) {
        use super::super::visitor::Visitor;
        use crate::chaos::crossing::Place;
        let fault: Fault = serde_json::from_str(fault).expect("a fault");
        let board = Board::new(None);
        board.apply(&Setting { faults: vec![fault], ..Setting::default() });
        let place = Place::Inbound { method: "GET", route: "/products" };
        let verdict = board.panel(Service::Catalog).decide(&Visitor::current().crossing(place));
        (board, verdict.expect("struck"))
    }
}
