//! Which traces the exemplars of all series lead to.

use super::{exemplars::Exemplars, shelf::Shelf};

/// So many exemplars of all series together can keep a trace.
const MOST_REFERRED: usize = 20_000;

/// The traces that exemplars lead to, the most important first: each series keeps its newest before any keeps its second.
pub fn referred(shelf: &Shelf) -> Vec<[u8; 16]> {
    let of_series = |exemplars: &Exemplars| -> Vec<(usize, [u8; 16])> {
        exemplars.iter().rev().map(|exemplar| exemplar.trace_id).enumerate().collect()
    };
    let mut ranked: Vec<(usize, [u8; 16])> =
        shelf.series.values().flat_map(|series| of_series(&series.exemplars)).collect();
    ranked.sort_unstable_by_key(|(age, _)| *age);
    ranked.truncate(MOST_REFERRED);
    ranked.into_iter().map(|(_, id)| id).collect()
}
