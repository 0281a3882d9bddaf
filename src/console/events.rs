//! Everything that changes, as it changes, to whoever listens. A listener that cannot keep up is dropped and never
//! waited for: what it missed is in the `state` it gets when it connects again.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::stream;
use serde::Serialize;
use tokio::{
    sync::broadcast,
    time::{MissedTickBehavior, interval},
};
use utoipa::ToSchema;

use super::{
    desk::{Desk, Notice},
    faults::{self, FaultNow},
    state,
};
use crate::{
    chaos::setting::Revision,
    kernel::{
        clock,
        error::{Error, Kind, Result},
        problem::Problem,
    },
    load::tally::{Counts, Tally},
    scenario::control::{Running, Status},
    stack::inbox::Note,
};

const VITALS_EVERY: Duration = Duration::from_secs(1);
/// A comment after so much silence; vitals come oftener, unless the hub itself stands still.
const HEART_BEAT: Duration = Duration::from_secs(10);
/// Vitals look back over so many seconds.
const WINDOW: usize = 10;
/// The origin of a scenario's time moves by rounding; what is below this is no jump.
const SAME_ORIGIN_SECONDS: f64 = 0.05;

/// The event `mode`.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct ModeNow {
    pub mode: String,
    pub seed: u64,
    /// What the scenario asks for, surges left out.
    pub visits_per_minute: f64,
}

/// The event `faults`.
#[derive(Debug, Serialize, ToSchema)]
pub struct FaultsNow {
    #[schema(value_type = String)]
    pub revision: Revision,
    pub faults: Vec<FaultNow>,
}

/// The event `vitals`, once a second: how the shoppers fare.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Vitals {
    /// Visits that were due since the start, and those under way.
    pub visits: u64,
    pub in_flight: u64,
    /// The rate that is asked for right now, with what comes on top.
    pub visits_per_minute: f64,
    /// Over the last ten seconds.
    pub requests_per_second: f64,
    /// Over the last ten seconds: the part of all requests that ended in a 5xx or without an answer.
    pub error_share: f64,
    /// Orders placed since the start.
    pub orders: u64,
    /// Over the last ten seconds.
    pub orders_per_minute: f64,
    /// Since the start, in milliseconds.
    pub p95_ms: f64,
}

/// Everything that changes, as it changes (server-sent events)
///
/// At the start the event `state` (`StateNow`). Then, whenever it changes: `mode` (`ModeNow`), `scenario`
/// (`ScenarioNow` or `null`), `faults` (`FaultsNow`, without trace ids: `/api/faults` has them), `followers` (an array of `Follower`),
/// `stack` (`StackNow`); whenever a receiver is told something `notification` (`Note`); while something is verified
/// `verify` (`VerifyStep`); and once a second `vitals` (`Vitals`). A reader that falls behind is dropped; whoever connects again gets the whole state first.
#[utoipa::path(get, path = "/api/events", tag = "state", operation_id = "listen_to_events",
    responses(
        (status = 200, description = "A stream that does not end", body = String, content_type = "text/event-stream"),
        (status = 503, description = "Too many streams are open", body = Problem,
            content_type = "application/problem+json")))]
pub async fn listen(State(desk): State<Arc<Desk>>) -> Result<Response> {
    let place = desk.readers.clone().try_acquire_owned();
    let place = place.map_err(|_| Error::new(Kind::Unavailable, "too many streams of events are open"))?;
    // Before the state is made, so that nothing falls between the two.
    let receiver = desk.events.subscribe();
    let mut now = state::now(&desk);
    now.faults = faults::briefly(&desk.console.control.status(), desk.console.counts.totals());
    let first = Arc::new(notice("state", &now));
    let reader = (Some(first), receiver, place);
    let events = stream::unfold(reader, async |(first, mut receiver, place)| {
        let notice = match first {
            Some(first) => first,
            // Lagging behind ends the stream, as the end of the lab does.
            None => receiver.recv().await.ok()?,
        };
        let event = Event::default().event(notice.name).data(&notice.data);
        Some((Ok::<_, Infallible>(event), (None, receiver, place)))
    });
    let beat = KeepAlive::new().interval(HEART_BEAT);
    Ok(Sse::new(Box::pin(events)).keep_alive(beat).into_response())
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
            What::Vitals if events.receiver_count() > 0 => {
                let vitals = window.vitals(&desk.console.shoppers.tally());
                tell(&events, || notice("vitals", &vitals));
            }
            // Nobody listens: what was seen long ago must not count as of these last seconds.
            What::Vitals => window = Window::default(),
        }
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

/// The requests and orders of the last seconds, a pair a second.
#[derive(Default)]
struct Window(VecDeque<(Counts, u64)>);

impl Window {
    /// Called once a second.
    fn vitals(&mut self, tally: &Tally) -> Vitals {
        let orders = tally.steps.get("checkout").map_or(0, |step| step.requests.ok);
        let (then, orders_then) = self.0.front().copied().unwrap_or((tally.requests, orders));
        let seconds = self.0.len().max(1) as f64;
        self.0.push_back((tally.requests, orders));
        if self.0.len() > WINDOW {
            self.0.pop_front();
        }
        let bad = |counts: &Counts| counts.server_error + counts.lost;
        let requests = tally.requests.total().saturating_sub(then.total());
        let failed = bad(&tally.requests).saturating_sub(bad(&then));
        Vitals {
            visits: tally.visits.arrived,
            in_flight: tally.in_flight,
            visits_per_minute: tally.visits_per_minute,
            requests_per_second: requests as f64 / seconds,
            error_share: if requests == 0 { 0.0 } else { failed as f64 / requests as f64 },
            orders,
            orders_per_minute: orders.saturating_sub(orders_then) as f64 / seconds * 60.0,
            p95_ms: tally.latency.p95_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(ok: u64, server_error: u64) -> Tally {
        Tally { requests: Counts { ok, server_error, ..Counts::default() }, ..Tally::default() }
    }

    #[test]
    fn vitals_look_back_over_ten_seconds_and_no_further() {
        let mut window = Window::default();
        assert_eq!(window.vitals(&tally(100, 100)).error_share, 0.0, "what was before is not known");
        let vitals = window.vitals(&tally(108, 102));
        assert_eq!((vitals.requests_per_second, vitals.error_share), (10.0, 0.2));
        for second in 2..=20 {
            window.vitals(&tally(100 + 8 * second, 102));
        }
        let vitals = window.vitals(&tally(100 + 8 * 21, 102));
        assert_eq!((vitals.requests_per_second, vitals.error_share), (8.0, 0.0));
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
