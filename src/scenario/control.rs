//! What may be asked of the engine, and what it says of itself: the one way that points up-stream. Whoever holds a
//! [`Control`] — the API, a page, the command line's clients through the API — asks by a [`Command`] and waits for its
//! answer; nobody reaches into the engine.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use utoipa::ToSchema;

use super::spec::Planned;
use crate::{
    chaos::{fault::Fault, live::Count, setting::Revision},
    kernel::heartbeat::Heartbeat,
};

/// Commands that may wait; more are refused.
const QUEUE: usize = 64;
/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The mode while an exercise runs, and which scenario it is is not said; no scenario may be called so.
pub const EXERCISE: &str = "exercise";
/// Where faults come from that were set by hand.
pub const BY_HAND: &str = "manual";

/// What may be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Start a scenario in place of the one that runs. With a seed, visits begin anew at number 0 and all draws follow
    /// from it: the same seed replays the same show.
    Start {
        name: String,
        seed: Option<u64>,
    },
    /// Start a scenario of the library without saying which: what is shown of it is that an exercise runs. It stays as it
    /// is at its worst until it is stopped. Any other start, and calm, end that.
    Incident {
        name: String,
    },
    /// End the scenario; `normal` runs again.
    Stop,
    /// No faults at all, normal load, at once.
    Calm,
    Pause,
    Resume,
    /// Go to the beginning of a phase.
    Jump {
        phase: String,
    },
    /// Let time run so many times as fast.
    Speed {
        factor: f64,
    },
    /// Set a fault by hand; it comes before all others.
    SetFault(Box<Planned>),
    /// End a fault, by hand or of the scenario.
    ClearFault {
        id: String,
    },
    /// Visits on top of what runs, for a while.
    Surge {
        seconds: u64,
        requests_per_minute: f64,
    },
}

impl Command {
    /// The word for it, as it is written, without what it is about.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Start { .. } => "start",
            Command::Incident { .. } => "incident",
            Command::Stop => "stop",
            Command::Calm => "calm",
            Command::Pause => "pause",
            Command::Resume => "resume",
            Command::Jump { .. } => "jump",
            Command::Speed { .. } => "speed",
            Command::SetFault(_) => "set_fault",
            Command::ClearFault { .. } => "clear_fault",
            Command::Surge { .. } => "surge",
        }
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    Done,
    /// The fault was not there before.
    Created,
    /// Another fault of that id was there before.
    Replaced,
}

/// Why something was not done. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such scenario, phase or fault; the text names the nearest.
    #[error("{0}")]
    Unknown(String),
    /// A value is out of its range: the field, and why.
    #[error("{field}: {why}")]
    Invalid { field: String, why: String },
    /// It makes no sense now: nothing runs that could be paused.
    #[error("{0}")]
    NotNow(String),
    /// Too much is asked at once, or the engine is gone.
    #[error("the engine has too much to do")]
    Busy,
}

/// A question on its way to the engine.
pub struct Asked {
    pub command: Command,
    /// Who asks, for the ledger: `api`, `signal`, …
    pub by: String,
    pub answer: oneshot::Sender<Result<Done, Refused>>,
}

/// How things stand: made anew at every change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = EngineStatus)]
pub struct Status {
    /// `normal`, `blackfriday`, another scenario's name, `calm`, or `exercise`, where which it is is not to be said.
    pub mode: String,
    pub scenario: Option<Running>,
    pub faults: Vec<Active>,
    #[schema(value_type = String)]
    pub revision: Revision,
    /// What draws follow from.
    pub seed: u64,
    /// Visits a minute that the scenario asks for right now, surges left out.
    pub visits_per_minute: f64,
}

/// The scenario that runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Running {
    pub name: String,
    pub title: String,
    pub phase: String,
    pub cue: Option<String>,
    pub next_phase: Option<String>,
    pub next_cue: Option<String>,
    /// Seconds of the scenario's own time at which the next phase begins.
    pub next_at_seconds: Option<f64>,
    /// Seconds of the scenario's own time that have passed when this was made.
    pub elapsed_seconds: f64,
    /// When this was made, in milliseconds since 1970: with `speed` and `paused`, a client can go on counting.
    pub as_of_ms: i64,
    pub paused: bool,
    pub speed: f64,
    pub repeats: bool,
    pub lasts_seconds: Option<f64>,
    pub phases: Vec<String>,
}

/// A fault that is active, as it is right now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Active {
    pub fault: Fault,
    /// `manual`, `baseline`, or `SCENARIO/PHASE`.
    pub source: String,
    /// RFC 3339.
    pub since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
}

/// A handle on the engine. Clones ask the same one.
#[derive(Clone)]
pub struct Control {
    commands: mpsc::Sender<Asked>,
    status: watch::Receiver<Arc<Status>>,
    truth: watch::Receiver<Arc<Status>>,
    beats: Heartbeat,
}

/// The engine's ends of a [`Control`].
pub struct Served {
    pub commands: mpsc::Receiver<Asked>,
    /// What everybody may know.
    pub status: watch::Sender<Arc<Status>>,
    /// The same with nothing left out.
    pub truth: watch::Sender<Arc<Status>>,
    /// Counts the seconds in which the engine did what was due.
    pub beats: Heartbeat,
}

impl Status {
    /// What may be said of it while nobody is to be told which scenario runs: what was set by hand, and how many come.
    #[must_use]
    pub fn concealed(&self) -> Status {
        let by_hand = self.faults.iter().filter(|one| one.source == BY_HAND);
        let faults = by_hand.cloned().collect();
        Status { mode: EXERCISE.to_owned(), scenario: None, faults, ..self.clone() }
    }
}

impl Control {
    /// A handle, and the ends that whoever serves it holds.
    pub fn channel() -> (Control, Served) {
        let (commands, asked) = mpsc::channel(QUEUE);
        let (status, shown) = watch::channel(Arc::new(Status::default()));
        let (truth, known) = watch::channel(Arc::new(Status::default()));
        let beats = Heartbeat::default();
        let served = Served { commands: asked, status, truth, beats: beats.clone() };
        (Control { commands, status: shown, truth: known, beats }, served)
    }

    /// Asks and waits for the answer.
    pub async fn ask(&self, command: Command, by: &str) -> Result<Done, Refused> {
        let (answer, answered) = oneshot::channel();
        let asked = Asked { command, by: by.to_owned(), answer };
        self.commands.try_send(asked).map_err(|_| Refused::Busy)?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(Refused::Busy),
        }
    }

    /// Whether the engine still does what is due.
    pub fn beats(&self) -> Heartbeat {
        self.beats.clone()
    }

    /// How things stood at the last change.
    pub fn status(&self) -> Arc<Status> {
        self.status.borrow().clone()
    }

    /// How they stood then, and nothing is left out: only for whoever judges an exercise.
    pub fn truth(&self) -> Arc<Status> {
        self.truth.borrow().clone()
    }

    /// How things stand, as it changes.
    pub fn watch(&self) -> watch::Receiver<Arc<Status>> {
        self.status.clone()
    }
}
