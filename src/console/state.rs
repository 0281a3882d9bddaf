//! How all of it stands at one moment.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    components::ComponentNow,
    desk::{Desk, Place},
    faults::{self, FaultNow},
    followers::Follower,
};
use crate::{
    chaos::setting::Revision,
    kernel::{
        clock,
        sockets::{ACCEPTED, CALLS, CONTROL_CONNECTIONS, SHOPPERS},
    },
    load::tally::Tally,
    scenario::control::{Running, Status},
    stack::standing::StackNow,
};

/// Everything there is to know at one look.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateNow {
    pub version: &'static str,
    /// `normal`, `blackfriday`, another scenario's name, or `calm`.
    pub mode: String,
    /// What draws and visits follow from.
    pub seed: u64,
    pub scenario: Option<ScenarioNow>,
    pub faults: Vec<FaultNow>,
    /// Which setting of the switchboard it is.
    #[schema(value_type = String)]
    pub revision: Revision,
    pub load: LoadNow,
    /// The processes that follow the switchboard.
    pub followers: Vec<Follower>,
    /// Connections and streams for which there was no room, since the start.
    pub capacity: CapacityNow,
    pub services: Vec<Place>,
    /// How the visits went since the start.
    #[schema(value_type = Object)]
    pub shoppers: Tally,
    /// What was sent to backends and what was lost.
    #[schema(value_type = Vec<Object>)]
    pub telemetry: Value,
    /// The parts of the lab that work unseen, and whether each still moves.
    pub components: Vec<ComponentNow>,
    /// Prometheus and Alertmanager, where they are and how they are.
    pub stack: StackNow,
    /// Where a browser finds Grafana, if there is one.
    pub grafana: Option<String>,
}

/// Connections and streams for which there was no room, since the start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct CapacityNow {
    /// Connections to this address that were refused.
    pub connections_refused: u64,
    /// Connections to this address that were closed to make room for another.
    pub connections_displaced: u64,
    /// Connections to this address that were closed because they never sent a request.
    pub connections_silent: u64,
    /// Streams of `/api/events` that were refused.
    pub event_streams_refused: u64,
    /// Streams of `/api/switchboard` that were refused.
    pub switchboard_streams_refused: u64,
    /// Sockets of services and shoppers that could not be opened because their share of file descriptors was used up.
    pub shop_sockets_refused: u64,
    /// Sockets that services and shoppers have open.
    pub shop_sockets: usize,
    /// The most they may have.
    pub shop_sockets_max: usize,
}

/// How many come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct LoadNow {
    /// Right now, with what comes on top.
    pub visits_per_minute: f64,
    /// What the scenario asks for, surges left out.
    pub scenario_visits_per_minute: f64,
}

/// The scenario that runs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ScenarioNow {
    pub name: String,
    pub title: String,
    pub seed: u64,
    pub phase: String,
    pub cue: Option<String>,
    pub next_phase: Option<String>,
    pub next_cue: Option<String>,
    /// Seconds by the clock on the wall until the next phase begins; nothing while it is paused.
    pub next_in_seconds: Option<f64>,
    /// Seconds of the scenario's own time that have passed.
    pub elapsed_seconds: f64,
    pub paused: bool,
    pub speed: f64,
    #[serde(rename = "loop")]
    pub repeats: bool,
    pub lasts_seconds: Option<f64>,
    pub phases: Vec<String>,
}

/// Everything, as one JSON object
#[utoipa::path(get, path = "/api/state", tag = "state", operation_id = "read_state",
    responses((status = 200, description = "How all of it stands", body = StateNow)))]
pub async fn state(State(desk): State<Arc<Desk>>) -> Json<StateNow> {
    Json(now(&desk))
}

/// How all of it stands now.
pub fn now(desk: &Desk) -> StateNow {
    let console = &desk.console;
    let (status, shoppers) = (console.control.status(), console.shoppers.tally());
    StateNow {
        version: env!("CARGO_PKG_VERSION"),
        mode: status.mode.clone(),
        seed: status.seed,
        scenario: scenario(&status, clock::now_millis()),
        faults: faults::now(&status, console.counts.totals()),
        revision: status.revision,
        load: LoadNow {
            visits_per_minute: shoppers.visits_per_minute,
            scenario_visits_per_minute: status.visits_per_minute,
        },
        followers: desk.followers.list(),
        capacity: capacity(desk),
        services: console.services.to_vec(),
        shoppers,
        telemetry: (console.telemetry)(),
        components: console.components.now(),
        stack: console.stack.standing.now(),
        grafana: console.grafana.clone(),
    }
}

fn capacity(desk: &Desk) -> CapacityNow {
    let shares = [&SHOPPERS, &CALLS, &ACCEPTED];
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    CapacityNow {
        connections_refused: of(&CONTROL_CONNECTIONS.refused),
        connections_displaced: of(&CONTROL_CONNECTIONS.displaced),
        connections_silent: of(&CONTROL_CONNECTIONS.silent),
        event_streams_refused: desk.readers.refused(),
        switchboard_streams_refused: desk.followers.refused(),
        shop_sockets_refused: shares.iter().map(|share| share.refused()).sum(),
        shop_sockets: shares.iter().map(|share| share.in_use()).sum(),
        shop_sockets_max: shares.iter().map(|share| share.size()).sum(),
    }
}

/// The scenario as it is at `now_ms`, although `status` was made some time ago.
pub fn scenario(status: &Status, now_ms: i64) -> Option<ScenarioNow> {
    let running = status.scenario.as_ref()?;
    let elapsed_seconds = elapsed(running, now_ms);
    let left = running.next_at_seconds.map(|at| (at - elapsed_seconds).max(0.0));
    let moves = !running.paused && running.speed > 0.0;
    Some(ScenarioNow {
        name: running.name.clone(),
        title: running.title.clone(),
        seed: status.seed,
        phase: running.phase.clone(),
        cue: running.cue.clone(),
        next_phase: running.next_phase.clone(),
        next_cue: running.next_cue.clone(),
        next_in_seconds: left.filter(|_| moves).map(|left| left / running.speed),
        elapsed_seconds,
        paused: running.paused,
        speed: running.speed,
        repeats: running.repeats,
        lasts_seconds: running.lasts_seconds,
        phases: running.phases.clone(),
    })
}

fn elapsed(running: &Running, now_ms: i64) -> f64 {
    if running.paused {
        return running.elapsed_seconds;
    }
    let since_ms = now_ms.saturating_sub(running.as_of_ms).max(0);
    running.elapsed_seconds + since_ms as f64 / 1_000.0 * running.speed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(paused: bool) -> Status {
        let running = Running {
            elapsed_seconds: 10.0,
            as_of_ms: 1_000,
            next_at_seconds: Some(60.0),
            speed: 2.0,
            paused,
            ..Running::default()
        };
        Status { scenario: Some(running), ..Status::default() }
    }

    #[test]
    fn a_scenario_s_time_goes_on_between_two_changes_at_its_own_speed() {
        let now = scenario(&status(false), 6_000).expect("it runs");
        assert_eq!((now.elapsed_seconds, now.next_in_seconds), (20.0, Some(20.0)));
    }

    #[test]
    fn a_paused_scenario_stands_still_and_nobody_knows_when_it_goes_on() {
        let now = scenario(&status(true), 6_000).expect("it runs");
        assert_eq!((now.elapsed_seconds, now.next_in_seconds), (10.0, None));
    }

    #[test]
    fn a_clock_that_was_set_back_takes_nothing_away() {
        assert_eq!(scenario(&status(false), 0).expect("it runs").elapsed_seconds, 10.0);
    }
}
