//! Words that come again and again, kept once: names of services, routes, spans and functions.

use std::{collections::HashSet, sync::Arc};

/// The table is looked through for words that nobody uses any more when it has grown by so many.
const SWEEP_AFTER: usize = 1024;
/// What a word takes besides its text: its place in the table and its counts.
const OVERHEAD_BYTES: usize = 48;

/// A table of words.
#[derive(Debug, Default)]
pub struct Words {
    known: HashSet<Arc<str>>,
    bytes: usize,
    sweep_at: usize,
}

impl Words {
    /// The one copy of `word`.
    pub fn keep(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.known.get(word) {
            return known.clone();
        }
        if self.known.len() >= self.sweep_at {
            self.sweep();
        }
        let word: Arc<str> = word.into();
        self.bytes += word.len() + OVERHEAD_BYTES;
        self.known.insert(word.clone());
        word
    }

    /// The one copy of `word`, if it is in the table.
    pub fn find(&self, word: &str) -> Option<Arc<str>> {
        self.known.get(word).cloned()
    }

    /// What `word` adds to [`Words::bytes`] when it is kept.
    pub fn weight(word: &str) -> usize {
        word.len() + OVERHEAD_BYTES
    }

    /// What the table takes in memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lets go of words that nobody else holds.
    pub fn sweep(&mut self) {
        self.known.retain(|word| Arc::strong_count(word) > 1);
        self.bytes = self.known.iter().map(|word| word.len() + OVERHEAD_BYTES).sum();
        self.sweep_at = self.known.len() + SWEEP_AFTER;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_kept_once_and_as_long_as_somebody_holds_it() {
        let mut words = Words::default();
        let held = words.keep("checkout");
        assert!(Arc::ptr_eq(&held, &words.keep("checkout")));
        for number in 0..10 * SWEEP_AFTER {
            words.keep(&number.to_string());
        }
        assert!(words.known.len() <= 2 * SWEEP_AFTER, "{}", words.known.len());
        assert!(words.known.contains("checkout"));
        drop(held);
        words.sweep();
        assert_eq!((words.known.len(), words.bytes()), (0, 0));
    }
}
