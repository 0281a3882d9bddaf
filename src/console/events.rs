//! Everything that changes, as it changes, to whoever listens. A listener that cannot keep up is dropped and never
//! waited for: what it missed is in the `state` it gets when it connects again.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

use axum::{
    Extension,
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::broadcast,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};
use utoipa::ToSchema;

use super::{
    access::Role,
    desk::{Desk, Notice, Remote},
    faults::{self, FaultNow},
    modes::Mode,
    state,
    vitals::{self, Window},
};
use crate::{
    chaos::setting::Revision,
    kernel::{
        clock,
        error::{Error, Kind, Result},
        problem::Problem,
    },
    scenario::{
        control::{Running, Status},
        engine::CALM,
    },
    stack::inbox::Note,
    store::keep::Store,
};

const VITALS_EVERY: Duration = Duration::from_secs(1);
/// The longest that vitals wait for the store.
const STORE_PATIENCE: Duration = Duration::from_millis(300);
/// A comment after so much silence; vitals come oftener, unless the hub itself stands still.
const HEART_BEAT: Duration = Duration::from_secs(10);
/// The origin of a scenario's time moves by rounding; what is below this is no jump.
const SAME_ORIGIN_SECONDS: f64 = 0.05;

/// The event `mode`.
#[derive(Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModeNow {
    pub mode: String,
    pub seed: u64,
    /// What the scenario asks for, surges left out.
    pub visits_per_minute: f64,
}

/// The event `role`, for readers without the presenter's token: in place of `state` at the start, and when the mode changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleNow {
    /// What the reader's token makes of it.
    pub role: Role,
    /// `normal`, `blackfriday` or `calm`; `other` for all else, which would say what is broken.
    pub mode: &'static str,
}

/// The event `faults`.
#[derive(Debug, Serialize, ToSchema)]
pub struct FaultsNow {
    #[schema(value_type = String)]
    pub revision: Revision,
    pub faults: Vec<FaultNow>,
}

/// Everything that changes, as it changes (server-sent events)
///
/// At the start the event `state` (`StateNow`). Then, whenever it changes: `mode` (`ModeNow`), `scenario`
/// (`ScenarioNow` or `null`), `faults` (`FaultsNow`, without trace ids: `/api/faults` has them; also when a fault strikes
/// for the first time), `followers` (an array of `Follower`), `stack` (`StackNow`); whenever a receiver is told something
/// `notification` (`Note`); while something is verified `verify` (`VerifyStep`); and once a second `vitals` (`Vitals`). A
/// reader that falls behind is dropped; whoever connects again gets the whole state first.
///
/// Where the lab listens beyond this machine, a reader without a token gets `role` (`RoleNow`) and `vitals` alone, a trainee
/// `stack` and `notification` as well.
#[utoipa::path(get, path = "/api/events", tag = "state", operation_id = "listen_to_events",
    responses(
        (status = 200, description = "A stream that does not end", body = String, content_type = "text/event-stream"),
        (status = 503, description = "Too many streams are open", body = Problem,
            content_type = "application/problem+json")))]
pub async fn listen(
    State(desk): State<Arc<Desk>>,
    Extension(role): Extension<Role>,
    remote: Remote,
    headers: HeaderMap,
) -> Result<Response> {
    let seat = desk.readers.take(desk.caller(&headers, remote));
    let seat = seat.ok_or_else(|| Error::new(Kind::Unavailable, "too many streams of events are open"))?;
    // Before the state is made, so that nothing falls between the two.
    let receiver = desk.events.subscribe();
    let first = Arc::new(first(&desk, role));
    let reader = (Some(first), receiver, seat, role);
    let events = stream::unfold(reader, async |(first, mut receiver, seat, role)| {
        let notice = match first {
            Some(first) => first,
            None => loop {
                // Lagging behind ends the stream, as the end of the lab does, and a seat that is another's.
                let notice = tokio::select! {
                    received = receiver.recv() => received.ok()?,
                    () = seat.lost() => return None,
                };
                if let Some(notice) = heard(role, notice) {
                    break notice;
                }
            },
        };
        let event = Event::default().event(notice.name).data(&notice.data);
        Some((Ok::<_, Infallible>(event), (None, receiver, seat, role)))
    });
    let beat = KeepAlive::new().interval(HEART_BEAT);
    Ok(Sse::new(Box::pin(events)).keep_alive(beat).into_response())
}

