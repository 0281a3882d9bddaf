//! Stacks laid over one another: who called whom, and how long it took.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use utoipa::ToSchema;

use super::shelf::Profile;

/// A function as it was called from here, in samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Frame {
    pub name: String,
    /// In the function itself.
    #[serde(rename = "self")]
    pub own: u64,
    /// With all that it called.
    pub total: u64,
    /// The longest first.
    #[schema(no_recursion)]
    pub children: Vec<Frame>,
}

/// A frame while stacks are laid over one another.
#[derive(Default)]
struct Growing {
    own: u64,
    total: u64,
    children: BTreeMap<Arc<str>, Growing>,
}

/// All stacks of `profile` as one tree, whose root is called `name`.
pub fn tree(profile: &Profile, name: &str) -> Frame {
    let mut root = Growing::default();
    for ((_, stack), count) in &profile.stacks {
        let mut frame = &mut root;
        frame.total += count;
        for name in stack.iter() {
            frame = frame.children.entry(name.clone()).or_default();
            frame.total += count;
        }
        frame.own += count;
    }
    root.grown(name)
}

impl Growing {
    fn grown(self, name: &str) -> Frame {
        let mut children: Vec<Frame> =
            self.children.into_iter().map(|(name, frame)| frame.grown(&name)).collect();
        children.sort_by_key(|frame| std::cmp::Reverse(frame.total));
        Frame { name: name.to_owned(), own: self.own, total: self.total, children }
    }
}
