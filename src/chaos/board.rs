//! All panels of this process, and the faults that are active on them.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    decide::Rule,
    fault::Fault,
    live::{Count, Live, Witness},
    panel::Panel,
    setting::{Revision, Setting},
};
use crate::kernel::{
    lock::{Mutex, MutexGuard},
    service::Service,
};

/// Hands settings to the panels. The engine's own process has one; so has every process that follows it.
pub struct Board {
    panels: Vec<Arc<Panel>>,
    witness: Option<Witness>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    revision: Revision,
    /// Whether faults have ended for good.
    is_closed: bool,
    lives: BTreeMap<String, Arc<Live>>,
}

impl Board {
    /// `witness` is told of every crossing that is struck.
    pub fn new(witness: Option<Witness>) -> Self {
        let panels = Service::ALL.into_iter().map(|service| Arc::new(Panel::new(service))).collect();
        Board { panels, witness, state: Mutex::default() }
    }

    /// The panel of `service`.
    pub fn panel(&self, service: Service) -> Arc<Panel> {
        // `Service::ALL` is in the order of `index`, and a test says so.
        self.panels[service.index()].clone()
    }

    /// From now on it is as `setting` says. A fault that stays keeps its counts; one that goes is over.
    pub fn apply(&self, setting: &Setting) {
        let state = self.state();
        if !state.is_closed {
            self.switch(state, setting);
        }
    }

    /// Every fault ends, and no setting brings one back: the process is about to end, and whatever waits or works because
    /// of a fault would keep it.
    pub fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        self.switch(state, &Setting::default());
    }

    fn switch(&self, mut state: MutexGuard<'_, State>, setting: &Setting) {
        let mut lives = BTreeMap::new();
        let mut active: Vec<(Arc<Fault>, Arc<Live>)> = Vec::with_capacity(setting.faults.len());
        for fault in &setting.faults {
            let kept = state.lives.remove(&fault.id);
            let live = kept.unwrap_or_else(|| Arc::new(Live::new(&fault.id, self.witness.clone())));
            lives.insert(fault.id.clone(), live.clone());
            active.push((Arc::new(fault.clone()), live));
        }
        for panel in self.panels.iter().filter(|panel| panel.service != Service::Lab) {
            let version = setting.releases.get(&panel.service);
            let runs = version.map_or(env!("CARGO_PKG_VERSION"), String::as_str);
            let concerns = |fault: &Fault| {
                fault.on.service.is_none_or(|service| service == panel.service)
                    && fault.on.version.as_deref().is_none_or(|wanted| wanted == runs)
            };
            let rules = active.iter().filter(|(fault, _)| concerns(fault));
            let rules = rules.map(|(fault, live)| Rule::new(fault.clone(), live.clone(), setting.seed));
            panel.set(rules.collect(), version.cloned());
        }
        // Only now: who is let go must find the panels as they are.
        let gone = std::mem::replace(&mut state.lives, lives);
        state.revision = setting.revision;
        drop(state);
        gone.values().for_each(|live| live.end());
    }

    /// Nothing is broken any more; for a process that has lost its engine.
    pub fn clear(&self) {
        self.apply(&Setting::default());
    }

    /// The revision of the setting that was applied last.
    pub fn revision(&self) -> Revision {
        self.state().revision
    }

    /// Whether a fault of this id is active.
    pub fn is_active(&self, id: &str) -> bool {
        self.state().lives.contains_key(id)
    }

    /// An active fault, as it lives in this process.
    pub fn live(&self, id: &str) -> Option<Arc<Live>> {
        self.state().lives.get(id).cloned()
    }

    /// What each active fault has done so far, in this process.
    pub fn counts(&self) -> BTreeMap<String, Count> {
        self.state().lives.iter().map(|(id, live)| (id.clone(), live.count())).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_that_is_closed_ends_every_fault_and_takes_no_other() {
        let board = Board::new(None);
        let fault: Fault = serde_json::from_str(r#"{"id":"a","effect":"hang"}"#).expect("a fault");
        let setting = Setting { faults: vec![fault], ..Setting::default() };
        board.apply(&setting);
        let live = board.live("a").expect("active");
        board.close();
        assert!(live.is_over() && !board.panel(Service::Cart).is_any_active());
        board.apply(&setting);
        assert!(!board.is_active("a") && !board.panel(Service::Cart).is_any_active());
    }

    #[test]
    fn every_service_finds_its_own_panel() {
        let board = Board::new(None);
        assert!(Service::ALL.into_iter().all(|service| board.panel(service).service == service));
    }
}