/// What a reader gets at the start.
fn first(desk: &Desk, role: Role) -> Notice {
    let status = desk.console.control.status();
    if role < Role::Presenter {
        return notice("role", &RoleNow { role, mode: disclosed(&status.mode) });
    }
    let mut now = state::now(desk);
    now.faults = faults::briefly(&status, desk.console.counts.totals());
    notice("state", &now)
}

/// `notice` as a reader of that role gets it, if at all. What is not named here is the presenter's.
fn heard(role: Role, notice: Arc<Notice>) -> Option<Arc<Notice>> {
    match (role, notice.name) {
        (Role::Presenter, _)
        | (Role::Audience | Role::Trainee, "vitals")
        | (Role::Trainee, "stack" | "notification") => Some(notice),
        (Role::Audience | Role::Trainee, "mode") => {
            let now: ModeNow = serde_json::from_str(&notice.data).ok()?;
            Some(Arc::new(self::notice("role", &RoleNow { role, mode: disclosed(&now.mode) })))
        }
        (Role::Audience | Role::Trainee, _) => None,
    }
}

/// The modes whose names say nothing of what is broken.
fn disclosed(mode: &str) -> &'static str {
    let known = [Mode::Normal.name(), Mode::Blackfriday.name(), CALM];
    known.into_iter().find(|name| *name == mode).unwrap_or("other")
}

/// Watches for changes and tells them, for as long as there is a desk.
pub async fn announce(desk: Weak<Desk>) {
    let Some(strong) = desk.upgrade() else { return };
    let mut statuses = strong.console.control.watch();
    let mut followers = strong.followers.changes();
    let events = strong.events.clone();
    let mut stack = strong.console.stack.standing.watch();
    let mut notes = strong.console.stack.inbox.subscribe();
    let mut last = strong.console.control.status();
    let mut window = Window::default();
    let mut revenue = Revenue::default();
    let mut met = BTreeSet::new();
    drop(strong);
    let mut tick = interval(VITALS_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        enum What {
            Status,
            Followers,
            Stack,
            Told(Arc<Note>),
            Vitals,
        }
        let what = tokio::select! {
            // An engine that is gone changes nothing any more; the shoppers are still there.
            Ok(()) = statuses.changed() => What::Status,
            Ok(()) = followers.changed() => What::Followers,
            Ok(()) = stack.changed() => What::Stack,
            // Whoever listens and has missed some finds them by their numbers.
            Ok(note) = notes.recv() => What::Told(note),
            _ = tick.tick() => What::Vitals,
        };
        let Some(desk) = desk.upgrade() else { return };
        match what {
            What::Status => {
                let status = statuses.borrow_and_update().clone();
                tell_changes(&desk, &events, &last, &status);
                last = status;
            }
            What::Followers => tell(&events, || notice("followers", &desk.followers.list())),
            What::Stack => {
                let now = stack.borrow_and_update().clone();
                tell(&events, || notice("stack", &now));
            }
            What::Told(note) => tell(&events, || notice("notification", &*note)),
            What::Vitals => {
                let revenue = revenue.per_minute(desk.console.store.as_ref()).await;
                let now = Arc::new(window.vitals(&desk.console.shoppers.tally(), revenue));
                tell(&events, || notice("vitals", &*now));
                desk.recent.keep(now);
                tell_who_was_met(&desk, &events, &mut met);
                desk.console.vitals.beat();
            }
        }
    }
}

/// What is spent, as the store knows it. Vitals come once a second whether it answers or not, and as long as one question
/// is open no other is asked.
#[derive(Default)]
struct Revenue(Option<JoinHandle<Option<f64>>>);

impl Revenue {
    async fn per_minute(&mut self, store: Option<&Arc<Store>>) -> Option<f64> {
        let store = store?.clone();
        let ask = || tokio::task::spawn_blocking(move || vitals::revenue_per_minute(&store));
        let open = self.0.get_or_insert_with(ask);
        let answered = tokio::time::timeout(STORE_PATIENCE, open).await.ok()?;
        self.0 = None;
        answered.ok().flatten()
    }
}

