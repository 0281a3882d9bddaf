//! What the lab says of each way out of it, and what that means. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A row of `/api/state`'s `telemetry`: `telemetry::egress::exits::Exit`, as far as it is judged and shown.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Exit {
    pub signal: String,
    pub destination: String,
    pub place: String,
    pub standing: String,
    pub trouble: Option<String>,
    pub took_seconds_ago: Option<u64>,
    pub sent: u64,
    pub dropped: u64,
    pub dropped_because: BTreeMap<String, u64>,
    pub queue_bytes: u64,
    pub last_minute: Minute,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Minute {
    /// Nothing where nobody counts by the minute.
    pub sent: Option<u64>,
    pub failed: u64,
    pub dropped: u64,
}

/// One word for how it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Ok,
    /// Nothing was there to send for a minute: no trouble, and no proof.
    Idle,
    /// It answers, but does not take what is sent now; that waits.
    Busy,
    /// It cannot be reached; what is sent waits.
    Away,
    /// It will not have what is sent.
    Refusing,
    /// It takes what is sent, and yet something was given up within the last minute.
    Dropping,
    /// What was sent cannot be found there.
    Missing,
    /// A part of the lab does not move any more.
    Stalled,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Idle => "idle",
            Verdict::Busy => "busy",
            Verdict::Away => "away",
            Verdict::Refusing => "refusing",
            Verdict::Dropping => "dropping",
            Verdict::Missing => "missing",
            Verdict::Stalled => "stalled",
        }
    }

    pub fn is_fine(self) -> bool {
        matches!(self, Verdict::Ok | Verdict::Idle)
    }
}

/// Longer than a destination may be without a signal before it counts as idle.
const IDLE_SECONDS: u64 = 60;

impl Exit {
    pub fn verdict(&self) -> Verdict {
        match self.standing.as_str() {
            "busy" => Verdict::Busy,
            "away" => Verdict::Away,
            "refusing" => Verdict::Refusing,
            _ if self.last_minute.dropped > 0 => Verdict::Dropping,
            "idle" => Verdict::Idle,
            _ if self.took_seconds_ago.is_some_and(|seconds| seconds > IDLE_SECONDS) => Verdict::Idle,
            _ => Verdict::Ok,
        }
    }

    /// What a person should read about it: its trouble, and what was given up since the lab opened, by why.
    pub fn words(&self) -> String {
        let because = self.dropped_because.iter().filter(|(_, count)| **count > 0);
        let because: Vec<String> =
            because.map(|(reason, count)| format!("{count} {}", reason.replace('_', " "))).collect();
        let dropped =
            (!because.is_empty()).then(|| format!("dropped since the start: {}", because.join(", ")));
        let words: Vec<String> = self.trouble.iter().cloned().chain(dropped).collect();
        words.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(standing: &str, took_seconds_ago: Option<u64>, dropped: u64) -> Exit {
        let last_minute = Minute { dropped, ..Minute::default() };
        Exit { standing: standing.to_owned(), took_seconds_ago, last_minute, ..Exit::default() }
    }

    #[test]
    fn the_worst_that_is_true_is_said() {
        for (standing, took, dropped, verdict) in [
            ("taking", Some(1), 0, Verdict::Ok),
            ("taking", None, 0, Verdict::Ok),
            ("taking", Some(61), 0, Verdict::Idle),
            ("idle", None, 0, Verdict::Idle),
            ("idle", None, 1, Verdict::Dropping),
            ("taking", Some(1), 3, Verdict::Dropping),
            ("away", Some(1), 3, Verdict::Away),
            ("busy", Some(1), 3, Verdict::Busy),
            ("refusing", None, 3, Verdict::Refusing),
        ] {
            assert_eq!(exit(standing, took, dropped).verdict(), verdict, "{standing} {took:?} {dropped}");
        }
    }

    #[test]
    fn what_was_dropped_is_said_with_why() {
        let mut exit = exit("away", None, 0);
        exit.trouble = Some("connection refused".to_owned());
        exit.dropped_because = BTreeMap::from([
            ("queue_full".to_owned(), 7),
            ("refused".to_owned(), 0),
            ("shutdown".to_owned(), 2),
        ]);
        assert_eq!(exit.words(), "connection refused; dropped since the start: 7 queue full, 2 shutdown");
    }
}
