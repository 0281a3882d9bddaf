//! From text to a scenario, or to all that is wrong with it at once.
//!
//! Serde stops at the first thing that does not fit. So the text becomes a tree first; what does not fit is noted and
//! taken out of the tree, and it is read again, until it reads. What then can be is checked by its meaning, except where
//! something was taken out: what follows from one slip is not a second one.

use serde::de::DeserializeOwned;

use super::{
    check,
    fit::STAND_INS,
    flaws::Flaws,
    mismatch::{Kind, Mismatch},
    spec::{Planned, Spec},
    tree::{Entry, Node, Place, Value, is_within, joined},
    wrong::Wrong,
    yaml::{self, Flaw},
};

pub use super::yaml::MOST_BYTES;

/// More than so many at once help nobody.
const MOST_FLAWS: usize = 64;
/// How often a tree is mended before it is given up. A mend settles a value, or tries another candidate for it.
const MOST_MENDS: usize = 1_000;

/// Reads a scenario; `file` is what messages call it.
pub fn read(file: &str, text: &str) -> Result<Spec, Vec<Wrong>> {
    read_as(file, text, |_| {}, check::spec)
}

/// Reads a fault as a file writes it or as JSON. With `id`, the text may leave its own out, but may not say another.
pub fn read_fault(file: &str, text: &str, id: Option<&str>) -> Result<Planned, Vec<Wrong>> {
    let named = |root: &mut Node| {
        if let (Some(id), Value::Map(entries)) = (id, &mut root.value)
            && !entries.iter().any(|entry| entry.key == "id")
        {
            let node = Node::new(root.place, Value::Text(id.to_owned()));
            entries.push(Entry { key: "id".to_owned(), place: root.place, node });
        }
    };
    read_as(file, text, named, |planned: &Planned, flaws: &mut Flaws<'_>| {
        check::planned(planned, "", flaws);
        if let Some(id) = id.filter(|id| *id != planned.id) {
            flaws.add("id", format!("`{}` is not `{id}`, by which it was asked for", planned.id));
        }
    })
}

/// Reads whatever the text says, as JSON would say it.
pub fn read_value(file: &str, text: &str) -> Result<serde_json::Value, Vec<Wrong>> {
    read_as(file, text, |_| {}, |_, _| {})
}

