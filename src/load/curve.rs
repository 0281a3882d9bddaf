//! Latencies as counts in steps that grow by a twentieth each: small, and what two of them differ by is a curve again,
//! so that the last seconds can be told from the whole evening.

use std::time::Duration;

/// Each step ends at this many times the one before.
const GROWTH: f64 = 1.05;
/// Where the first step ends.
const FIRST_MICROS: f64 = 100.0;
/// Up to a little more than an hour.
const STEPS: usize = 360;

/// How many latencies fell into which step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve(Vec<u32>);

impl Curve {
    pub fn record(&mut self, latency: Duration) {
        let times = latency.as_secs_f64() * 1_000_000.0 / FIRST_MICROS;
        let step = if times <= 1.0 { 0.0 } else { (times.ln() / GROWTH.ln()).ceil() };
        // As large as it may be, it is a small whole number.
        let count = &mut self.0[(step as usize).min(STEPS - 1)];
        *count = count.wrapping_add(1);
    }

    /// The latency in milliseconds below which a part of those lie that came after `earlier`; nothing when none came.
    pub fn since(&self, earlier: &Curve, quantile: f64) -> Option<f64> {
        let counts: Vec<u32> =
            self.0.iter().zip(&earlier.0).map(|(now, then)| now.wrapping_sub(*then)).collect();
        let total: u64 = counts.iter().copied().map(u64::from).sum();
        let rank = (total as f64 * quantile).ceil().max(1.0) as u64;
        let mut seen = 0;
        let step = counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        })?;
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        Some(FIRST_MICROS * GROWTH.powi(power) / 1_000.0)
    }
}

impl Default for Curve {
    fn default() -> Self {
        Curve(vec![0; STEPS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_seconds_are_told_from_what_was_before() {
        let mut curve = Curve::default();
        assert_eq!(curve.since(&Curve::default(), 0.95), None);
        (0..1_000).for_each(|_| curve.record(Duration::from_millis(20)));
        let before = curve.clone();
        assert_eq!(curve.since(&before, 0.95), None);
        (1..=100).for_each(|ms| curve.record(Duration::from_millis(ms * 10)));
        let p95 = curve.since(&before, 0.95).expect("some came");
        assert!((900.0..=1_000.0).contains(&p95), "{p95}");
        let p50 = curve.since(&Curve::default(), 0.5).expect("some came");
        assert!((19.0..=22.0).contains(&p50), "{p50}");
    }

    #[test]
    fn nothing_is_too_short_or_too_long() {
        let mut curve = Curve::default();
        for seconds in [0, 10_000_000] {
            curve.record(Duration::from_secs(seconds));
        }
        assert_eq!(curve.since(&Curve::default(), 0.5), Some(0.1));
        assert!(curve.since(&Curve::default(), 1.0).is_some_and(|ms| ms > 3_600_000.0));
    }
}
