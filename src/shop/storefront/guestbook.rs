//! The sessions seen lately: whether a visit has just begun.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

/// Sessions seen lately, shared by all requests.
#[derive(Clone, Default)]
pub struct Guestbook(Arc<Mutex<Recent>>);

impl Guestbook {
    /// Whether nobody has come with this session lately.
    pub fn is_first_visit(&self, session: Option<&str>) -> bool {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        session.is_some_and(|session| recent.is_new(session, GENERATION))
    }
}

/// How many sessions a generation holds.
const GENERATION: usize = 50_000;

/// Sessions in two generations: when the young one is full it becomes the old one, and the old one is forgotten. Only
/// a 64-bit hash of each is kept; that two of 100,000 share one is a matter of one in four thousand million.
#[derive(Default)]
struct Recent {
    hasher: RandomState,
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl Recent {
    fn is_new(&mut self, session: &str, generation: usize) -> bool {
        let mark = self.hasher.hash_one(session);
        if self.young.contains(&mark) {
            return false;
        }
        if self.young.len() >= generation {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(mark);
        !self.old.contains(&mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_new_once_and_the_book_stays_small() {
        let mut recent = Recent::default();
        assert!(recent.is_new("a", 2));
        assert!(!recent.is_new("a", 2));
        assert!(recent.is_new("b", 2) && recent.is_new("c", 2));
        assert!(!recent.is_new("a", 2), "known from the older generation");
        for number in 0..100 {
            assert!(recent.is_new(&number.to_string(), 2));
            assert!(recent.young.len() <= 2 && recent.old.len() <= 2);
        }
        assert!(recent.is_new("a", 2), "long forgotten");
    }
}
