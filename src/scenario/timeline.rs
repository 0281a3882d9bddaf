//! What a scenario means at a moment. Pure: the same plan and the same elapsed time give the same faults, load and
//! phase, however often and in whatever order it is asked.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::spec::{AllWord, Clear, LoadSpec, Planned, Spec};
use crate::{chaos::fault::Fault, kernel::service::Service, load::mix::Mix};

/// A scenario as it is run: the file, what goes on underneath, and what was before.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub spec: Arc<Spec>,
    /// Faults that go on underneath, when the scenario wants them: last in precedence.
    pub baseline: Vec<Fault>,
    /// The rate that a ramp at the very start begins from, in visits a minute.
    pub rate_before: f64,
    /// All rates are multiplied with this: a smaller machine, a quieter show.
    pub load_factor: f64,
}

/// What holds at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Which phase it is, by its place in the file.
    pub phase: usize,
    /// How often the scenario has begun anew.
    pub round: u64,
    /// Time since this round began.
    pub elapsed: Duration,
    pub faults: Vec<Due>,
    pub mix: Mix,
    pub releases: BTreeMap<Service, String>,
    /// Whether something changes by itself before the next phase: a ramp or a wave is under way.
    pub moves: bool,
    /// When the next phase begins, or the scenario ends or begins anew, in the round's time.
    pub next: Option<Duration>,
    /// The scenario is over: nothing of it holds any more.
    pub over: bool,
}

/// A fault that holds, and the phase that began it; `None` for the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// As it is right now.
    pub fault: Fault,
    /// As the file says it, before ramps and waves.
    pub written: Planned,
    pub phase: Option<usize>,
}

impl Plan {
    /// What holds `elapsed` after the start.
    pub fn at(&self, elapsed: Duration) -> Moment {
        let spec = &*self.spec;
        let lasts = spec.lasts.map(|span| span.0).filter(|lasts| !lasts.is_zero());
        let (round, now) = match lasts {
            Some(lasts) if spec.repeats => {
                let round = elapsed.as_nanos() / lasts.as_nanos();
                let within = elapsed.as_nanos() % lasts.as_nanos();
                (u64::try_from(round).unwrap_or(u64::MAX), from_nanos(within))
            }
            _ => (0, elapsed),
        };
        let over = !spec.repeats && lasts.is_some_and(|lasts| now >= lasts);
        let phase = spec.phases.iter().rposition(|phase| phase.at.0 <= now).unwrap_or(0);
        let before = match lasts.filter(|_| round > 0) {
            // A round goes on from where the one before it ended.
            Some(lasts) => self.rate(lasts, self.rate_before).value(lasts),
            None => self.rate_before,
        };
        let rate = self.rate(now, before);
        let mut faults = self.faults(now);
        let mut moves = faults.iter().any(|(planned, _, since)| planned.is_moving(*since)) || rate.moves(now);
        let mut due: Vec<Due> = faults
            .drain(..)
            .map(|(planned, phase, since)| Due {
                fault: planned.at(since),
                written: planned.clone(),
                phase: Some(phase),
            })
            .collect();
        if spec.baseline {
            due.extend(self.baseline.iter().map(|fault| Due {
                fault: fault.clone(),
                written: fault.clone().into(),
                phase: None,
            }));
        }
        if over {
            due.clear();
            moves = false;
        }
        let upcoming = spec.phases.get(phase + 1).map(|phase| phase.at.0);
        Moment {
            phase,
            round,
            elapsed: now,
            faults: due,
            mix: Mix { visits_per_minute: rate.value(now) * self.load_factor, ..self.mix(now) },
            releases: if over { BTreeMap::new() } else { self.releases(now) },
            moves,
            next: [upcoming, lasts].into_iter().flatten().filter(|next| *next > now).min(),
            over,
        }
    }

    /// The faults of the phases that have begun, with their phase and the time since it began.
    fn faults(&self, now: Duration) -> Vec<(&Planned, usize, Duration)> {
        let mut active: Vec<(&Planned, usize, Duration)> = Vec::new();
        for (index, phase) in self.spec.phases.iter().enumerate().take_while(|(_, phase)| phase.at.0 <= now) {
            match &phase.clear {
                Some(Clear::All(AllWord::All)) => active.clear(),
                Some(Clear::These(ids)) => active.retain(|(planned, ..)| !ids.contains(&planned.id)),
                None => {}
            }
            for planned in &phase.faults {
                let begun = (planned, index, now - phase.at.0);
                match active.iter_mut().find(|(old, ..)| old.id == planned.id) {
                    Some(old) => *old = begun,
                    None => active.push(begun),
                }
            }
        }
        active
    }

    /// Everything about the load but its rate.
    fn mix(&self, now: Duration) -> Mix {
        self.loads(now).fold(Mix::normal(), |mix, (_, load)| load.over(&mix))
    }

    fn rate(&self, now: Duration, before: f64) -> Line {
        let start = LoadSpec {
            visits_per_minute: Some(
                self.spec.load.visits_per_minute.unwrap_or(Mix::normal().visits_per_minute),
            ),
            ..self.spec.load.clone()
        };
        let first = Line::new(before, &start, Duration::ZERO);
        self.loads(now).skip(1).fold(first, |line, (at, load)| match load.visits_per_minute {
            Some(_) => Line::new(line.value(at), load, at),
            None => line,
        })
    }

    /// The changes of load up to now: the scenario's own, then those of its phases.
    fn loads(&self, now: Duration) -> impl Iterator<Item = (Duration, &LoadSpec)> {
        let phases = self.spec.phases.iter().filter(move |phase| phase.at.0 <= now);
        let phases = phases.filter_map(|phase| phase.load.as_ref().map(|load| (phase.at.0, load)));
        std::iter::once((Duration::ZERO, &self.spec.load)).chain(phases)
    }

    fn releases(&self, now: Duration) -> BTreeMap<Service, String> {
        let mut running = BTreeMap::new();
        for phase in self.spec.phases.iter().filter(|phase| phase.at.0 <= now) {
            for (service, version) in &phase.releases {
                match version {
                    Some(version) => running.insert(*service, version.clone()),
                    None => running.remove(service),
                };
            }
        }
        running
    }
}

/// A rate on its way from one value to another.
#[derive(Clone, Copy, Debug)]
struct Line {
    from: f64,
    to: f64,
    start: Duration,
    over: Duration,
}

impl Line {
    fn new(from: f64, load: &LoadSpec, start: Duration) -> Self {
        let over = load.ramp.map_or(Duration::ZERO, |ramp| ramp.0);
        Line { from, to: load.visits_per_minute.unwrap_or(from), start, over }
    }

    fn value(&self, now: Duration) -> f64 {
        if !self.moves(now) {
            return self.to;
        }
        let done = now.saturating_sub(self.start).as_secs_f64() / self.over.as_secs_f64();
        self.from + (self.to - self.from) * done
    }

    fn moves(&self, now: Duration) -> bool {
        now < self.start + self.over
    }
}

fn from_nanos(nanos: u128) -> Duration {
    // A round is at most a week long.
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
