//! Which traces the store keeps when it cannot keep all. Each trace has one priority; each priority has a share of the room
//! that is its own, so that a storm of failures cannot push out everything young, nor a page that is left open everything
//! that failed. What a priority does not use, the others have.

use serde::Serialize;
use utoipa::ToSchema;

/// Why a trace is kept; the lowest is evicted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Nothing is special about it.
    Ordinary,
    /// A span failed, or it took long for its kind.
    Notable,
    /// An exemplar of a series leads to it.
    Exemplar,
    /// An answer of the API named it in the last minutes, a page shows it, or it is among the first traces of an active fault.
    Cited,
    /// Spans came in the last seconds: it may not be complete yet.
    Fresh,
    /// A user asked to keep it.
    Pinned,
}

/// The traces of one priority.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PriorityFill {
    pub priority: Priority,
    pub traces: usize,
    pub bytes: usize,
    /// What is its own: while it takes no more than that, nothing of it is evicted. What it does not use, the others have.
    pub share_bytes: usize,
}

impl Priority {
    /// The lowest first.
    pub const ALL: [Priority; 6] = [
        Priority::Ordinary,
        Priority::Notable,
        Priority::Exemplar,
        Priority::Cited,
        Priority::Fresh,
        Priority::Pinned,
    ];

    /// Its share of the room, in twentieths. While it takes no more than that, nothing of it is evicted.
    const fn twentieths(self) -> usize {
        match self {
            Priority::Cited => 6,
            Priority::Ordinary => 5,
            Priority::Notable | Priority::Fresh => 3,
            Priority::Pinned => 2,
            Priority::Exemplar => 1,
        }
    }

    /// What is its own of a room of `limit_bytes`.
    pub const fn share(self, limit_bytes: usize) -> usize {
        limit_bytes / 20 * self.twentieths()
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_the_whole_room() {
        let twentieths = Priority::ALL.map(Priority::twentieths);
        assert_eq!(twentieths.iter().sum::<usize>(), 20);
        assert!(Priority::ALL.iter().enumerate().all(|(index, one)| one.index() == index));
    }
}
