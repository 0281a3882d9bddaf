//! How long things took, in buckets that grow by a quarter of an octave: what is read off is at most a fifth wrong, and
//! seldom a twentieth.

/// The first bucket ends here; what is below is as good as nothing.
const FIRST_MS: f64 = 0.05;
const PER_OCTAVE: f64 = 4.0;
/// Up to about three minutes.
const BUCKETS: usize = 88;

/// Durations, counted.
#[derive(Clone, Debug)]
pub struct Latency([u32; BUCKETS]);

impl Default for Latency {
    fn default() -> Self {
        Latency([0; BUCKETS])
    }
}

impl Latency {
    pub fn add(&mut self, millis: f64) {
        let bucket = ((millis / FIRST_MS).log2() * PER_OCTAVE).ceil().clamp(0.0, (BUCKETS - 1) as f64);
        self.0[bucket as usize] += 1;
    }

    pub fn merge(&mut self, other: &Latency) {
        self.0.iter_mut().zip(&other.0).for_each(|(sum, more)| *sum += more);
    }

    /// The duration in milliseconds that the share `q` does not exceed; 0 of nothing.
    pub fn quantile(&self, q: f64) -> f64 {
        let total: u64 = self.0.iter().map(|count| u64::from(*count)).sum();
        let wanted = (q * total as f64).max(1.0);
        let mut below = 0.0;
        for (bucket, count) in self.0.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = f64::from(*count);
            if below + count >= wanted {
                // Within a bucket they are taken to lie evenly, by octaves.
                let octaves = (bucket as f64 - 1.0 + (wanted - below) / count) / PER_OCTAVE;
                return FIRST_MS * octaves.exp2();
            }
            below += count;
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_off_is_at_most_a_fifth_wrong() {
        let mut latency = Latency::default();
        assert_eq!(latency.quantile(0.5), 0.0);
        (1..=1_000).for_each(|millis| latency.add(f64::from(millis)));
        for (q, millis) in [(0.01, 10.0), (0.5, 500.0), (0.95, 950.0), (1.0, 1_000.0)] {
            let read: f64 = latency.quantile(q);
            assert!((read / millis - 1.0).abs() < 0.19, "{q}: {read}, not {millis}");
        }
    }

    #[test]
    fn what_lies_beyond_the_buckets_is_in_the_outermost() {
        let mut latency = Latency::default();
        latency.add(0.0);
        assert!(latency.quantile(1.0) <= FIRST_MS);
        latency.add(1e9);
        assert!(latency.quantile(1.0) > 100_000.0);
    }
}
