//! What a scenario promises, said one by one, and how long it has to be watched. Pure.

use std::time::Duration;

use super::timeline::{Labels, title};
use crate::scenario::spec::{Expectation, Spec};

/// Everything that has to be seen, or must not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub scenario: String,
    /// Phases in order, with when each begins.
    pub phases: Vec<(String, Duration)>,
    pub promises: Vec<Promise>,
    /// Names of alerts that may fire.
    pub allowed: Vec<String>,
}

/// Which promise of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromiseId(usize);

/// One thing that is promised.
#[derive(Clone, Debug, PartialEq)]
pub struct Promise {
    /// The phase it counts from.
    pub after: String,
    pub claim: Claim,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    Fires { alert: Labels, within: Duration },
    Notified { alert: Labels, receiver: String, within: Duration, exactly: Option<u32> },
    Inhibited { alert: Labels, by: Labels },
    Resolved { alert: Labels, within: Duration, deferred: bool },
    Never { alert: Labels },
    Metric { query: String, rises: bool, limit: f64, within: Duration },
}

impl Plan {
    pub fn of(spec: &Spec) -> Plan {
        let phases: Vec<_> = spec.phases.iter().map(|phase| (phase.name.clone(), phase.at.0)).collect();
        let breaks = spec.phases.iter().find(|phase| !phase.faults.is_empty() || !phase.releases.is_empty());
        let first = breaks.or(spec.phases.first()).map(|phase| phase.name.clone()).unwrap_or_default();
        let of_one = |one: &Expectation| {
            let after = one.after.clone().unwrap_or_else(|| first.clone());
            claims(one)
                .into_iter()
                .map(move |claim| Promise { after: after.clone(), claim })
                .collect::<Vec<_>>()
        };
        Plan {
            scenario: spec.name.clone(),
            phases,
            promises: spec.expect.iter().flat_map(of_one).collect(),
            allowed: spec.allow.clone(),
        }
    }

    /// All promises, each with the name by which a finding refers to it.
    pub fn numbered(&self) -> impl Iterator<Item = (PromiseId, &Promise)> {
        self.promises.iter().enumerate().map(|(index, promise)| (PromiseId(index), promise))
    }

    /// The promise that a finding refers to.
    pub fn promise(&self, id: PromiseId) -> Option<&Promise> {
        self.promises.get(id.0)
    }

    /// When the last promise is due, and the last phase has begun.
    pub fn lasts(&self) -> Duration {
        let begins = |name: &str| {
            self.phases.iter().find(|(phase, _)| phase == name).map_or(Duration::ZERO, |at| at.1)
        };
        let due = self.promises.iter().map(|one| begins(&one.after) + one.claim.within().unwrap_or_default());
        let last = self.phases.last().map_or(Duration::ZERO, |at| at.1);
        due.fold(last, Duration::max)
    }

    /// The queries that have to be asked again and again.
    pub fn queries(&self) -> Vec<String> {
        let query = |one: &Promise| match &one.claim {
            Claim::Metric { query, .. } => Some(query.clone()),
            Claim::Fires { .. }
            | Claim::Notified { .. }
            | Claim::Inhibited { .. }
            | Claim::Resolved { .. }
            | Claim::Never { .. } => None,
        };
        self.promises.iter().filter_map(query).collect()
    }
}

impl Claim {
    /// How long it may take; what must never be has no such time.
    pub fn within(&self) -> Option<Duration> {
        match self {
            Claim::Fires { within, .. }
            | Claim::Notified { within, .. }
            | Claim::Resolved { within, .. }
            | Claim::Metric { within, .. } => Some(*within),
            Claim::Inhibited { .. } | Claim::Never { .. } => None,
        }
    }

    pub fn alert(&self) -> Option<&Labels> {
        match self {
            Claim::Fires { alert, .. }
            | Claim::Notified { alert, .. }
            | Claim::Inhibited { alert, .. }
            | Claim::Resolved { alert, .. }
            | Claim::Never { alert } => Some(alert),
            Claim::Metric { .. } => None,
        }
    }

    /// What it is about.
    pub fn subject(&self) -> String {
        match self {
            Claim::Metric { query, .. } => query.split_whitespace().collect::<Vec<_>>().join(" "),
            Claim::Fires { alert, .. }
            | Claim::Notified { alert, .. }
            | Claim::Inhibited { alert, .. }
            | Claim::Resolved { alert, .. }
            | Claim::Never { alert } => title(alert),
        }
    }

    /// What is said of it.
    pub fn words(&self) -> String {
        match self {
            Claim::Fires { .. } => "fires".to_owned(),
            Claim::Notified { receiver, exactly: None, .. } => format!("told to {receiver}"),
            Claim::Notified { receiver, exactly: Some(1), .. } => format!("told to {receiver} once"),
            Claim::Notified { receiver, exactly: Some(times), .. } => {
                format!("told to {receiver} {times} times")
            }
            Claim::Inhibited { by, .. } => format!("held back by {}", title(by)),
            Claim::Resolved { deferred: false, .. } => "resolved".to_owned(),
            Claim::Resolved { deferred: true, .. } => "resolved, told later".to_owned(),
            Claim::Never { .. } => "never fires".to_owned(),
            Claim::Metric { rises: true, limit, .. } => format!("rises above {limit}"),
            Claim::Metric { rises: false, limit, .. } => format!("falls below {limit}"),
        }
    }
}

fn claims(one: &Expectation) -> Vec<Claim> {
    let mut claims = Vec::new();
    if let (Some(query), Some(within)) = (&one.metric, one.within) {
        let (rises, limit) = match (one.rises_above, one.falls_below) {
            (Some(limit), _) => (true, limit),
            (None, Some(limit)) => (false, limit),
            (None, None) => return claims,
        };
        claims.push(Claim::Metric { query: query.clone(), rises, limit, within: within.0 });
    }
    let Some(alert) = &one.alert else { return claims };
    let alert = || alert.clone();
    claims.extend(one.fires_within.map(|within| Claim::Fires { alert: alert(), within: within.0 }));
    claims.extend(one.notified.as_ref().map(|told| Claim::Notified {
        alert: alert(),
        receiver: told.receiver.clone(),
        within: told.within.0,
        exactly: told.exactly,
    }));
    claims.extend(one.inhibited_by.clone().map(|by| Claim::Inhibited { alert: alert(), by }));
    claims.extend(one.resolved_within.map(|within| Claim::Resolved {
        alert: alert(),
        within: within.0,
        deferred: one.deferred,
    }));
    claims.extend(one.never.then(|| Claim::Never { alert: alert() }));
    claims
}
