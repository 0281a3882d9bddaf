//! What is on: the scenario that runs and how far it is, and the faults that were set by hand. Knows the time only as it
//! is told, and touches nothing: what follows from it is the engine's to do.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    control::{BY_HAND, Running},
    spec::Planned,
    timeline::{Moment, Plan},
};
use crate::{
    chaos::{fault::Fault, ledger::BASELINE, setting::Setting},
    kernel::{clock, service::Service},
    load::mix::Mix,
};

/// The state of the show.
#[derive(Debug, Default)]
pub struct Show {
    pub running: Option<Run>,
    by_hand: Vec<ByHand>,
    pub seed: u64,
}

/// A scenario that runs.
#[derive(Debug)]
pub struct Run {
    pub plan: Plan,
    clock: Clock,
    /// Faults that were ended by hand, with the phase that began them: they stay away until another phase brings them.
    ended: Vec<(String, Option<usize>)>,
}

/// A clock that can be stopped, set, and let run faster.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// What it showed when it was last touched.
    shown: Duration,
    touched: Instant,
    paused: bool,
    speed: f64,
}

#[derive(Debug)]
struct ByHand {
    planned: Planned,
    since: Instant,
    since_text: String,
}

/// A fault as it is now, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub fault: Fault,
    /// As it was set, before ramps and waves.
    pub written: Planned,
    /// `manual`, `baseline`, or `SCENARIO/PHASE`.
    pub source: String,
    /// When it was set, if by hand: RFC 3339.
    pub since: Option<String>,
}

/// All that holds at a moment.
#[derive(Clone, Debug)]
pub struct Scene {
    pub moment: Option<Moment>,
    pub faults: Vec<Standing>,
    pub releases: BTreeMap<Service, String>,
    pub seed: u64,
    /// The load the scenario asks for, when one runs.
    pub mix: Option<Mix>,
    /// How long until something changes by itself; `None` when nothing does.
    pub wait: Option<Duration>,
}

/// How often what moves is looked at.
pub const TICK: Duration = Duration::from_millis(200);

impl Show {
    /// Nothing is on yet.
    pub fn new(seed: u64) -> Self {
        Show { seed, ..Show::default() }
    }

    /// Begins `plan`; what was set by hand stays.
    pub fn start(&mut self, plan: Plan, seed: u64, now: Instant) {
        let clock = Clock { shown: Duration::ZERO, touched: now, paused: false, speed: 1.0 };
        self.running = Some(Run { plan, clock, ended: Vec::new() });
        self.seed = seed;
    }

    /// Nothing runs, nothing is set.
    pub fn clear(&mut self) {
        self.running = None;
        self.by_hand.clear();
    }

    /// Sets a fault by hand, the newest before all others. Says whether one of that id was there before.
    pub fn set(&mut self, planned: Planned, now: Instant) -> bool {
        let before = self.by_hand.len();
        self.by_hand.retain(|old| old.planned.id != planned.id);
        let replaced = self.by_hand.len() < before;
        self.by_hand.insert(0, ByHand { planned, since: now, since_text: clock::now() });
        replaced
    }

    /// Ends the fault of that id. Says whether there was one.
    pub fn end(&mut self, id: &str, now: Instant) -> bool {
        let before = self.by_hand.len();
        self.by_hand.retain(|old| old.planned.id != id);
        let was_by_hand = self.by_hand.len() < before;
        let Some(run) = &mut self.running else { return was_by_hand };
        let moment = run.plan.at(run.clock.shows(now));
        let due = moment.faults.iter().find(|due| due.fault.id == id && !run.is_ended(id, due.phase));
        let Some(due) = due else { return was_by_hand };
        run.ended.push((id.to_owned(), due.phase));
        true
    }

    pub fn by_hand(&self) -> usize {
        self.by_hand.len()
    }

