//! Takes maps apart: which fields there are, what they must be, and what is said when they are something else. All that is
//! wrong is collected, so that a person hears it at once.

use std::{cell::RefCell, time::Duration};

use super::{
    flaw::{Flaw, Flaws, Place, Severity, Source, nearest},
    span,
    tree::Node,
};

/// A file that is being read, and what was found wrong so far.
#[derive(Debug)]
pub struct Reader<'s> {
    pub source: Source<'s>,
    flaws: RefCell<Vec<Flaw>>,
}

/// A map whose fields are known.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'r, 's, 'n> {
    reader: &'r Reader<'s>,
    pub node: &'n Node,
}

impl<'s> Reader<'s> {
    pub fn new(source: Source<'s>) -> Self {
        Reader { source, flaws: RefCell::default() }
    }

    pub fn error(&self, place: Place, kind: &'static str, message: impl Into<String>) {
        self.add(self.source.flaw(place, Severity::Error, kind, message));
    }

    pub fn add(&self, flaw: Flaw) {
        self.flaws.borrow_mut().push(flaw);
    }

    /// What was found, in the order of the file.
    pub fn flaws(self) -> Flaws {
        let mut flaws = self.flaws.into_inner();
        flaws.sort_by_key(|flaw| (flaw.line, flaw.column));
        Flaws(flaws)
    }

    /// `node` as a map with no other fields than `known`; `what` it is, such as "a rule".
    pub fn fields<'n>(&self, node: &'n Node, what: &str, known: &[&str]) -> Option<Fields<'_, 's, 'n>> {
        let fields = self.any_fields(node, what)?;
        for entry in node.entries().iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let near = nearest(&entry.key, known.iter().copied());
            self.error(entry.place, "unknown-field", format!("{what} has no field `{}`{near}", entry.key));
        }
        Some(fields)
    }

    /// `node` as a map, whatever its fields.
    pub fn any_fields<'n>(&self, node: &'n Node, what: &str) -> Option<Fields<'_, 's, 'n>> {
        if !matches!(node.value, super::tree::Value::Map(_)) {
            self.error(node.place, "wrong-type", format!("{what} is a map, not {}", node.kind()));
            return None;
        }
        Some(Fields { reader: self, node })
    }
}

impl<'n> Fields<'_, '_, 'n> {
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key)
    }

    /// A field that must be there.
    pub fn required(&self, key: &str) -> Option<&'n Node> {
        let node = self.get(key);
        if node.is_none() {
            self.wrong(self.node, "missing-field", &format!("`{key}` is missing"));
        }
        node
    }

    pub fn text(&self, key: &str) -> Option<String> {
        let node = self.get(key)?;
        let word = node.word();
        if word.is_none() {
            self.wrong(node, "wrong-type", &format!("`{key}` is a word, not {}", node.kind()));
        }
        word
    }

    pub fn required_text(&self, key: &str) -> Option<String> {
        self.required(key)?;
        let text = self.text(key)?;
        if text.trim().is_empty() {
            self.wrong(self.get(key)?, "missing-field", &format!("`{key}` is empty"));
            return None;
        }
        Some(text)
    }

    pub fn span(&self, key: &str) -> Option<Duration> {
        let read = span::read(&self.text(key)?);
        read.map_err(|why| {
            self.get(key).map(|node| self.wrong(node, "wrong-type", &format!("`{key}`: {why}")))
        })
        .ok()
    }

    pub fn number(&self, key: &str) -> Option<f64> {
        let number = self.text(key)?.parse().ok();
        if let (None, Some(node)) = (number, self.get(key)) {
            self.wrong(node, "wrong-type", &format!("`{key}` is a number, not {}", node.kind()));
        }
        number
    }

    pub fn list(&self, key: &str) -> &'n [Node] {
        let Some(node) = self.get(key) else { return &[] };
        if !matches!(node.value, super::tree::Value::List(_)) {
            self.wrong(node, "wrong-type", &format!("`{key}` is a list, not {}", node.kind()));
        }
        node.items()
    }

    /// Words by words, as labels and annotations are.
    pub fn words(&self, key: &str) -> Vec<(String, String)> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let Some(fields) = self.reader.any_fields(node, &format!("`{key}`")) else { return Vec::new() };
        let entries = node.entries().iter();
        entries.filter_map(|entry| Some((entry.key.clone(), fields.text(&entry.key)?))).collect()
    }

    pub fn is_true(&self, key: &str) -> bool {
        self.text(key).is_some_and(|word| word == "true")
    }

    fn wrong(&self, node: &Node, kind: &'static str, message: &str) {
        self.reader.error(node.place, kind, message);
    }
}
