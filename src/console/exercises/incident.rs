//! What trainees look for.

use super::catalogue::Difficulty;

/// What is broken right now without being said, for everybody who joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    pub id: String,
    pub scenario: String,
    pub difficulty: Difficulty,
    pub seed: u64,
    pub started_ms: i64,
    pub onsets_ms: Vec<i64>,
    /// The faults of it, by id.
    pub faults: Vec<String>,
}
