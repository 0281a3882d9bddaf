//! The engine and what it needs: scenarios, ledger, switchboard, and a thread of its own.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow};
use opentelemetry::KeyValue;

use super::{cli::ShowFlags, hosts, speak::say};
use crate::{
    chaos::{board::Board, counts::Counts, ledger::Ledger, switchboard::Switchboard},
    console::{known_hosts::KnownHosts, modes::Mode},
    kernel::{clock, id, service::Service},
    load::{mix::Mix, run::Shoppers},
    scenario::{
        control::{Control, EXERCISE},
        engine::{CALM, Engine, SEED},
        library::Library,
    },
    telemetry::{
        names::{attribute, help, metric},
        scope::Scope,
    },
};

/// The name of the engine's thread, and of the one that looks after the user's files.
const ENGINE: &str = "engine";
const LIBRARIAN: &str = "librarian";
/// What the metrics say in place of a scenario that would give its faults away, and of its phase.
const CONCEALED: &str = "concealed";
/// How often the user's files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Everything of the show but the shoppers.
pub struct Stage {
    pub board: Arc<Board>,
    pub switchboard: Arc<Switchboard>,
    pub counts: Arc<Counts>,
    pub library: Arc<Library>,
    pub ledger: Ledger,
    first: String,
    seed: Option<u64>,
    load_factor: f64,
    hosts: KnownHosts,
    names_scenarios: bool,
}

impl Stage {
    /// Opens the ledger and the library, and makes sure that the first scenario is there.
    pub fn open(flags: &ShowFlags, data_dir: &Path) -> Result<Self> {
        let library = Arc::new(Library::new(flags.scenarios.clone()));
        if let Some(trouble) = library.trouble() {
            return Err(anyhow!("--scenarios: {trouble}"));
        }
        let first = flags.scenario.clone();
        if first != CALM && library.get(&first).is_none() {
            return Err(anyhow!("--scenario: {}", why_not(&library, &first)));
        }
        let ledger = Ledger::open(data_dir);
        let ledger =
            ledger.with_context(|| format!("failed to open the ledger in {}", data_dir.display()))?;
        let witness = flags.ledger_all.then(|| ledger.witness());
        let board = Arc::new(Board::new(witness));
        // No two runs of engines may share a number: followers tell by it that all is new.
        let run = u64::from_str_radix(&id::fresh()[..12], 16)
            .unwrap_or_else(|_| clock::now_millis().unsigned_abs());
        Ok(Stage {
            switchboard: Arc::new(Switchboard::new(board.clone(), run, flags.seed.unwrap_or(SEED))),
            counts: Arc::new(Counts::new(board.clone())),
            board,
            library,
            ledger,
            first,
            seed: flags.seed,
            hosts: KnownHosts::new(machine().as_deref(), &flags.hosts),
            names_scenarios: flags.annotate_faults,
            load_factor: flags.visits_per_minute.map_or(1.0, |rate| rate / Mix::normal().visits_per_minute),
        })
    }

    /// What visits and draws follow from at the start.
    pub fn seed(&self) -> u64 {
        let of_file = self.library.get(&self.first).and_then(|spec| spec.seed);
        self.seed.or(of_file).unwrap_or(SEED)
    }

    /// The scenario that runs at the start.
    pub fn first(&self) -> &str {
        &self.first
    }

    /// All rates of visits are multiplied with this.
    pub fn load_factor(&self) -> f64 {
        self.load_factor
    }

    /// The names under which the control address is known.
    pub fn hosts(&self) -> KnownHosts {
        self.hosts.clone()
    }

    /// Lets the show begin. It ends with the last handle on it.
    pub fn begin(&self, shoppers: Arc<Shoppers>, scope: &Scope) -> Result<Control> {
        let (control, served) = Control::channel();
        let engine = Engine {
            switchboard: self.switchboard.clone(),
            shoppers,
            library: self.library.clone(),
            ledger: self.ledger.clone(),
            counts: self.counts.clone(),
            load_factor: self.load_factor,
            seed: self.seed,
        };
        let first = self.first.clone();
        hosts::spawn(Service::Lab, ENGINE, async move { engine.run(served, &first).await })?;
        measure(&control, scope, self.names_scenarios);
        if self.library.has_directory() {
            self.look_after_files()?;
        }
        Ok(control)
    }

    /// On a thread of its own: a disk may be slow, and the engine must not be.
    fn look_after_files(&self) -> Result<()> {
        let library = Arc::downgrade(&self.library);
        let look = move || {
            let mut said = BTreeSet::new();
            while let Some(library) = library.upgrade() {
                library.refresh();
                let wrong: BTreeSet<String> =
                    library.list().into_iter().filter_map(|one| one.error).collect();
                wrong.difference(&said).for_each(|new| say(&format!("doorbuster: not taken: {new}\n")));
                said = wrong;
                drop(library);
                std::thread::sleep(LOOK_EVERY);
            }
        };
        let looking = std::thread::Builder::new().name(LIBRARIAN.into()).spawn(look);
        looking.map(drop).context("failed to start a thread")
    }
}

fn why_not(library: &Library, name: &str) -> String {
    let broken = library.list().into_iter().find(|listing| listing.name == name);
    broken.and_then(|listing| listing.error).unwrap_or_else(|| library.unknown(name))
}

/// What this machine calls itself.
fn machine() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

/// The mode and the phase as metrics, for dashboards. They are signals, and signals do not say what was broken on purpose.
fn measure(control: &Control, scope: &Scope, names_scenarios: bool) {
    let Some(signals) = scope.signals() else { return };
    let meter = signals.instruments.meter();
    let status = control.watch();
    meter
        .u64_observable_gauge(metric::MODE)
        .with_description(help(metric::MODE))
        .with_callback(move |observer| {
            let mode = disclosed(&status.borrow().mode, names_scenarios).unwrap_or(CONCEALED).to_owned();
            observer.observe(1, &[KeyValue::new(attribute::MODE, mode)]);
        })
        .build();
    let status = control.watch();
    meter
        .u64_observable_gauge(metric::SCENARIO_PHASE)
        .with_description(help(metric::SCENARIO_PHASE))
        .with_callback(move |observer| {
            if let Some(running) = &status.borrow().scenario {
                let (scenario, phase) = match disclosed(&running.name, names_scenarios) {
                    Some(name) => (name, &*running.phase),
                    None => (CONCEALED, CONCEALED),
                };
                let scenario = KeyValue::new(attribute::SCENARIO, scenario.to_owned());
                observer.observe(1, &[scenario, KeyValue::new(attribute::PHASE, phase.to_owned())]);
            }
        })
        .build();
}

/// `mode` where a signal may say it: both modes of a presenter, and those in which nothing of a scenario is named.
fn disclosed(mode: &str, names_scenarios: bool) -> Option<&str> {
    let is_harmless =
        names_scenarios || [Mode::Normal.name(), Mode::Blackfriday.name(), CALM, EXERCISE].contains(&mode);
    is_harmless.then_some(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_name_the_two_modes_and_no_other_scenario() {
        let library = Library::new(None);
        for listing in library.list() {
            let is_mode = ["normal", "blackfriday"].contains(&&*listing.name);
            assert_eq!(disclosed(&listing.name, false).is_some(), is_mode, "{}", listing.name);
            assert_eq!(disclosed(&listing.name, true), Some(&*listing.name));
        }
        assert_eq!((disclosed(CALM, false), disclosed(EXERCISE, false)), (Some(CALM), Some(EXERCISE)));
    }
}
