//! How long the way from a rule that is true to a receiver that knows may take: by the evaluation, the rule's `for`, and
//! the route's timing. What the symptom itself takes, no theory knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A notification on its way over the loopback, with what a busy machine adds.
const DELIVERY_MS: i64 = 100;

/// What the servers say of their own timing, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    pub scrape_ms: i64,
    pub evaluation_ms: i64,
    /// Each alert's `for`.
    pub holds_ms: BTreeMap<String, i64>,
    pub keeps_ms: BTreeMap<String, i64>,
    /// The longest of each receiver's routes.
    pub routes: BTreeMap<String, RouteTiming>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTiming {
    pub wait_ms: i64,
    pub interval_ms: i64,
}

impl Timing {
    /// From a rule that is first true to an alert that fires: whole evaluations, and one that may be late.
    pub fn to_firing_ms(&self, alertname: &str) -> i64 {
        let hold = self.holds_ms.get(alertname).copied().unwrap_or_default();
        let step = self.evaluation_ms.max(1);
        (hold + step - 1) / step * step + self.evaluation_ms
    }

    /// From an alert that fires to a receiver that knows; `joins` a group that was there before.
    pub fn to_receiver_ms(&self, receiver: &str, joins: bool) -> i64 {
        let route = self.routes.get(receiver).copied().unwrap_or_default();
        let waits = if joins { route.interval_ms.max(route.wait_ms) } else { route.wait_ms };
        waits + DELIVERY_MS
    }

    /// From an expression that is false to a receiver that knows that it is over.
    pub fn to_over_ms(&self, receiver: &str) -> i64 {
        let route = self.routes.get(receiver).copied().unwrap_or_default();
        self.evaluation_ms + route.interval_ms.max(route.wait_ms) + DELIVERY_MS
    }

    /// How long nothing must happen until nothing more will.
    pub fn quiet_ms(&self) -> i64 {
        let interval = self.routes.values().map(|route| route.interval_ms.max(route.wait_ms)).max();
        interval.unwrap_or_default() + 2 * self.evaluation_ms + self.scrape_ms + 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_the_sum_of_its_stations() {
        let timing = Timing {
            scrape_ms: 1_000,
            evaluation_ms: 1_000,
            holds_ms: [("A".to_owned(), 2_500)].into(),
            routes: [("page".to_owned(), RouteTiming { wait_ms: 2_000, interval_ms: 5_000 })].into(),
            ..Timing::default()
        };
        assert_eq!(timing.to_firing_ms("A"), 4_000);
        assert_eq!(timing.to_firing_ms("B"), 1_000);
        assert_eq!(timing.to_receiver_ms("page", false), 2_100);
        assert_eq!(timing.to_receiver_ms("page", true), 5_100);
        assert_eq!(timing.to_over_ms("page"), 6_100);
        assert_eq!(timing.quiet_ms(), 9_000);
    }
}
