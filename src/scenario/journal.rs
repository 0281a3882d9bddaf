//! Finds what has changed from one scene to the next, and enters it in the ledger.

use std::collections::BTreeMap;

use super::{
    control::Active,
    show::{Run, Scene, Standing},
};
use crate::{
    chaos::{
        ledger::{Entry, Ledger},
        live::Count,
        setting::Revision,
    },
    kernel::clock,
};

/// What was entered last.
pub struct Journal {
    ledger: Ledger,
    faults: BTreeMap<String, Standing>,
    since: BTreeMap<String, String>,
    counted: BTreeMap<String, Count>,
    /// Round and phase.
    phase: Option<(u64, usize)>,
}

impl Journal {
    pub fn new(ledger: Ledger) -> Self {
        let (faults, since, counted) = Default::default();
        Journal { ledger, faults, since, counted, phase: None }
    }

    /// A scenario begins: its first phase is a new one, even if it is called like the one before.
    pub fn begin(&mut self) {
        self.phase = None;
    }

    /// The active faults by id, as they were entered last.
    pub fn faults(&self) -> &BTreeMap<String, Standing> {
        &self.faults
    }

    /// Whether a fault that was entered as set is no more.
    pub fn ends_any(&self, scene: &Scene) -> bool {
        self.faults.keys().any(|id| scene.faults.iter().all(|one| one.fault.id != *id))
    }

    /// The fault as status shows it.
    pub fn active(&self, one: &Standing) -> Active {
        Active {
            fault: one.fault.clone(),
            source: one.source.clone(),
            since: self.since.get(&one.fault.id).cloned().unwrap_or_default(),
            count: None,
        }
    }

    /// Enters which faults began, changed and ended, and which phase it is. `counts` are those of before the change.
    pub fn enter_changes(
        &mut self,
        run: Option<&Run>,
        scene: &Scene,
        counts: &BTreeMap<String, Count>,
        revision: Revision,
    ) {
        let entry = |what| Entry {
            what,
            scenario: run.map(|run| run.plan.spec.name.clone()),
            seed: Some(scene.seed),
            revision: Some(revision.to_string()),
            ..Entry::default()
        };
        let phase = scene.moment.as_ref().map(|moment| (moment.round, moment.phase));
        if phase != self.phase {
            let named = run.zip(phase).and_then(|(run, (_, phase))| run.plan.spec.phases.get(phase));
            self.ledger.enter(Entry { phase: named.map(|phase| phase.name.clone()), ..entry("phase") });
            self.phase = phase;
        }
        let now: BTreeMap<String, Standing> =
            scene.faults.iter().map(|one| (one.fault.id.clone(), one.clone())).collect();
        let gone: Vec<_> = self.faults.values().filter(|old| !now.contains_key(&old.fault.id)).collect();
        for old in gone {
            let id = &old.fault.id;
            self.since.remove(id);
            let (by, count) = (old.source.clone(), counts.get(id).cloned());
            self.ledger.enter(Entry { by, fault: Some(id.clone()), count, ..entry("cleared") });
        }
        for (id, new) in &now {
            let what = match self.faults.get(id) {
                None => "set",
                Some(old) if old.written != new.written || old.source != new.source => "changed",
                Some(_) => continue,
            };
            self.since.insert(id.clone(), new.since.clone().unwrap_or_else(clock::now));
            let by = new.source.clone();
            // Structs of strings and numbers always serialise.
            let definition = serde_json::to_value(&new.written).unwrap_or_default();
            self.ledger.enter(Entry { by, fault: Some(id.clone()), definition, ..entry(what) });
        }
        self.faults = now;
    }

    /// Says what faults have done so far, when that is more than the last time.
    pub fn enter_counts(&mut self, counts: BTreeMap<String, Count>) {
        if counts != self.counted {
            let by = |id: &str| self.faults.get(id).map(|one| one.source.clone()).unwrap_or_default();
            self.ledger.count(&counts, by);
            self.counted = counts;
        }
    }
}