fn read_as<T: DeserializeOwned>(
    file: &str,
    text: &str,
    prepare: impl FnOnce(&mut Node),
    check: impl FnOnce(&T, &mut Flaws<'_>),
) -> Result<T, Vec<Wrong>> {
    let told = |mut flaws: Vec<Flaw>| {
        flaws.sort_by_key(|flaw| (flaw.place.line, flaw.place.column));
        flaws.truncate(MOST_FLAWS);
        flaws.iter().map(|flaw| Wrong::new(file, text, flaw.place, &flaw.path, &flaw.why)).collect()
    };
    let (mut root, twice) = yaml::read(text).map_err(|flaw| told(vec![flaw]))?;
    prepare(&mut root);
    // Places and paths are those of the tree as it was written.
    let written = root.clone();
    let mut mending = Mending { root, flaws: twice, lost: Vec::new() };
    let value = mending.read::<T>();
    let Mending { mut flaws, lost, .. } = mending;
    if let Some(value) = &value {
        let mut found = Flaws::without(&lost);
        check(value, &mut found);
        let placed = |(path, why): (String, String)| Flaw { place: written.place_of(&path), path, why };
        flaws.extend(found.into_iter().map(placed));
    }
    match value {
        Some(value) if flaws.is_empty() => Ok(value),
        _ => Err(told(flaws)),
    }
}

/// A tree on its way to something that can be read.
struct Mending {
    root: Node,
    flaws: Vec<Flaw>,
    /// Paths of what was taken out, or was missing.
    lost: Vec<String>,
}

impl Mending {
    /// `None` when nothing is left, or there is too much to mend.
    fn read<T: DeserializeOwned>(&mut self) -> Option<T> {
        for _ in 0..MOST_MENDS {
            match T::deserialize(&self.root) {
                Ok(value) => return Some(value),
                Err(mismatch) => self.mend(&mismatch)?,
            }
            if self.flaws.len() >= MOST_FLAWS {
                break;
            }
        }
        None
    }

    fn mend(&mut self, mismatch: &Mismatch) -> Option<()> {
        let route = mismatch.route();
        let path = self.root.path(&route);
        match &mismatch.kind {
            Kind::Missing(field) => {
                let node = self.root.below(&route)?;
                let place = node.place;
                self.note(place, joined(&path, field), mismatch.to_string());
                self.fill(&route, field)
            }
            Kind::UnknownField { meant, .. } => {
                let place = self.place(&route, true)?;
                self.note(place, path, mismatch.to_string());
                let (_, above) = route.split_last()?;
                let meant = meant.filter(|meant| !self.root.below(above).is_some_and(|node| node.has(meant)));
                let above = self.root.path(above);
                self.lost.extend(meant.map(|meant| joined(&above, meant)));
                self.take_out(&route)
            }
            Kind::UnknownWord(..) | Kind::Other(_) => {
                let place = self.place(&route, mismatch.is_key)?;
                self.note(place, path, mismatch.to_string());
                self.take_out(&route)?;
                // Where a list held a wrong word, a right one fits best.
                if let (Some(word), Some(node)) = (mismatch.fits, self.root.below(&route))
                    && node.value == Value::StandIn(0)
                {
                    node.value = Value::Text(word.to_owned());
                }
                Some(())
            }
        }
    }

    /// Notes what is wrong, unless it follows from what was noted before.
    fn note(&mut self, place: Place, path: String, why: String) {
        let follows = self.lost.iter().any(|lost| is_within(&path, lost) || is_within(lost, &path));
        if !follows {
            self.flaws.push(Flaw { place, path: path.clone(), why });
        }
        if !self.lost.contains(&path) {
            self.lost.push(path);
        }
    }

    fn place(&mut self, route: &[usize], is_key: bool) -> Option<Place> {
        let place = self.root.below(route)?.place;
        let Some((last, above)) = route.split_last() else { return Some(place) };
        let Value::Map(entries) = &self.root.below(above)?.value else { return Some(place) };
        // Nothing stands nowhere; its key does.
        let entry = entries.get(*last)?;
        Some(if is_key || entry.node.value == Value::Nothing { entry.place } else { place })
    }

    /// Puts a candidate where something is needed.
    fn fill(&mut self, route: &[usize], field: &str) -> Option<()> {
        let node = self.root.below(route)?;
        let place = node.place;
        if matches!(node.value, Value::StandIn(_)) {
            node.value = Value::Map(Vec::new());
        }
        let Value::Map(entries) = &mut node.value else { return None };
        let node = Node::new(place, Value::StandIn(0));
        entries.push(Entry { key: field.to_owned(), place, node });
        Some(())
    }

    /// Takes out what does not fit. An element of a list leaves a candidate in its place, so that the others keep
    /// their numbers.
    fn take_out(&mut self, route: &[usize]) -> Option<()> {
        let (last, above) = route.split_last()?;
        let node = self.root.below(route)?;
        if let Value::StandIn(number) = &mut node.value {
            *number += 1;
            if *number < STAND_INS {
                return Some(());
            }
            // No candidate fits: then what it is part of cannot be either.
            return self.take_out(above);
        }
        let above = self.root.below(above)?;
        match &mut above.value {
            Value::List(nodes) => nodes.get_mut(*last)?.value = Value::StandIn(0),
            Value::Map(entries) => drop(entries.remove(*last)),
            Value::Nothing
            | Value::Bool(_)
            | Value::Whole(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::StandIn(_) => return None,
        }
        Some(())
    }
}
