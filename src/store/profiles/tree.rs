//! Stacks laid over one another: who called whom, and how long it took.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use utoipa::ToSchema;

use super::shelf::Profile;

/// Crates that only carry a request to who works on it.
const CARRIERS: [&str; 13] = [
    "alloc",
    "axum",
    "axum_core",
    "core",
    "futures_core",
    "futures_util",
    "hyper",
    "hyper_util",
    "std",
    "tokio",
    "tower",
    "tower_http",
    "tower_service",
];
/// What stands at the beginning of every thread.
const RAW: [&str; 4] = ["__libc_", "__rust_", "_start", "start_thread"];

/// How deep a tree may be. As JSON each level is an object in an array, and common readers give up at 128 levels of them; a
/// debug build, with its inlined functions, has stacks of more than a hundred.
const MOST_LEVELS: usize = 60;

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
        for name in nearest(stack) {
            frame = frame.children.entry(name.clone()).or_default();
            frame.total += count;
        }
        frame.own += count;
    }
    root.grown(name)
}

/// The functions of a stack that is not too deep, the outermost first; of one that is, carriers are left out first, and then
/// whatever stands outermost.
fn nearest(stack: &[Arc<str>]) -> Vec<&Arc<str>> {
    let mut excess = stack.len().saturating_sub(MOST_LEVELS);
    let mut names: Vec<&Arc<str>> = Vec::with_capacity(stack.len());
    for name in stack {
        if excess > 0 && is_carrier(name) {
            excess -= 1;
        } else {
            names.push(name);
        }
    }
    names.split_off(excess)
}

/// The same without what carries every request and tells none apart: the runtime, the web server, the start of a thread.
/// What they did themselves, and all that stands below them, goes to who called them.
pub fn plain(frame: &Frame) -> Frame {
    let mut own = frame.own;
    let mut children: Vec<Frame> = Vec::new();
    let mut open: Vec<&Frame> = frame.children.iter().rev().collect();
    while let Some(child) = open.pop() {
        if is_carrier(&child.name) {
            own += child.own;
            open.extend(child.children.iter().rev());
            continue;
        }
        let child = plain(child);
        match children.iter_mut().find(|known| known.name == child.name) {
            Some(known) => known.join(child),
            None => children.push(child),
        }
    }
    children.sort_by_key(|frame| std::cmp::Reverse(frame.total));
    Frame { name: frame.name.clone(), own, total: frame.total, children }
}

impl Frame {
    /// Adds another call of the same function from the same place.
    fn join(&mut self, other: Frame) {
        self.own += other.own;
        self.total += other.total;
        for child in other.children {
            match self.children.iter_mut().find(|known| known.name == child.name) {
                Some(known) => known.join(child),
                None => self.children.push(child),
            }
        }
        self.children.sort_by_key(|frame| std::cmp::Reverse(frame.total));
    }
}

/// Whether a function is of a crate that only carries. A method of a foreign trait is of the type it is for:
/// `<tower::Route as Service>::call`.
fn is_carrier(name: &str) -> bool {
    let crate_name = name.trim_start_matches(['<', '&', '(']).split("::").next().unwrap_or_default();
    CARRIERS.contains(&crate_name) || RAW.iter().any(|raw| name.starts_with(raw))
}

impl Growing {
    fn grown(self, name: &str) -> Frame {
        let mut children: Vec<Frame> =
            self.children.into_iter().map(|(name, frame)| frame.grown(&name)).collect();
        children.sort_by_key(|frame| std::cmp::Reverse(frame.total));
        Frame { name: name.to_owned(), own: self.own, total: self.total, children }
    }
}
