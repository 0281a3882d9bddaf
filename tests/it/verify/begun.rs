//! Whole runs that are begun before all other tests and go on beside them, one after another: they wait far more than they
//! work. Whoever is run alone, without the test that begins them, runs his own.

use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock, PoisonError, mpsc},
    thread,
};

use super::played::{Played, hurried};

/// What is verified, in this order.
const RUNS: [&[&str]; 4] =
    [&["service-down"], &["payment-outage-brazil"], &["pool-exhaustion"], &["crm-down", "broken-trace"]];

type Coming = BTreeMap<&'static [&'static str], mpsc::Receiver<Played>>;

static BEGUN: OnceLock<Mutex<Coming>> = OnceLock::new();

/// Called by the test whose name comes first.
pub fn begin() {
    BEGUN.get_or_init(|| {
        let (mut runs, mut coming) = (Vec::new(), Coming::new());
        for run in RUNS {
            let (done, comes) = mpsc::channel();
            runs.push((run, done));
            coming.insert(run, comes);
        }
        thread::spawn(move || {
            for (run, done) in runs {
                // Nobody waits for it when its test was filtered out.
                let _ = done.send(hurried(run));
            }
        });
        Mutex::new(coming)
    });
}

/// The run of these scenarios, at its end.
pub fn run(scenarios: &'static [&'static str]) -> Played {
    let coming = BEGUN.get().and_then(|begun| {
        let mut begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.remove(scenarios)
    });
    match coming {
        Some(comes) => comes.recv().expect("it comes to an end"),
        None => hurried(scenarios),
    }
}
