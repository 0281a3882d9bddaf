//! Stacks, each kept once however often it was met.

use std::{collections::HashSet, sync::Arc};

use crate::store::{
    allocation::{shared, table},
    words::Words,
};

/// Names of functions, the outermost first.
pub type Stack = Arc<[Arc<str>]>;

/// The innermost frames of a stack that are kept; what called them is the runtime, over and over.
const MOST_FRAMES: usize = 256;

/// A table of stacks.
#[derive(Debug, Default)]
pub struct Stacks {
    known: HashSet<Stack>,
    names: Words,
    bytes: usize,
}

impl Stacks {
    /// The one copy of a stack.
    pub fn keep(&mut self, frames: &[Arc<str>]) -> Stack {
        let frames = &frames[frames.len().saturating_sub(MOST_FRAMES)..];
        if let Some(known) = self.known.get(frames) {
            return known.clone();
        }
        let stack: Stack = frames.iter().map(|name| self.names.keep(name)).collect();
        self.bytes += weight(&stack);
        self.known.insert(stack.clone());
        stack
    }

    /// What the table takes in memory.
    pub fn bytes(&self) -> usize {
        self.bytes + table(self.known.capacity(), size_of::<Stack>()) + self.names.bytes()
    }

    /// Lets go of stacks that nobody else holds.
    pub fn sweep(&mut self) {
        self.known.retain(|stack| Arc::strong_count(stack) > 1);
        self.bytes = self.known.iter().map(weight).sum();
        self.names.sweep();
    }
}

fn weight(stack: &Stack) -> usize {
    shared(stack.len() * size_of::<Arc<str>>())
}
