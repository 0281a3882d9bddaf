//! Runs the show: takes commands, follows the timeline, and sets the switchboard and the shoppers by it. Runs on a
//! thread of its own: the shop may drown, calm still comes.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::sync::oneshot;

use super::{
    control::{Asked, BY_HAND, Command, Done, Refused, Served, Status},
    incident,
    journal::Journal,
    library::Library,
    show::{Run, Scene, Show, Standing, TICK},
    spec::{Planned, Spec},
    timeline::Plan,
};
use crate::{
    chaos::{
        counts::Counts,
        fault::Fault,
        ledger::{Entry, Ledger},
        setting::{Revision, Setting},
        switchboard::Switchboard,
    },
    kernel::{
        clock, discreet,
        nearest::{nearest, unknown},
    },
    load::{mix::Mix, run::Shoppers, visit::Source},
};

/// What runs when nothing else does, and what goes on underneath.
pub const NORMAL: &str = "normal";
/// The mode in which no scenario runs and nothing is broken at all; no scenario may be called so.
pub const CALM: &str = "calm";
/// The seed when nobody names one.
pub const SEED: u64 = 42;
/// How often counts are entered in the ledger.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// The most faults that may be set by hand.
const MOST_BY_HAND: usize = 200;
/// How fast time may run.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.1..=100.0;
/// The longest surge, and the most requests a minute it may bring.
const SURGE_SECONDS: std::ops::RangeInclusive<u64> = 1..=3600;
const SURGE_PER_MINUTE: f64 = 60_000.0;

/// Whom to tell, and what.
type Answer = (oneshot::Sender<Result<Done, Refused>>, Result<Done, Refused>);

/// The engine and what it drives.
pub struct Engine {
    pub switchboard: Arc<Switchboard>,
    pub shoppers: Arc<Shoppers>,
    pub library: Arc<Library>,
    pub ledger: Ledger,
    /// What faults have done, in all processes.
    pub counts: Arc<Counts>,
    /// All rates are multiplied with this.
    pub load_factor: f64,
    /// The seed that comes before the files' own.
    pub seed: Option<u64>,
}

/// What is on, and what was last done about it.
struct Stage {
    show: Show,
    mode: String,
    journal: Journal,
    mix: Option<Mix>,
    /// Whether which scenario runs is not to be said.
    is_concealed: bool,
}

impl Engine {
    /// Runs the scenario called `first`, and then whatever is asked, until nobody can ask any more.
    pub async fn run(self, mut served: Served, first: &str) {
        let journal = Journal::new(self.ledger.clone());
        let show = Show::new(self.seed.unwrap_or(SEED));
        let mut stage = Stage { show, mode: CALM.to_owned(), journal, mix: None, is_concealed: false };
        if let Err(refused) = self.start(&mut stage, first, None) {
            self.ledger.enter(Entry {
                what: "command",
                detail: json!(refused.to_string()),
                ..Entry::default()
            });
        }
        let mut count_at = Instant::now() + COUNT_EVERY;
        let mut answers: Vec<Answer> = Vec::new();
        loop {
            let now = Instant::now();
            let scene = self.step(&mut stage, now);
            let status = stage.status(&scene, self.switchboard.current().revision);
            let shown = if stage.is_concealed { status.concealed() } else { status.clone() };
            served.truth.send_replace(Arc::new(status));
            served.status.send_replace(Arc::new(shown));
            // Whoever asked hears of it when it holds.
            for (answer, outcome) in answers.drain(..) {
                let _: Result<_, _> = answer.send(outcome);
            }
            if scene.moment.as_ref().is_some_and(|moment| moment.over) {
                if self.start(&mut stage, NORMAL, None).is_err() {
                    stage.show.clear();
                }
                continue;
            }
            let next = scene.wait.and_then(|wait| now.checked_add(wait));
            loop {
                let wake = next.map_or(count_at, |next| next.min(count_at));
                tokio::select! {
                    biased;
                    asked = served.commands.recv() => {
                        let Some(asked) = asked else { return };
                        answers.push(self.serve(&mut stage, asked));
                        // What waits as well is done before the next look at the scene.
                        while let Ok(asked) = served.commands.try_recv() {
                            answers.push(self.serve(&mut stage, asked));
                        }
                        break;
                    }
                    () = tokio::time::sleep_until(wake.into()) => {}
                }
                if Instant::now() >= count_at {
                    stage.journal.enter_counts(self.counts.totals());
                    served.beats.beat();
                    count_at = Instant::now() + COUNT_EVERY;
                }
                if next.is_some_and(|next| Instant::now() >= next) {
                    break;
                }
            }
        }
    }

