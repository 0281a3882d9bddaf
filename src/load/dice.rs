//! Draws that follow from a seed alone. Each visit has its own stream of them, so that neither the order in which
//! visits are made nor what an earlier one drew can change a later one. Knows nothing of what is drawn for.

use rand::{Rng, RngExt, SeedableRng, rngs::ChaCha8Rng};
use sha2::{Digest, Sha256};

/// What a stream of draws is for: streams of different purposes never meet.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// How long until a visit.
    Gap,
    /// What a visit does.
    Visit,
}

/// One stream of draws.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of visit `number` under `seed`.
    pub fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = match purpose {
            Purpose::Gap => 1,
            Purpose::Visit => 2,
        };
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(number);
        Dice(stream)
    }

    /// Evenly from [0, 1).
    pub fn fraction(&mut self) -> f64 {
        self.0.random()
    }

    /// A number from `0..count`, or 0 when there is none. Always takes one draw, so that changing a count does not
    /// shift the draws behind it.
    pub fn below(&mut self, count: u32) -> u32 {
        // The widening product of Lemire's method without its rejection: the bias is below 2^-32 of a share.
        let wide = u128::from(self.0.next_u64()) * u128::from(count);
        u32::try_from(wide >> 64).unwrap_or(0)
    }

    /// A gap between arrivals that come one a unit of time on average: exponential with mean 1.
    pub fn gap(&mut self) -> f64 {
        // 1 - fraction is in (0, 1], so that the logarithm is finite.
        -(1.0 - self.fraction()).ln()
    }
}

/// The first 16 bytes of SHA-256 over the seed, a visit's number and a step's number (big-endian): a trace id by W3C
/// Trace Context, and so never all zeroes.
pub fn trace_id(seed: u64, visit: u64, step: u32) -> [u8; 16] {
    let id = digest(&[&seed.to_be_bytes(), &visit.to_be_bytes(), &step.to_be_bytes()]);
    if id == [0; 16] { [1; 16] } else { id }
}

/// The first 16 bytes of SHA-256 over `parts`.
pub fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize();
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_follows_from_seed_purpose_and_number_alone() {
        let draw = |seed, purpose, number| Dice::new(seed, purpose, number).0.next_u64();
        assert_eq!(draw(1, Purpose::Visit, 7), draw(1, Purpose::Visit, 7));
        assert_ne!(draw(1, Purpose::Visit, 7), draw(2, Purpose::Visit, 7));
        assert_ne!(draw(1, Purpose::Visit, 7), draw(1, Purpose::Gap, 7));
        assert_ne!(draw(1, Purpose::Visit, 7), draw(1, Purpose::Visit, 8));
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_all_of_it() {
        let mut dice = Dice::new(1, Purpose::Visit, 0);
        let mut seen = [0; 21];
        (0..2_100).for_each(|_| seen[dice.below(21) as usize] += 1);
        assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn a_trace_id_is_the_head_of_the_hash_of_where_it_stands() {
        let hash =
            Sha256::digest([&7u64.to_be_bytes()[..], &3u64.to_be_bytes(), &1u32.to_be_bytes()].concat());
        assert_eq!(trace_id(7, 3, 1)[..], hash[..16]);
        assert_ne!(trace_id(7, 3, 1), trace_id(7, 3, 2));
    }
}
