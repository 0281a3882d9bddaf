//! How the stack stands, for whoever looks or waits. What it knows is told to it; it asks nobody.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::part::{Part, Version};
use crate::rules::pace::Pace;

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nobody asked for it.
    #[default]
    Off,
    /// A program is not on this machine.
    Missing,
    Starting,
    Ready,
    /// It ended without being asked to, and is started again.
    Restarting,
    /// It is somebody else's, and does not answer.
    Away,
    /// It could not be started, and nobody tries again.
    Failed,
}

/// The whole, as `/api/state` shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StackNow {
    /// Of both: the worse of the two.
    pub state: State,
    /// Why it is off, missing or failed.
    pub why: Option<String>,
    /// `production`, `stage` or `talk`; nothing when it is somebody else's.
    pub pace: Option<String>,
    pub prometheus: Option<PartNow>,
    pub alertmanager: Option<PartNow>,
    /// Alerts that fire, as Prometheus said a moment ago.
    pub firing: Option<usize>,
    /// The file Alertmanager writes each of its steps to, where its version has an event recorder.
    pub events_file: Option<String>,
}

/// One of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PartNow {
    pub url: String,
    pub version: Option<String>,
    pub state: State,
    /// How often it was started again.
    pub restarts: u64,
    /// Whether the lab has started it.
    pub ours: bool,
    /// The number of the lab's own process, while it runs.
    #[serde(skip)]
    pub pid: Option<u32>,
}

/// Tells and is told. Clones are the same one.
#[derive(Clone)]
pub struct Standing(Arc<watch::Sender<StackNow>>);

impl Standing {
    pub fn new(now: StackNow) -> Self {
        Standing(Arc::new(watch::Sender::new(now)))
    }

    /// Nothing there, and why.
    pub fn without(state: State, why: impl Into<String>) -> Self {
        Standing::new(StackNow { state, why: Some(why.into()), ..StackNow::default() })
    }

    /// On its way, at these addresses.
    pub fn starting(pace: Pace, prometheus_url: &str, alertmanager_url: &str) -> Self {
        let part = |url: &str| {
            Some(PartNow { url: url.to_owned(), state: State::Starting, ours: true, ..PartNow::default() })
        };
        Standing::new(StackNow {
            state: State::Starting,
            pace: Some(pace.to_string()),
            prometheus: part(prometheus_url),
            alertmanager: part(alertmanager_url),
            ..StackNow::default()
        })
    }

    /// Somebody else's; whether they answer is not known yet.
    pub fn theirs(prometheus_url: Option<&str>, alertmanager_url: Option<&str>) -> Self {
        let part = |url: &str| PartNow { url: url.to_owned(), state: State::Starting, ..PartNow::default() };
        Standing::new(StackNow {
            state: State::Starting,
            prometheus: prometheus_url.map(part),
            alertmanager: alertmanager_url.map(part),
            ..StackNow::default()
        })
    }

    pub fn now(&self) -> StackNow {
        self.0.borrow().clone()
    }

    pub fn watch(&self) -> watch::Receiver<StackNow> {
        self.0.subscribe()
    }

    /// The address of one of the two, if there is one.
    pub fn url(&self, part: Part) -> Option<String> {
        self.0.borrow().part(part).map(|part| part.url.clone())
    }

    /// It could not be started.
    pub fn fail(&self, state: State, why: &str) {
        self.change(|now| {
            for part in [&mut now.prometheus, &mut now.alertmanager].into_iter().flatten() {
                part.state = state;
            }
            now.why = Some(why.to_owned());
        });
    }

    /// One of the two has changed.
    pub fn tell(&self, part: Part, change: impl FnOnce(&mut PartNow)) {
        self.change(|now| {
            let told = match part {
                Part::Prometheus => now.prometheus.as_mut(),
                Part::Alertmanager => now.alertmanager.as_mut(),
            };
            if let Some(told) = told {
                change(told);
            }
        });
    }

    /// Anything has changed. Those who watch hear of it only if it has.
    pub fn change(&self, change: impl FnOnce(&mut StackNow)) {
        self.0.send_if_modified(|now| {
            let before = now.clone();
            change(now);
            now.state = now.of_both();
            *now != before
        });
    }
}

impl StackNow {
    pub fn part(&self, part: Part) -> Option<&PartNow> {
        match part {
            Part::Prometheus => self.prometheus.as_ref(),
            Part::Alertmanager => self.alertmanager.as_ref(),
        }
    }

    fn of_both(&self) -> State {
        let parts = [&self.prometheus, &self.alertmanager];
        let worst = parts.into_iter().flatten().map(|part| part.state).max_by_key(|state| gravity(*state));
        worst.unwrap_or(self.state)
    }
}

impl PartNow {
    pub fn with_version(&mut self, version: Version) {
        self.version = Some(version.to_string());
    }
}

fn gravity(state: State) -> u8 {
    match state {
        State::Off => 0,
        State::Ready => 1,
        State::Starting => 2,
        State::Restarting => 3,
        State::Away => 4,
        State::Missing => 5,
        State::Failed => 6,
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Off => "off",
            State::Missing => "missing",
            State::Starting => "starting",
            State::Ready => "ready",
            State::Restarting => "restarting",
            State::Away => "away",
            State::Failed => "failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_is_as_well_as_the_worse_of_the_two() {
        let standing = Standing::starting(Pace::Talk, "http://p", "http://a");
        let mut seen = standing.watch();
        standing.tell(Part::Prometheus, |part| part.state = State::Ready);
        assert_eq!(standing.now().state, State::Starting);
        standing.tell(Part::Alertmanager, |part| part.state = State::Ready);
        assert_eq!((standing.now().state, seen.has_changed().ok()), (State::Ready, Some(true)));
        standing.tell(Part::Prometheus, |part| part.state = State::Restarting);
        assert_eq!(standing.now().state, State::Restarting);
        seen.mark_unchanged();
        standing.tell(Part::Prometheus, |part| part.state = State::Restarting);
        assert_eq!(seen.has_changed().ok(), Some(false), "nothing is new");
    }

    #[test]
    fn what_is_not_there_says_why() {
        let now = Standing::without(State::Missing, "prometheus is not on this machine").now();
        assert_eq!((now.state, now.prometheus), (State::Missing, None));
        assert!(now.why.is_some_and(|why| why.contains("not on this machine")));
    }
}