fn tell_changes(desk: &Desk, events: &broadcast::Sender<Arc<Notice>>, last: &Status, status: &Status) {
    let mode = |status: &Status| ModeNow {
        mode: status.mode.clone(),
        seed: status.seed,
        visits_per_minute: status.visits_per_minute,
    };
    if mode(last) != mode(status) {
        tell(events, || notice("mode", &mode(status)));
    }
    if !is_same_course(last.scenario.as_ref(), status.scenario.as_ref()) || last.seed != status.seed {
        tell(events, || notice("scenario", &state::scenario(status, clock::now_millis())));
    }
    if last.revision != status.revision || !is_same_faults(last, status) {
        let faults = || faults::briefly(status, desk.console.counts.totals());
        tell(events, || notice("faults", &FaultsNow { revision: status.revision, faults: faults() }));
    }
}

/// Tells of the faults once more when one of them has struck for the first time: how long that took is worth knowing.
fn tell_who_was_met(desk: &Desk, events: &broadcast::Sender<Arc<Notice>>, met: &mut BTreeSet<String>) {
    let totals = desk.console.counts.totals();
    let now: BTreeSet<String> =
        totals.iter().filter(|(_, count)| count.first_hit_ms.is_some()).map(|(id, _)| id.clone()).collect();
    if !now.is_subset(met) {
        let status = desk.console.control.status();
        let faults = faults::briefly(&status, totals);
        tell(events, || notice("faults", &FaultsNow { revision: status.revision, faults }));
    }
    *met = now;
}

/// Whether nothing has changed but counts.
fn is_same_faults(one: &Status, other: &Status) -> bool {
    let pairs = one.faults.iter().zip(&other.faults);
    one.faults.len() == other.faults.len()
        && pairs.into_iter().all(|(a, b)| (&a.fault, &a.source, &a.since) == (&b.fault, &b.source, &b.since))
}

/// Whether one follows from the other by the passing of time alone.
fn is_same_course(one: Option<&Running>, other: Option<&Running>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return one.is_none() && other.is_none() };
    let origin = |running: &Running| match running.paused {
        true => running.elapsed_seconds,
        false => running.elapsed_seconds - running.as_of_ms as f64 / 1_000.0 * running.speed,
    };
    let timeless = |running: &Running| Running { elapsed_seconds: 0.0, as_of_ms: 0, ..running.clone() };
    (origin(one) - origin(other)).abs() < SAME_ORIGIN_SECONDS && timeless(one) == timeless(other)
}

/// Says it to those who listen, if any do.
fn tell(events: &broadcast::Sender<Arc<Notice>>, notice: impl FnOnce() -> Notice) {
    if events.receiver_count() > 0 {
        let _ = events.send(Arc::new(notice()));
    }
}

fn notice(name: &'static str, data: &impl Serialize) -> Notice {
    // Structs of strings and numbers always serialise.
    Notice { name, data: serde_json::to_string(data).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_hears_what_its_role_may_hear_and_no_scenario_by_its_mode() {
        let mode = ModeNow { mode: "slow-query".to_owned(), seed: 1, visits_per_minute: 1.0 };
        let of = |role, name| {
            heard(role, Arc::new(notice(name, &mode))).map(|notice| (notice.name, notice.data.clone()))
        };
        let known =
            ["vitals", "stack", "notification", "mode", "scenario", "faults", "followers", "verify", "state"];
        let names =
            |role| -> Vec<&str> { known.into_iter().filter_map(|name| Some(of(role, name)?.0)).collect() };
        assert_eq!(names(Role::Presenter), known);
        assert_eq!(names(Role::Trainee), ["vitals", "stack", "notification", "role"]);
        assert_eq!(names(Role::Audience), ["vitals", "role"]);
        let (_, role) = of(Role::Audience, "mode").expect("it is said");
        assert_eq!(role, r#"{"role":"audience","mode":"other"}"#);
    }

    #[test]
    fn time_that_passes_is_no_change_but_a_jump_and_a_pause_are() {
        let at = |elapsed_seconds, as_of_ms| Running {
            name: "a".to_owned(),
            speed: 2.0,
            elapsed_seconds,
            as_of_ms,
            ..Running::default()
        };
        let one = at(10.0, 1_000);
        assert!(is_same_course(Some(&one), Some(&at(12.0, 2_000))));
        assert!(!is_same_course(Some(&one), Some(&at(60.0, 2_000))));
        assert!(!is_same_course(Some(&one), Some(&Running { paused: true, ..at(12.0, 2_000) })));
        assert!(!is_same_course(Some(&one), None));
        assert!(is_same_course(None, None));
    }
}
