//! The parts of a lab that are watched, and how each is looked at. What can be asked is asked: the store answers a
//! question, the others count what they have done.

use std::{
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{
    chaos::ledger::Ledger,
    console::{
        components::{Components, Look},
        scrapes::Scrapes,
    },
    kernel::heartbeat::Heartbeat,
    scenario::control::Control,
    stack::{
        part::Part,
        standing::{Standing, State},
    },
    store::keep::Store,
    telemetry::init::Telemetry,
};

/// How often the store is asked something.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// The name of the thread that asks it.
const ASKING: &str = "store watch";

/// What is looked at.
pub struct Parts<'a> {
    pub telemetry: &'a Telemetry,
    pub control: &'a Control,
    pub ledger: &'a Ledger,
    pub store: Option<&'a Arc<Store>>,
    pub standing: &'a Standing,
    pub vitals: &'a Heartbeat,
    pub scrapes: &'a Arc<Scrapes>,
}

/// Watches all of them.
pub fn watch(parts: Parts<'_>) -> Result<Components> {
    let Parts { telemetry, control, ledger, store, standing, vitals, scrapes } = parts;
    let counting = |beats: Heartbeat| -> Look { Box::new(move || Some(beats.seen())) };
    let (ledger, stdout) = (ledger.clone(), telemetry.stdout_progress());
    let (standing, scrapes) = (standing.clone(), scrapes.clone());
    let mut looks: Vec<(&'static str, Look)> = vec![
        ("egress", counting(telemetry.egress_beats())),
        ("vitals", counting(vitals.clone())),
        ("engine", counting(control.beats())),
        ("ledger", Box::new(move || Some(ledger.seen()))),
        ("stdout", Box::new(move || Some(stdout()))),
        // Only of a Prometheus that is there, and has scraped before.
        (
            "scrape",
            Box::new(move || {
                let prometheus = standing.now().part(Part::Prometheus)?.state;
                let seen = scrapes.seen()?;
                let trouble = (prometheus != State::Ready).then(|| format!("prometheus is {prometheus}"));
                Some(seen.because(trouble))
            }),
        ),
    ];
    if let Some(store) = store {
        looks.push(("store", counting(ask(Arc::downgrade(store))?)));
    }
    Components::watch(looks).context("failed to start a thread")
}

/// Asks the store how full it is, again and again, on a thread that may hang with it: every part of it has to answer.
fn ask(store: Weak<Store>) -> Result<Heartbeat> {
    let beats = Heartbeat::default();
    let answered = beats.clone();
    let asking = move || {
        while let Some(store) = store.upgrade() {
            store.fill();
            answered.beat();
            drop(store);
            thread::sleep(ASK_EVERY);
        }
    };
    thread::Builder::new().name(ASKING.into()).spawn(asking).context("failed to start a thread")?;
    Ok(beats)
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Instant};

    use super::*;

    #[test]
    fn a_store_of_which_one_part_hangs_is_named_and_well_again_when_it_answers() {
        let store = Arc::new(Store::new(1 << 20));
        let beats = ask(Arc::downgrade(&store)).expect("a thread");
        let components =
            Components::watch(vec![("store", Box::new(move || Some(beats.seen())))]).expect("a thread");
        let until = |stalled: bool| {
            let begun = Instant::now();
            while components.now().first().is_none_or(|part| part.stalled != stalled) {
                assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", components.now());
                thread::sleep(Duration::from_millis(20));
            }
        };
        until(false);
        // A thread that takes the lock of one part and does not come to an end.
        let (release, held) = mpsc::channel::<()>();
        let theirs = store.clone();
        let hanging = thread::spawn(move || theirs.with_locked_logs(|| assert!(held.recv().is_err())));
        until(true);
        assert!(components.now()[0].still_seconds >= 4, "{:?}", components.now());
        drop(release);
        hanging.join().expect("it ends");
        until(false);
    }
}
