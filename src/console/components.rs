//! The parts of the lab that nobody would miss at once, and whether each of them still moves: what `/ready`, `/api/state`
//! and `doctor` vouch for. A thread of its own looks at all of them twice a second.
//!
//! It counts its own looks and not the time on the clock: on a machine that starves, and after one that slept, the looks
//! are late just as the parts are, and nothing is taken for dead that merely did not get its turn. A part that moves again
//! has to do so several times before it counts as well.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::kernel::{clock, heartbeat::Seen, service::Service};

/// How often all are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A part that stood still has to move so often to count as well again.
const MOVES_TO_RECOVER: u32 = 2;
/// The looks themselves may be late by this much.
const LATEST_LOOK: Duration = Duration::from_secs(10);
/// The part that looks at the others.
const WATCH: &str = "watch";

/// How a part is looked at; nothing when it is not there.
pub type Look = Box<dyn Fn() -> Option<Seen> + Send>;

/// A part at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ComponentNow {
    /// `egress`, `store`, `vitals`, `engine`, `ledger`, `stdout` or `scrape`.
    pub component: &'static str,
    /// It has not moved for longer than it may.
    pub stalled: bool,
    /// Seconds since it last moved.
    pub still_seconds: u64,
    /// Why it does not move, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// All parts that are watched. Clones show the same ones; with the last the watch ends.
#[derive(Clone)]
pub struct Components(Arc<Mutex<Looked>>);

struct Looked {
    at: Instant,
    parts: Vec<ComponentNow>,
}

impl Components {
    /// Watches these parts.
    pub fn watch(parts: Vec<(&'static str, Look)>) -> std::io::Result<Components> {
        let shared = Arc::new(Mutex::new(Looked { at: Instant::now(), parts: Vec::new() }));
        let watched = parts.into_iter().map(|(name, look)| Watched { name, look, pulse: Pulse::default() });
        let (watched, weak) = (watched.collect(), Arc::downgrade(&shared));
        std::thread::Builder::new().name(WATCH.into()).spawn(move || look_on(watched, &weak))?;
        Ok(Components(shared))
    }

    /// How each stands, as it was a moment ago.
    pub fn now(&self) -> Vec<ComponentNow> {
        let (age, mut parts) = {
            let looked = held(&self.0);
            (looked.at.elapsed(), looked.parts.clone())
        };
        if age > LATEST_LOOK {
            let reason = Some("the other parts have not been looked at since".to_owned());
            parts.push(ComponentNow {
                component: WATCH,
                stalled: true,
                still_seconds: age.as_secs(),
                reason,
            });
        }
        parts
    }

    /// `/health`, which says that the process serves, and `/ready`, which says no while any part stands still. Outside
    /// of the guard: who asks is an orchestrator.
    pub fn router(self) -> Router {
        Router::new().route("/health", get(health)).route("/ready", get(ready)).with_state(self)
    }
}

async fn health() -> Json<Value> {
    Json(report("ok"))
}

async fn ready(State(components): State<Components>) -> (StatusCode, Json<Value>) {
    let parts = components.now();
    let stands = parts.iter().any(|part| part.stalled);
    let (status, word) = match stands {
        true => (StatusCode::SERVICE_UNAVAILABLE, "stalled"),
        false => (StatusCode::OK, "ok"),
    };
    let mut body = report(word);
    body["components"] = json!(parts);
    (status, Json(body))
}

fn report(status: &str) -> Value {
    json!({ "status": status, "service": Service::Lab.name(), "timestamp": clock::now() })
}

/// A part, and what was seen of it up to now.
struct Watched {
    name: &'static str,
    look: Look,
    pulse: Pulse,
}

/// Looks for as long as anybody wants to know.
fn look_on(mut watched: Vec<Watched>, shared: &Weak<Mutex<Looked>>) {
    while let Some(shared) = shared.upgrade() {
        // Without the lock: who asks for the last look must not wait for this one.
        let parts: Vec<ComponentNow> = watched.iter_mut().filter_map(Watched::look).collect();
        let mut looked = held(&shared);
        *looked = Looked { at: Instant::now(), parts };
        drop(looked);
        drop(shared);
        std::thread::sleep(LOOK_EVERY);
    }
}

impl Watched {
    fn look(&mut self) -> Option<ComponentNow> {
        let Some(seen) = (self.look)() else {
            self.pulse = Pulse::default();
            return None;
        };
        self.pulse.feel(&seen);
        let still = LOOK_EVERY * self.pulse.still;
        Some(ComponentNow {
            component: self.name,
            stalled: self.pulse.is_stalled,
            still_seconds: still.as_secs(),
            // What moves is not in trouble, whatever waits there.
            reason: seen.trouble.filter(|_| self.pulse.still > 0).map(Into::into),
        })
    }
}

/// Whether a part moves, from look to look. Pure.
#[derive(Debug, Default)]
struct Pulse {
    rounds: Option<u64>,
    /// Looks in a row without a move, and moves since it was found to stand still.
    still: u32,
    moves: u32,
    is_stalled: bool,
}

impl Pulse {
    fn feel(&mut self, seen: &Seen) {
        let is_same = seen.rounds.is_some() && seen.rounds == self.rounds;
        self.rounds = seen.rounds;
        if !is_same {
            (self.still, self.moves) = (0, self.moves + 1);
            self.is_stalled &= self.moves < MOVES_TO_RECOVER;
            return;
        }
        self.still += 1;
        if LOOK_EVERY * self.still >= seen.patience {
            (self.is_stalled, self.moves) = (true, 0);
        }
    }
}

fn held(looked: &Mutex<Looked>) -> MutexGuard<'_, Looked> {
    looked.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::kernel::heartbeat::Heartbeat;

