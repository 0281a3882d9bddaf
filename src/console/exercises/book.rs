//! Keeps all runs, and the incident that is under way: in memory, and in a file of the data directory. Nothing of it
//! leaves the machine.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    incident::Incident,
    run::{Run, RunState},
};
use crate::kernel::lock::{Mutex, MutexGuard};

/// The file's name in the data directory.
pub const FILE: &str = "exercises.json";
/// Runs that are kept; beyond that the oldest that is over is forgotten.
pub const MOST_RUNS: usize = 200;

/// All runs. Clones are the same book.
#[derive(Clone, Default)]
pub struct Book(Arc<Inner>);

/// Order of locks: `pen`, then `kept` ([`Book::save`]).
#[derive(Default)]
struct Inner {
    kept: Mutex<Kept>,
    file: Option<PathBuf>,
    /// Whoever begins or ends an incident holds it.
    turn: tokio::sync::Mutex<()>,
    /// Whoever writes the file holds it.
    pen: Mutex<()>,
}

#[derive(Default)]
struct Kept {
    runs: VecDeque<Run>,
    incident: Option<Incident>,
}

impl Book {
    /// The book of that data directory. What was under way when the lab ended was interrupted; a file that cannot be read
    /// is begun anew.
    pub fn open(directory: &Path) -> Book {
        let file = directory.join(FILE);
        let text = fs::read(&file).unwrap_or_default();
        let mut runs: VecDeque<Run> = serde_json::from_slice(&text).unwrap_or_default();
        for run in runs.iter_mut().filter(|run| run.is_under_way()) {
            run.end(RunState::Interrupted, run.started_ms);
        }
        runs.truncate(MOST_RUNS);
        let kept = Mutex::new(Kept { runs, incident: None });
        Book(Arc::new(Inner { kept, file: Some(file), ..Inner::default() }))
    }

    /// Held by whoever begins or ends an incident, so that no two do at once.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.turn.lock().await
    }

    /// The incident that is under way.
    pub fn incident(&self) -> Option<Incident> {
        self.kept().incident.clone()
    }

    /// An incident has begun.
    pub fn begin(&self, incident: Incident) {
        self.kept().incident = Some(incident);
    }

    /// Somebody called `alias` joins the incident, and may see its seed when they named it; nothing when there is none, or no
    /// room for anybody more.
    pub fn join(&self, alias: &str, now_ms: i64, sees_seed: bool) -> Option<Run> {
        let mut kept = self.kept();
        let incident = kept.incident.clone()?;
        while kept.runs.len() >= MOST_RUNS {
            let oldest = kept.runs.iter().position(|run| !run.is_under_way())?;
            kept.runs.remove(oldest);
        }
        let run = Run { sees_seed, ..Run::begin(incident, alias, now_ms) };
        kept.runs.push_back(run.clone());
        Some(run)
    }

    pub fn get(&self, id: &str) -> Option<Run> {
        self.kept().runs.iter().find(|run| run.id == id).cloned()
    }

    /// All of them, the newest first.
    pub fn list(&self) -> Vec<Run> {
        self.kept().runs.iter().rev().cloned().collect()
    }

    /// Changes the run of that id, and says how it is then.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Run)) -> Option<Run> {
        let mut kept = self.kept();
        let run = kept.runs.iter_mut().find(|run| run.id == id)?;
        change(run);
        Some(run.clone())
    }

    /// Whether somebody is still at the incident of `run`: until they are done, its trainee is told nothing.
    pub fn is_open(&self, run: &Run) -> bool {
        self.kept().runs.iter().any(|one| one.incident == run.incident && one.is_under_way())
    }

    /// Whether nobody is at the incident any more.
    pub fn is_deserted(&self) -> bool {
        let kept = self.kept();
        let Some(incident) = &kept.incident else { return false };
        !kept.runs.iter().any(|run| run.incident == incident.id && run.is_under_way())
    }

    /// The incident is over; whoever is still at it was interrupted.
    pub fn end_incident(&self, now_ms: i64) {
        let mut kept = self.kept();
        if kept.incident.take().is_some() {
            for run in kept.runs.iter_mut().filter(|run| run.is_under_way()) {
                run.end(RunState::Interrupted, now_ms);
            }
        }
    }

    /// Writes the file, whole or not at all. Not for a thread that has to answer others.
    pub fn save(&self) -> io::Result<()> {
        let Some(file) = &self.0.file else { return Ok(()) };
        let _pen = self.0.pen.lock();
        let text = serde_json::to_vec(&self.kept().runs)?;
        let made = file.with_extension("json.new");
        fs::write(&made, text)?;
        fs::rename(made, file)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::exercises::catalogue::Difficulty;

    fn incident() -> Incident {
        Incident {
            id: "i".to_owned(),
            scenario: "slow-query".to_owned(),
            difficulty: Difficulty::Easy,
            seed: 1,
            difficulty_is_chosen: false,
            started_ms: 0,
            onsets_ms: vec![45_000],
            faults: vec!["products-list".to_owned()],
        }
    }

    #[test]
    fn runs_stay_over_a_restart_and_what_was_under_way_was_interrupted() {
        let home = tempfile::tempdir().expect("a directory");
        let book = Book::open(home.path());
        book.begin(incident());
        let (one, two) =
            (book.join("one", 1, false).expect("room"), book.join("two", 2, false).expect("room"));
        book.change(&one.id, |run| run.end(RunState::GivenUp, 9));
        book.save().expect("written");
        let book = Book::open(home.path());
        let state = |id: &str| book.get(id).map(|run| run.state);
        assert_eq!((state(&one.id), state(&two.id)), (Some(RunState::GivenUp), Some(RunState::Interrupted)));
        assert_eq!(book.incident(), None);
        fs::write(home.path().join(FILE), "{").expect("written");
        assert!(Book::open(home.path()).list().is_empty());
    }

    #[test]
    fn an_incident_is_deserted_when_the_last_one_has_left() {
        let book = Book::default();
        assert!(!book.is_deserted() && book.join("nobody", 0, false).is_none());
        book.begin(incident());
        let run = book.join("one", 1, false).expect("room");
        assert!(!book.is_deserted());
        book.change(&run.id, |run| run.end(RunState::GivenUp, 9));
        assert!(book.is_deserted());
    }

    #[test]
    fn trainees_without_end_do_not_fill_the_memory_and_nobody_is_put_out() {
        let book = Book::default();
        book.begin(incident());
        let first = book.join("first", 0, false).expect("room");
        for number in 0..2 * MOST_RUNS {
            let run = book.join(&number.to_string(), 1, false).expect("room");
            book.change(&run.id, |run| run.end(RunState::GivenUp, 2));
        }
        assert_eq!(book.list().len(), MOST_RUNS);
        assert!(book.get(&first.id).is_some_and(|run| run.is_under_way()));
    }
}
