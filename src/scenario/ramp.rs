//! What lies between two faults: shares and effects on their way in a straight line. Pure.

use std::time::Duration;

use super::spec::{Planned, Ramp, Wave};
use crate::chaos::{
    fault::{BurnCpu, Delay, Effect, Fail, Fault, Hold, HoldLock, LeakMemory, RetryPolicy, SlowQuery},
    units::{Share, Size, Span},
};

impl Planned {
    /// The fault as it is `since` it began.
    pub fn at(&self, since: Duration) -> Fault {
        let mut fault = self.fault();
        if let Some(ramp) = &self.ramp {
            let progress = ramp.progress(since);
            if let Some(from) = ramp.from {
                fault.share = share_between(from, self.share, progress);
            }
            if let Some(from) = &ramp.from_effect {
                // What has no line between its ends is refused when the file is read.
                fault.effect = between(from, &self.effect, progress).unwrap_or(fault.effect);
            }
        }
        if let Some(wave) = self.wave {
            fault.share = wave.share(fault.share, since);
        }
        fault
    }

    /// Whether it is still going to change by itself.
    pub fn is_moving(&self, since: Duration) -> bool {
        self.wave.is_some() || self.ramp.as_ref().is_some_and(|ramp| since < ramp.over.0)
    }
}

impl Ramp {
    /// How much of the way is done, from 0 to 1.
    fn progress(&self, since: Duration) -> f64 {
        if self.over.0.is_zero() {
            return 1.0;
        }
        let done = (since.as_secs_f64() / self.over.0.as_secs_f64()).min(1.0);
        match self.steps.filter(|steps| *steps > 0) {
            Some(steps) => (done * f64::from(steps)).floor() / f64::from(steps),
            None => done,
        }
    }
}

impl Wave {
    fn share(self, high: Share, since: Duration) -> Share {
        if self.period.0.is_zero() {
            return high;
        }
        let turn = since.as_secs_f64() / self.period.0.as_secs_f64() * std::f64::consts::TAU;
        let height = (1.0 - turn.cos()) / 2.0;
        share_between(self.low, high, height)
    }
}

/// The effect that is `progress` of the way from one to another; `None` when there is no straight line between the two:
/// they are of two kinds, differ in more than numbers, or have no number. The check of files asks the same function, so
/// that no ramp is accepted that does nothing.
pub fn between(from: &Effect, to: &Effect, progress: f64) -> Option<Effect> {
    let span = |from: Span, to: Span| Span(between_spans(from.0, to.0, progress));
    let count = |from: u32, to: u32| line(f64::from(from), f64::from(to), progress).round() as u32;
    let size = |from: Size, to: Size| Size(line(from.0 as f64, to.0 as f64, progress) as u64);
    // One effect at a time and no wildcard: the compiler brings each new effect here.
    Some(match to {
        Effect::Delay(to) => {
            let Effect::Delay(from) = from else { return None };
            Effect::Delay(between_delays(*from, *to, progress)?)
        }
        Effect::Fail(to) => {
            let Effect::Fail(from) = from else { return None };
            Effect::Fail(between_failures(from, to, progress)?)
        }
        Effect::HoldConnections(to) => {
            let Effect::HoldConnections(from) = from else { return None };
            Effect::HoldConnections(match (*from, *to) {
                (Hold::Count(from), Hold::Count(to)) => Hold::Count(count(from, to)),
                (Hold::Share(from), Hold::Share(to)) => {
                    Hold::Share(Share::new(line(from.fraction(), to.fraction(), progress)))
                }
                (Hold::Count(_), Hold::Share(_)) | (Hold::Share(_), Hold::Count(_)) => return None,
            })
        }
        Effect::SlowQuery(to) => {
            let Effect::SlowQuery(from) = from else { return None };
            Effect::SlowQuery(SlowQuery { extra: span(from.extra, to.extra) })
        }
        Effect::HoldLock(to) => {
            let Effect::HoldLock(from) = from else { return None };
            if from.table != to.table {
                return None;
            }
            Effect::HoldLock(HoldLock { table: to.table.clone(), keep: span(from.keep, to.keep) })
        }
        Effect::BurnCpu(to) => {
            let Effect::BurnCpu(from) = from else { return None };
            Effect::BurnCpu(BurnCpu { per_crossing: span(from.per_crossing, to.per_crossing) })
        }
        Effect::LeakMemory(to) => {
            let Effect::LeakMemory(from) = from else { return None };
            Effect::LeakMemory(LeakMemory {
                per_crossing: size(from.per_crossing, to.per_crossing),
                cap: size(from.cap, to.cap),
            })
        }
        Effect::Retry(to) => {
            let Effect::Retry(from) = from else { return None };
            Effect::Retry(RetryPolicy {
                attempts: count(from.attempts, to.attempts),
                backoff: span(from.backoff, to.backoff),
            })
        }
        Effect::Hang | Effect::Down | Effect::CacheOutage | Effect::LoseContext => return None,
    })
}