    #[test]
    fn a_part_stands_still_after_its_patience_and_is_well_again_after_several_moves() {
        let mut pulse = Pulse::default();
        let mut feel = |rounds: Option<u64>, looks: u32| {
            let seen = rounds.map_or_else(Seen::idle, Seen::working);
            (0..looks).for_each(|_| pulse.feel(&seen));
            pulse.is_stalled
        };
        assert!(!feel(Some(1), 10), "nine looks without a move are four and a half seconds");
        assert!(feel(Some(1), 1), "five seconds are too long");
        assert!(feel(Some(2), 1), "one move is not enough");
        assert!(!feel(Some(3), 1));
        assert!(!feel(None, 100), "who has nothing to do is well");
        assert!(!feel(Some(3), 10), "what there is to do now is new");
        assert!(feel(Some(3), 1));
        assert!(!feel(None, 2));
    }

    #[test]
    fn a_part_that_hangs_is_named_with_its_reason_and_others_are_not() {
        let (well, hangs) = (Heartbeat::default(), Arc::new(AtomicBool::new(true)));
        let (beating, stuck) = (well.clone(), hangs.clone());
        let look_at_stuck = move || {
            let rounds = if stuck.load(Ordering::Relaxed) { 7 } else { clock::now_millis().unsigned_abs() };
            let patience = Duration::from_millis(1_000);
            Some(Seen::working(rounds).patient(patience).because(Some("the disk is full")))
        };
        let components = Components::watch(vec![
            (
                "well",
                Box::new(move || {
                    beating.beat();
                    Some(beating.seen())
                }),
            ),
            ("stuck", Box::new(look_at_stuck)),
            ("absent", Box::new(|| None)),
        ])
        .expect("a thread");
        let until = |stalled: &[bool]| {
            let begun = Instant::now();
            loop {
                let now: Vec<bool> = components.now().iter().map(|part| part.stalled).collect();
                if now == stalled {
                    return;
                }
                assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", components.now());
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        until(&[false, true]);
        assert_eq!(components.now()[1].reason.as_deref(), Some("the disk is full"));
        hangs.store(false, Ordering::Relaxed);
        until(&[false, false]);
    }
}
