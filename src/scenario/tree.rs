//! A file as a tree: values, each with the place it stands at. What they mean is not known here.

/// Where something stands, counted from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
    /// How much of the line it is.
    pub width: usize,
}

impl Place {
    pub const START: Place = Place { line: 1, column: 1, width: 1 };
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub place: Place,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Nothing,
    Bool(bool),
    Whole(i128),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// Stands in for what had to be taken out: the candidate of this number, until one fits.
    StandIn(usize),
}

/// A key and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub place: Place,
    pub node: Node,
}

/// From a node to one below it: the how-many-eth entry or element.
pub type Route = Vec<usize>;

impl Node {
    pub fn new(place: Place, value: Value) -> Self {
        Node { place, value }
    }

    /// How many levels there are, itself included.
    pub fn levels(&self) -> usize {
        1 + self.children().map(Node::levels).max().unwrap_or(0)
    }

    /// How much there is to keep: one for each value, and one for every 64 bytes of text.
    pub fn weight(&self) -> usize {
        let keys = self.parts().1.iter().map(|entry| entry.key.len() / 64).sum::<usize>();
        let own = if let Value::Text(text) = &self.value { text.len() / 64 } else { keys };
        1 + own + self.children().map(Node::weight).sum::<usize>()
    }

    fn children(&self) -> impl Iterator<Item = &Node> {
        let (nodes, entries) = self.parts();
        nodes.iter().chain(entries.iter().map(|entry| &entry.node))
    }

    /// What a list holds, and what a map says; neither for anything else.
    fn parts(&self) -> (&[Node], &[Entry]) {
        match &self.value {
            Value::List(nodes) => (nodes, &[]),
            Value::Map(entries) => (&[], entries),
            Value::Nothing
            | Value::Bool(_)
            | Value::Whole(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::StandIn(_) => (&[], &[]),
        }
    }

    /// Whether it is a map with this key.
    pub fn has(&self, key: &str) -> bool {
        matches!(&self.value, Value::Map(entries) if entries.iter().any(|entry| entry.key == key))
    }

    /// The node `route` leads to.
    pub fn below(&mut self, route: &[usize]) -> Option<&mut Node> {
        let Some((first, rest)) = route.split_first() else { return Some(self) };
        match &mut self.value {
            Value::List(nodes) => nodes.get_mut(*first)?.below(rest),
            Value::Map(entries) => entries.get_mut(*first)?.node.below(rest),
            Value::Nothing
            | Value::Bool(_)
            | Value::Whole(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::StandIn(_) => None,
        }
    }

    /// `route` in words: `phases[1].faults[0].share`.
    pub fn path(&self, route: &[usize]) -> String {
        let mut path = String::new();
        let mut node = self;
        for step in route {
            let (nodes, entries) = node.parts();
            if let Some(below) = nodes.get(*step) {
                path.push_str(&format!("[{step}]"));
                node = below;
            } else if let Some(entry) = entries.get(*step) {
                path = joined(&path, &entry.key);
                node = &entry.node;
            } else {
                break;
            }
        }
        path
    }

    /// The place of what `path` names, or of the nearest above it that is there.
    pub fn place_of(&self, path: &str) -> Place {
        let mut node = self;
        let mut rest = path;
        loop {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let (nodes, entries) = node.parts();
            let named = entries.iter().filter_map(|entry| Some((&entry.node, after(rest, &entry.key)?)));
            // A key with a dot in it may begin like another one: the longest is meant.
            let next = named.min_by_key(|(_, rest)| rest.len()).or_else(|| {
                let (index, rest) = rest.strip_prefix('[')?.split_once(']')?;
                Some((nodes.get(index.parse::<usize>().ok()?)?, rest))
            });
            match next {
                Some((below, left)) if !rest.is_empty() => (node, rest) = (below, left),
                _ => return node.place,
            }
        }
    }
}

/// `path` and one key more.
pub fn joined(path: &str, key: &str) -> String {
    let key: String = key.chars().take(64).collect();
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// Whether `path` is `above` or lies below it.
pub fn is_within(path: &str, above: &str) -> bool {
    above.is_empty() || after(path, above).is_some()
}

/// What is left of `path` after the whole word `key`.
fn after<'a>(path: &'a str, key: &str) -> Option<&'a str> {
    path.strip_prefix(key).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize) -> Place {
        Place { line, ..Place::START }
    }

    fn entry(key: &str, line: usize, value: Value) -> Entry {
        Entry { key: key.to_owned(), place: at(line), node: Node::new(at(line), value) }
    }

    #[test]
    fn a_path_leads_to_its_place_or_to_the_nearest_above() {
        let fault = Node::new(at(3), Value::Map(vec![entry("share", 4, Value::Bool(true))]));
        let root = Node::new(at(1), Value::Map(vec![entry("faults", 2, Value::List(vec![fault]))]));
        for (path, line) in [
            ("", 1),
            ("faults", 2),
            ("faults[0]", 3),
            ("faults[0].share", 4),
            ("faults[0].effect.delay", 3),
            ("faults[7]", 2),
            ("fault", 1),
        ] {
            assert_eq!(root.place_of(path), at(line), "{path}");
        }
        assert_eq!(root.path(&[0, 0, 0]), "faults[0].share");
    }

    #[test]
    fn a_word_that_begins_like_another_is_not_above_it() {
        assert!(is_within("phases[1].at", "phases[1]"));
        assert!(is_within("phases[1]", "phases[1]"));
        assert!(!is_within("phases[10]", "phases[1]"));
        assert!(!is_within("phase", "phases"));
    }
}