    /// Does what is asked, and says what to answer.
    fn serve(&self, stage: &mut Stage, asked: Asked) -> Answer {
        let Asked { command, by, answer } = asked;
        let outcome = self.obey(stage, &command);
        let detail = match &outcome {
            Ok(_) => json!({ "command": command }),
            // What named nothing was typed by somebody, who knows what; the ledger is read by others.
            Err(refused) => {
                json!({ "command": command.name(), "refused": discreet::words(&refused.to_string()) })
            }
        };
        let seed = Some(stage.show.seed);
        self.ledger.enter(Entry { what: "command", by, seed, detail, ..Entry::default() });
        (answer, outcome)
    }

    fn obey(&self, stage: &mut Stage, command: &Command) -> Result<Done, Refused> {
        let now = Instant::now();
        match command {
            Command::Start { name, seed } => self.start(stage, name, *seed)?,
            Command::Incident { name } => self.incident(stage, name)?,
            Command::Stop => self.start(stage, NORMAL, None)?,
            Command::Calm => self.calm(stage),
            Command::Pause | Command::Resume | Command::Speed { .. } | Command::Jump { .. }
                if stage.is_concealed =>
            {
                let why = "an exercise runs, and its time is its own; calm, or another scenario, ends it";
                return Err(Refused::NotNow(why.to_owned()));
            }
            Command::Pause => running(stage)?.pause(true, now),
            Command::Resume => running(stage)?.pause(false, now),
            Command::Speed { factor } => {
                if !SPEEDS.contains(factor) {
                    let why = format!("expected {} to {}, not {factor}", SPEEDS.start(), SPEEDS.end());
                    return Err(Refused::Invalid { field: "factor".to_owned(), why });
                }
                running(stage)?.set_speed(*factor, now);
            }
            Command::Jump { phase } => {
                let run = running(stage)?;
                if !run.jump(phase, now) {
                    let phases = run.plan.spec.phases.iter().map(|phase| phase.name.as_str());
                    return Err(Refused::Unknown(unknown("phase", phase, phases)));
                }
            }
            Command::SetFault(planned) => return self.set_fault(stage, planned.as_ref().clone(), now),
            Command::ClearFault { id } => {
                // What is not to be known is not to be found by guessing.
                let is_known = |one: &Standing| !stage.is_concealed || one.source == BY_HAND;
                let faults = stage.journal.faults();
                if faults.get(id).is_some_and(|one| !is_known(one)) || !stage.show.end(id, now) {
                    let known = faults.iter().filter(|(_, one)| is_known(one));
                    let near = nearest(id, known.map(|(id, _)| id.as_str()));
                    let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                    return Err(Refused::Unknown(format!("no fault `{id}` is active{near}")));
                }
            }
            Command::Surge { seconds, requests_per_minute } => self.surge(*seconds, *requests_per_minute)?,
        }
        Ok(Done::Done)
    }

    fn set_fault(&self, stage: &mut Stage, planned: Planned, now: Instant) -> Result<Done, Refused> {
        if stage.show.by_hand() >= MOST_BY_HAND && !stage.journal.faults().contains_key(&planned.id) {
            return Err(Refused::NotNow(format!(
                "{MOST_BY_HAND} faults are set by hand, which is as many as there may be"
            )));
        }
        let was_there = stage.journal.faults().contains_key(&planned.id);
        let replaced = stage.show.set(planned, now) || was_there;
        Ok(if replaced { Done::Replaced } else { Done::Created })
    }

    fn surge(&self, seconds: u64, requests_per_minute: f64) -> Result<(), Refused> {
        let invalid = |field: &str, why: String| Refused::Invalid { field: field.to_owned(), why };
        if !SURGE_SECONDS.contains(&seconds) {
            let why = format!("expected {} to {}", SURGE_SECONDS.start(), SURGE_SECONDS.end());
            return Err(invalid("duration_seconds", why));
        }
        if !(requests_per_minute > 0.0 && requests_per_minute <= SURGE_PER_MINUTE) {
            let why = format!("expected more than 0 and at most {SURGE_PER_MINUTE}");
            return Err(invalid("requests_per_minute", why));
        }
        let done = self.shoppers.surge(Duration::from_secs(seconds), requests_per_minute);
        done.map_err(|error| invalid(error.field, error.why))
    }

