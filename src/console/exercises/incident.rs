//! What trainees look for.

use super::catalogue::Difficulty;

/// What is broken right now without being said, for everybody who joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    pub id: String,
    pub scenario: String,
    pub difficulty: Difficulty,
    pub seed: u64,
    /// Whether the difficulty was asked for, and so is no secret.
    pub difficulty_is_chosen: bool,
    pub started_ms: i64,
    pub onsets_ms: Vec<i64>,
    /// The faults of it, by id.
    pub faults: Vec<String>,
}
