//! What the faults have done in all processes: this one's board, and what those that follow report of theirs.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use super::{
    board::Board,
    check,
    live::{Count, FIRST_TRACES},
    setting::Revision,
};
use crate::kernel::{id::hex, lock::Mutex};

/// Processes whose reports are kept; beyond that the one that has been silent longest is forgotten.
pub const MOST_PROCESSES: usize = 128;

/// The counts of all processes. A process reports absolute numbers, so that a report that is lost or comes twice does
/// no harm.
///
/// Order of locks: `reports`, then the board's own ([`Counts::report`]).
pub struct Counts {
    board: Arc<Board>,
    reports: Mutex<BTreeMap<String, Report>>,
}

struct Report {
    at: Instant,
    faults: BTreeMap<String, Count>,
}

impl Counts {
    /// `board` is that of the engine's own process.
    pub fn new(board: Arc<Board>) -> Self {
        Counts { board, reports: Mutex::default() }
    }

    /// Takes what `process` says of its faults; what it leaves out stays as it said before. Of another run of the
    /// engine than ours nothing is taken: those were other faults.
    pub fn report(&self, process: &str, revision: Revision, faults: BTreeMap<String, Count>) {
        if revision.run != self.board.revision().run {
            return;
        }
        let mut reports = self.reports.lock();
        let is_new = !reports.contains_key(process);
        if is_new && reports.len() >= MOST_PROCESSES {
            let silent = reports.iter().min_by_key(|(_, report)| report.at).map(|(name, _)| name.clone());
            silent.map(|name| reports.remove(&name));
        }
        let now = Instant::now();
        let report =
            reports.entry(process.to_owned()).or_insert_with(|| Report { at: now, faults: BTreeMap::new() });
        report.at = now;
        // What is neither active any more nor just reported is of no use to anybody.
        report.faults.retain(|id, _| self.board.is_active(id));
        for (id, mut count) in faults.into_iter().filter(|(id, _)| check::is_id(id)) {
            count.trace_ids.truncate(FIRST_TRACES);
            count.trace_ids.retain(|trace| trace.len() == 32);
            report.faults.insert(id, count);
        }
    }

    /// Whether the fault of this id struck this trace, as far as any process remembers.
    pub fn has_struck(&self, id: &str, trace_id: &[u8; 16]) -> bool {
        let here = self.board.live(id).is_some_and(|live| live.has_struck(trace_id));
        here || {
            let text = hex(trace_id);
            let reports = self.reports.lock();
            reports.values().filter_map(|one| one.faults.get(id)).any(|one| one.trace_ids.contains(&text))
        }
    }

    /// Some traces that the fault of this id struck, the newest first where that is known.
    pub fn struck(&self, id: &str, most: usize) -> Vec<String> {
        let mut traces: Vec<String> = match self.board.live(id) {
            Some(live) => live.newest(most).iter().map(|id| hex(id)).collect(),
            None => Vec::new(),
        };
        let reports = self.reports.lock();
        let theirs = reports.values().filter_map(|one| one.faults.get(id)).flat_map(|one| &one.trace_ids);
        traces.extend(theirs.take(most.saturating_sub(traces.len())).cloned());
        traces
    }

    /// The counts of every active fault, and of those that have just ended elsewhere, over all processes.
    pub fn totals(&self) -> BTreeMap<String, Count> {
        let mut totals = self.board.counts();
        let reports = self.reports.lock();
        for (id, count) in reports.values().flat_map(|report| &report.faults) {
            let total = totals.entry(id.clone()).or_default();
            total.matched = total.matched.saturating_add(count.matched);
            total.hit = total.hit.saturating_add(count.hit);
            total.first_hit_ms = total.first_hit_ms.into_iter().chain(count.first_hit_ms).min();
            for trace in &count.trace_ids {
                if total.trace_ids.len() < FIRST_TRACES && !total.trace_ids.contains(trace) {
                    total.trace_ids.push(trace.clone());
                }
            }
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::{
        fault::{Effect, Fault},
        setting::Setting,
    };

    fn board(ids: &[&str]) -> Arc<Board> {
        let board = Arc::new(Board::new(None));
        board.apply(&setting(ids));
        board
    }

    fn setting(ids: &[&str]) -> Setting {
        let fault = |id: &&str| Fault {
            id: (*id).to_owned(),
            on: Default::default(),
            share: Default::default(),
            effect: Effect::Hang,
        };
        let revision = Revision { run: 1, number: 1 };
        Setting { revision, faults: ids.iter().map(fault).collect(), ..Setting::default() }
    }

    fn count(matched: u64, hit: u64, trace: char) -> Count {
        Count { matched, hit, first_hit_ms: None, trace_ids: vec![trace.to_string().repeat(32)] }
    }

    const RUN: Revision = Revision { run: 1, number: 0 };

    #[test]
    fn reports_are_absolute_and_add_up_over_processes() {
        let counts = Counts::new(board(&["a"]));
        let report = |process, count| counts.report(process, RUN, BTreeMap::from([("a".to_owned(), count)]));
        report("one", count(5, 1, '1'));
        report("one", count(10, 2, '1'));
        report("two", count(3, 3, '2'));
        let total = &counts.totals()["a"];
        assert_eq!((total.matched, total.hit, total.trace_ids.len()), (13, 5, 2));
    }

    #[test]
    fn another_run_s_reports_are_not_taken_and_ended_faults_are_forgotten() {
        let board = board(&["a"]);
        let counts = Counts::new(board.clone());
        let of = |id: &str| BTreeMap::from([(id.to_owned(), count(1, 1, '1'))]);
        counts.report("one", Revision { run: 2, number: 0 }, of("a"));
        assert_eq!(counts.totals()["a"], Count::default());
        counts.report("one", RUN, of("a"));
        board.apply(&setting(&["b"]));
        counts.report("one", RUN, of("b"));
        assert_eq!(counts.totals().keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn processes_without_end_do_not_fill_the_memory() {
        let counts = Counts::new(board(&["a"]));
        for number in 0..3 * MOST_PROCESSES {
            let faults = BTreeMap::from([("a".to_owned(), count(1, 0, '1'))]);
            counts.report(&number.to_string(), RUN, faults);
        }
        assert_eq!(counts.totals()["a"].matched, MOST_PROCESSES as u64);
    }
}
