//! Keeps the traces that the lab itself refers to: the first that each active fault affected, which the ledger
//! and `/api/faults` list, and those of recent debriefs. The store keeps them as long as there is room.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval};

use super::{desk::Desk, wanted::id};
use crate::{chaos::ledger::BASELINE, kernel::clock};

/// Oftener than a fresh trace may be evicted.
const EVERY: Duration = Duration::from_secs(2);
/// So many of the first traces of each fault: enough to see what it does.
const OF_EACH_FAULT: usize = 20;
/// How long a trace is kept after it was last named.
const KEPT_MS: i64 = 15 * 60_000;
/// How long after its end the traces of a debrief are kept.
const DEBRIEF_MS: i64 = 60 * 60_000;

/// Does so every two seconds, for as long as there is a desk.
pub async fn keep(desk: Weak<Desk>) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(desk) = desk.upgrade() else { return };
        if desk.console.store.is_none() {
            return;
        }
        let ids = cited(&desk);
        // The store may be busy: the control address must not wait for it.
        let _ = desk.console.asked(move |store| store.cite(&ids, KEPT_MS)).await;
    }
}

fn cited(desk: &Arc<Desk>) -> Vec<[u8; 16]> {
    let status = desk.console.control.status();
    let mut totals = desk.console.counts.totals();
    // Faults of the baseline are always active: their first traces are of no interest.
    let special = status.faults.iter().filter(|active| !is_baseline(&active.source));
    let of_faults = special.filter_map(|active| totals.remove(&active.fault.id));
    let of_faults = of_faults.flat_map(|count| count.trace_ids.into_iter().take(OF_EACH_FAULT));
    let now_ms = clock::now_millis();
    let runs = desk.console.exercises.list().into_iter();
    let recent = runs.filter(|run| run.ended_ms.is_some_and(|ended_ms| now_ms - ended_ms < DEBRIEF_MS));
    let of_debriefs = recent.flat_map(|run| run.trace_ids);
    of_faults.chain(of_debriefs).filter_map(|text| id("trace_id", &text).ok()).collect()
}

/// Whether faults of this source are active underneath every scenario.
fn is_baseline(source: &str) -> bool {
    source == BASELINE || source.starts_with("normal/")
}
