//! Draws that follow from what they are drawn for, and from nothing else: a hash of (seed, fault, trace, seam,
//! attempt). There is no stream that threads could take from in another order.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::target::Seam;

/// The dice of one fault under one seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64, fault_id: &str) -> Self {
        Dice(xxh3_64_with_seed(fault_id.as_bytes(), seed))
    }

    /// The throw for one crossing.
    pub fn throw(self, trace_id: [u8; 16], seam: Seam, attempt: u32) -> Throw {
        let mut what = [0; 21];
        what[..16].copy_from_slice(&trace_id);
        what[16] = seam.index() as u8;
        what[17..].copy_from_slice(&attempt.to_le_bytes());
        Throw(xxh3_64_with_seed(&what, self.0))
    }
}

/// One throw: as many numbers as are asked for, each by its own face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throw(u64);

/// What a number of a throw is for.
#[derive(Clone, Copy, Debug)]
pub enum Face {
    Strikes,
    Amount,
    Angle,
    Status,
}

impl Throw {
    /// Evenly from [0, 1).
    pub fn fraction(self, face: Face) -> f64 {
        let bits = match face {
            Face::Strikes => self.0,
            Face::Amount | Face::Angle | Face::Status => {
                let mut what = [0; 9];
                what[..8].copy_from_slice(&self.0.to_le_bytes());
                what[8] = face as u8;
                xxh3_64(&what)
            }
        };
        // The upper 53 bits are all that a double can hold.
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From the standard normal distribution, by Box and Muller's method.
    pub fn normal(self) -> f64 {
        let radius = (-2.0 * (1.0 - self.fraction(Face::Amount)).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.fraction(Face::Angle)).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(number: u64) -> [u8; 16] {
        let mut id = [7; 16];
        id[..8].copy_from_slice(&number.to_le_bytes());
        id
    }

    #[test]
    fn a_throw_follows_from_what_it_is_for_alone() {
        let throw = |seed, fault, number, seam, attempt| {
            Dice::new(seed, fault).throw(trace(number), seam, attempt).fraction(Face::Strikes)
        };
        let first = throw(1, "a", 1, Seam::Inbound, 0);
        assert_eq!(first, throw(1, "a", 1, Seam::Inbound, 0));
        for other in [
            throw(2, "a", 1, Seam::Inbound, 0),
            throw(1, "b", 1, Seam::Inbound, 0),
            throw(1, "a", 2, Seam::Inbound, 0),
            throw(1, "a", 1, Seam::Outbound, 0),
            throw(1, "a", 1, Seam::Inbound, 1),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn normal_draws_have_mean_nought_and_deviation_one() {
        let dice = Dice::new(42, "a");
        let draws: Vec<f64> =
            (0..20_000).map(|number| dice.throw(trace(number), Seam::Inbound, 0).normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
