//! Draws an exercise: the same seed and difficulty always draw the same.

use super::catalogue::{ALL, Difficulty, Exercise};

/// The exercise that `seed` draws among those of `difficulty`, or among all.
pub fn draw(seed: u64, difficulty: Option<Difficulty>) -> Option<&'static Exercise> {
    let fits = |one: &&Exercise| difficulty.is_none_or(|wanted| one.difficulty == wanted);
    let fitting: Vec<&'static Exercise> = ALL.iter().filter(fits).collect();
    let many = u64::try_from(fitting.len()).unwrap_or(u64::MAX);
    let at = scattered(seed).checked_rem(many)?;
    fitting.get(usize::try_from(at).unwrap_or_default()).copied()
}

/// Seeds that follow one another must not draw exercises that do (the finaliser of SplitMix64).
fn scattered(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_draws_the_same_each_time_and_all_are_drawn_by_some() {
        let drawn = |seed, difficulty| draw(seed, difficulty).expect("one").scenario;
        assert_eq!(drawn(7, None), drawn(7, None));
        let all: BTreeSet<_> = (0..500).map(|seed| drawn(seed, None)).collect();
        assert_eq!(all.len(), ALL.len());
        for wanted in Difficulty::ALL {
            assert!((0..50).all(|seed| draw(seed, Some(wanted)).is_some_and(|one| one.difficulty == wanted)));
        }
    }
}