    /// Begins a scenario in place of the one that runs.
    fn start(&self, stage: &mut Stage, name: &str, seed: Option<u64>) -> Result<(), Refused> {
        if name == CALM {
            self.calm(stage);
            return Ok(());
        }
        let spec = self.find(name)?;
        self.play(stage, spec, seed);
        stage.is_concealed = false;
        Ok(())
    }

    /// Begins a scenario that stays at its worst, and does not say which.
    fn incident(&self, stage: &mut Stage, name: &str) -> Result<(), Refused> {
        let found = self.find(name)?;
        let spec = incident::lasting(&found);
        self.play(stage, Arc::new(spec), None);
        stage.is_concealed = true;
        Ok(())
    }

    fn play(&self, stage: &mut Stage, spec: Arc<Spec>, seed: Option<u64>) {
        let baseline = match spec.name == NORMAL {
            true => Vec::new(),
            false => self.baseline(),
        };
        if let Some(seed) = seed {
            // A replay: the same visits in the same traces, struck by faults that count from nought. Another occasion, so
            // that the shop takes them for new ones.
            self.switchboard.set(Setting { seed, ..Setting::default() });
            self.shoppers.replay(Source { seed, occasion: clock::now_millis().unsigned_abs() });
        }
        let seed = seed.or(self.seed).or(spec.seed).unwrap_or(SEED);
        let mix = stage.mix.as_ref();
        let rate_before =
            mix.map_or(0.0, |mix| mix.visits_per_minute / self.load_factor.max(f64::MIN_POSITIVE));
        let plan = Plan { spec, baseline, rate_before, load_factor: self.load_factor };
        stage.mode.clone_from(&plan.spec.name);
        stage.journal.begin();
        self.ledger.enter(Entry {
            what: "scenario",
            scenario: Some(plan.spec.name.clone()),
            seed: Some(seed),
            ..Entry::default()
        });
        stage.show.start(plan, seed, Instant::now());
    }

    fn calm(&self, stage: &mut Stage) {
        stage.show.clear();
        stage.show.seed = self.seed.unwrap_or(SEED);
        CALM.clone_into(&mut stage.mode);
        stage.is_concealed = false;
        self.shoppers.end_surges();
    }

    fn find(&self, name: &str) -> Result<Arc<Spec>, Refused> {
        self.library.get(name).ok_or_else(|| Refused::Unknown(self.library.unknown(name)))
    }

    /// What third parties do even on a good day.
    fn baseline(&self) -> Vec<Fault> {
        let normal = self.library.get(NORMAL);
        let faults =
            normal.map(|spec| spec.phases.iter().flat_map(|phase| phase.faults.clone()).collect::<Vec<_>>());
        faults.unwrap_or_default().iter().map(|planned| planned.fault()).collect()
    }

    /// Makes what holds `now` so: shoppers, switchboard, ledger.
    fn step(&self, stage: &mut Stage, now: Instant) -> Scene {
        let scene = stage.show.scene(now);
        // What a fault has done is known for as long as it is active.
        let counts = if stage.journal.ends_any(&scene) { self.counts.totals() } else { BTreeMap::new() };
        self.switchboard.set(scene.setting());
        let revision = self.switchboard.current().revision;
        stage.journal.enter_changes(stage.show.running.as_ref(), &scene, &counts, revision);
        let moves = scene.moment.as_ref().is_some_and(|moment| moment.moves);
        let calm =
            || Mix { visits_per_minute: Mix::normal().visits_per_minute * self.load_factor, ..Mix::normal() };
        let mix = scene.mix.clone().unwrap_or_else(calm);
        if stage.mix.as_ref() != Some(&mix) {
            // A scenario's numbers were checked when it was read.
            let _ = self.shoppers.set_mix(mix.clone(), if moves { TICK } else { Duration::ZERO });
            stage.mix = Some(mix);
        }
        scene
    }
}

fn running(stage: &mut Stage) -> Result<&mut Run, Refused> {
    stage.show.running.as_mut().ok_or_else(|| Refused::NotNow("no scenario runs".to_owned()))
}

impl Stage {
    fn status(&self, scene: &Scene, revision: Revision) -> Status {
        Status {
            mode: self.mode.clone(),
            scenario: self.show.running.as_ref().zip(scene.moment.as_ref()).map(|(run, now)| run.report(now)),
            faults: scene.faults.iter().map(|one| self.journal.active(one)).collect(),
            revision,
            seed: scene.seed,
            visits_per_minute: self.mix.as_ref().map_or(0.0, |mix| mix.visits_per_minute),
        }
    }
}