fn between_delays(from: Delay, to: Delay, progress: f64) -> Option<Delay> {
    let span = |from: Span, to: Span| Span(between_spans(from.0, to.0, progress));
    Some(match to {
        Delay::Fixed(to) => {
            let Delay::Fixed(from) = from else { return None };
            Delay::Fixed(span(from, to))
        }
        Delay::Uniform { from: to_low, to: to_high } => {
            let Delay::Uniform { from: low, to: high } = from else { return None };
            Delay::Uniform { from: span(low, to_low), to: span(high, to_high) }
        }
        Delay::Normal { mean: to_mean, deviation: to_deviation } => {
            let Delay::Normal { mean, deviation } = from else { return None };
            Delay::Normal { mean: span(mean, to_mean), deviation: span(deviation, to_deviation) }
        }
        Delay::LongTail { median: to_median, p99: to_p99 } => {
            let Delay::LongTail { median, p99 } = from else { return None };
            Delay::LongTail { median: span(median, to_median), p99: span(p99, to_p99) }
        }
    })
}

/// Each status's part of all failures goes in a straight line, whatever the weights add up to at either end.
fn between_failures(from: &Fail, to: &Fail, progress: f64) -> Option<Fail> {
    let (total_from, total_to): (f64, f64) = (from.status.values().sum(), to.status.values().sum());
    let have_weight = total_from > 0.0 && total_to > 0.0;
    if !from.status.keys().eq(to.status.keys()) || !have_weight {
        return None;
    }
    let retry_after = match (from.retry_after, to.retry_after) {
        // The header has whole seconds.
        (Some(from), Some(to)) => {
            let seconds = line(from.0.as_secs_f64(), to.0.as_secs_f64(), progress).round();
            Some(Span::from_secs(seconds as u64))
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return None,
    };
    if progress >= 1.0 {
        return Some(to.clone());
    }
    let part = |status: &u16, to: f64| {
        let from = from.status.get(status).copied().unwrap_or_default();
        line(from / total_from, to / total_to, progress) * total_to
    };
    let status = to.status.iter().map(|(status, weight)| (*status, part(status, *weight))).collect();
    Some(Fail { status, retry_after })
}

/// To the hundredth of a percent: what a person would write.
fn share_between(from: Share, to: Share, progress: f64) -> Share {
    Share::new((line(from.fraction(), to.fraction(), progress) * 1e4).round() / 1e4)
}

fn line(from: f64, to: f64, progress: f64) -> f64 {
    from + (to - from) * progress
}

fn between_spans(from: Duration, to: Duration, progress: f64) -> Duration {
    let seconds = line(from.as_secs_f64(), to.as_secs_f64(), progress);
    // Whole milliseconds: what a person would write.
    Duration::from_millis((seconds.max(0.0) * 1e3).round() as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn planned(value: serde_json::Value) -> Planned {
        serde_json::from_value(value).expect("well-formed")
    }

    fn share(planned: &Planned, seconds: f64) -> f64 {
        (planned.at(Duration::from_secs_f64(seconds)).share.fraction() * 1e6).round() / 1e6
    }

    #[test]
    fn a_share_goes_in_a_straight_line_or_in_steps() {
        let ramp = |ramp| planned(json!({"id": "a", "share": "40%", "effect": "hang", "ramp": ramp}));
        let smooth = ramp(json!({"over": "40s", "from": "0%"}));
        assert_eq!([0.0, 10.0, 39.0, 40.0, 99.0].map(|at| share(&smooth, at)), [0.0, 0.1, 0.39, 0.4, 0.4]);
        let stepped = ramp(json!({"over": "40s", "from": "0%", "steps": 4}));
        assert_eq!([0.0, 9.9, 10.0, 39.0, 40.0].map(|at| share(&stepped, at)), [0.0, 0.0, 0.1, 0.3, 0.4]);
        assert!(smooth.is_moving(Duration::from_secs(39)) && !smooth.is_moving(Duration::from_secs(40)));
    }

    #[test]
    fn a_wave_goes_from_low_to_the_share_and_back() {
        let wave =
            json!({"id": "a", "share": "50%", "effect": "hang", "wave": {"period": "20s", "low": "10%"}});
        let wave = planned(wave);
        assert_eq!([0.0, 5.0, 10.0, 20.0].map(|at| share(&wave, at)), [0.1, 0.3, 0.5, 0.1]);
        assert!(wave.is_moving(Duration::from_secs(9_999)));
    }

    #[test]
    fn every_number_of_an_effect_goes_along() {
        let halfway = |from, to| {
            let read = |value| serde_json::from_value::<Effect>(value).expect("an effect");
            between(&read(from), &read(to), 0.5).map(|effect| serde_json::to_value(effect).expect("JSON"))
        };
        for (from, to, middle) in [
            (
                json!({"delay": {"fixed": "0s"}}),
                json!({"delay": {"fixed": "1s"}}),
                json!({"delay": {"fixed": "500ms"}}),
            ),
            (
                json!({"delay": {"long_tail": {"median": "10ms", "p99": "100ms"}}}),
                json!({"delay": {"long_tail": {"median": "30ms", "p99": "900ms"}}}),
                json!({"delay": {"long_tail": {"median": "20ms", "p99": "500ms"}}}),
            ),
            (
                json!({"hold_connections": {"count": 2}}),
                json!({"hold_connections": {"count": 8}}),
                json!({"hold_connections": {"count": 5}}),
            ),
            (
                json!({"slow_query": {"extra": "1s"}}),
                json!({"slow_query": {"extra": "2s"}}),
                json!({"slow_query": {"extra": "1s 500ms"}}),
            ),
            (
                json!({"leak_memory": {"per_crossing": "64KiB", "cap": "64MiB"}}),
                json!({"leak_memory": {"per_crossing": "128KiB", "cap": "64MiB"}}),
                json!({"leak_memory": {"per_crossing": "96KiB", "cap": "64MiB"}}),
            ),
            (
                json!({"fail": {"status": {"500": 1, "503": 9}}}),
                json!({"fail": {"status": {"500": 90, "503": 10}}}),
                json!({"fail": {"status": {"500": 50.0, "503": 50.0}}}),
            ),
            (
                json!({"fail": {"status": {"429": 1}, "retry_after": "2s"}}),
                json!({"fail": {"status": {"429": 1}, "retry_after": "9s"}}),
                json!({"fail": {"status": {"429": 1.0}, "retry_after": "6s"}}),
            ),
            (
                json!({"retry": {"attempts": 1}}),
                json!({"retry": {"attempts": 9}}),
                json!({"retry": {"attempts": 5, "backoff": "0s"}}),
            ),
        ] {
            assert_eq!(halfway(from, to), Some(middle));
        }
        assert_eq!(halfway(json!("hang"), json!({"delay": {"fixed": "1s"}})), None);
        assert_eq!(
            halfway(
                json!({"delay": {"fixed": "0s"}}),
                json!({"delay": {"uniform": {"from": "0s", "to": "1s"}}})
            ),
            None
        );
        let fail = |status| json!({ "fail": { "status": status } });
        assert_eq!(halfway(fail(json!({"500": 1})), fail(json!({"503": 1}))), None, "other statuses");
    }
}