    /// What holds `now`.
    pub fn scene(&self, now: Instant) -> Scene {
        let moment = self.running.as_ref().map(|run| run.plan.at(run.clock.shows(now)));
        let mut moves = moment.as_ref().is_some_and(|moment| moment.moves);
        let mut faults: Vec<Standing> = Vec::with_capacity(self.by_hand.len());
        for set in &self.by_hand {
            let since = now.saturating_duration_since(set.since);
            moves |= set.planned.is_moving(since);
            faults.push(Standing {
                fault: set.planned.at(since),
                written: set.planned.clone(),
                source: BY_HAND.to_owned(),
                since: Some(set.since_text.clone()),
            });
        }
        if let (Some(run), Some(moment)) = (&self.running, &moment) {
            let name = &run.plan.spec.name;
            for due in &moment.faults {
                let by_hand = self.by_hand.iter().any(|set| set.planned.id == due.fault.id);
                if by_hand || run.is_ended(&due.fault.id, due.phase) {
                    continue;
                }
                let phase = due.phase.and_then(|phase| run.plan.spec.phases.get(phase));
                faults.push(Standing {
                    fault: due.fault.clone(),
                    written: due.written.clone(),
                    source: phase.map_or(BASELINE.to_owned(), |phase| format!("{name}/{}", phase.name)),
                    since: None,
                });
            }
        }
        let wait = self.wait(moment.as_ref(), moves);
        let releases = moment.as_ref().map(|moment| moment.releases.clone()).unwrap_or_default();
        let mix = moment.as_ref().map(|moment| moment.mix.clone());
        Scene { moment, faults, releases, seed: self.seed, mix, wait }
    }

    fn wait(&self, moment: Option<&Moment>, moves: bool) -> Option<Duration> {
        let run = self.running.as_ref().filter(|run| !run.clock.paused);
        let until_next = run.zip(moment).and_then(|(run, moment)| {
            let left = moment.next?.saturating_sub(moment.elapsed);
            Some(left.div_f64(run.clock.speed))
        });
        // By hand something may move even though the scenario is paused.
        let tick = moves.then_some(TICK);
        [until_next, tick].into_iter().flatten().min()
    }
}

impl Run {
    fn is_ended(&self, id: &str, phase: Option<usize>) -> bool {
        self.ended.iter().any(|(ended, began)| ended == id && *began == phase)
    }

    pub fn pause(&mut self, paused: bool, now: Instant) {
        self.clock.touch(now);
        self.clock.paused = paused;
    }

    pub fn set_speed(&mut self, speed: f64, now: Instant) {
        self.clock.touch(now);
        self.clock.speed = speed;
    }

    /// How far it is at `moment`.
    pub fn report(&self, moment: &Moment) -> Running {
        let spec = &self.plan.spec;
        let phase = spec.phases.get(moment.phase);
        let next = spec.phases.get(moment.phase + 1);
        Running {
            name: spec.name.clone(),
            title: spec.title.clone(),
            phase: phase.map(|phase| phase.name.clone()).unwrap_or_default(),
            cue: phase.and_then(|phase| phase.cue.clone()),
            next_phase: next.map(|next| next.name.clone()),
            next_cue: next.and_then(|next| next.cue.clone()),
            next_at_seconds: next.map(|next| next.at.0.as_secs_f64()),
            elapsed_seconds: moment.elapsed.as_secs_f64(),
            as_of_ms: clock::now_millis(),
            paused: self.clock.paused,
            speed: self.clock.speed,
            repeats: spec.repeats,
            lasts_seconds: spec.lasts.map(|lasts| lasts.0.as_secs_f64()),
            phases: spec.phases.iter().map(|phase| phase.name.clone()).collect(),
        }
    }

    /// Goes to the beginning of the phase of that name. Says whether there is one.
    pub fn jump(&mut self, phase: &str, now: Instant) -> bool {
        let Some(phase) = self.plan.spec.phases.iter().find(|one| one.name == phase) else { return false };
        self.clock.shown = phase.at.0;
        self.clock.touched = now;
        self.ended.clear();
        true
    }
}

impl Clock {
    fn shows(&self, now: Instant) -> Duration {
        if self.paused {
            return self.shown;
        }
        self.shown + now.saturating_duration_since(self.touched).mul_f64(self.speed)
    }

    fn touch(&mut self, now: Instant) {
        self.shown = self.shows(now);
        self.touched = now;
    }
}

impl Scene {
    /// What the switchboard is to be set to.
    pub fn setting(&self) -> Setting {
        Setting {
            seed: self.seed,
            faults: self.faults.iter().map(|one| one.fault.clone()).collect(),
            releases: self.releases.clone(),
            ..Setting::default()
        }
    }
}
