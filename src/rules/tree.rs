//! A file as a tree: values, each with the place it stands at. What they mean is not known here. YAML, and with it JSON.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{Location, Spanned, options};

use super::flaw::{Flaw, Flaws, Place, Source};

/// The largest file that is read.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;

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
    Whole(i64),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub place: Place,
    pub node: Node,
}

/// The documents of a file; an empty one has none.
pub fn read(source: Source<'_>) -> Result<Vec<Node>, Flaws> {
    if source.text.len() > MOST_BYTES {
        let why = format!("the file is larger than {} MiB", MOST_BYTES / 1024 / 1024);
        return Err(source.error(Place::START, "yaml", why).into());
    }
    // `on` and `no` are words: labels are made of them, and Go's readers of both files take them as such.
    let options = options! { strict_booleans: true, with_snippet: false };
    serde_saphyr::from_multiple_with_options(source.text, options)
        .map_err(|error| unreadable(source, &error).into())
}

fn unreadable(source: Source<'_>, error: &serde_saphyr::Error) -> Flaw {
    let error = error.without_snippet();
    let place = error.location().map_or(Place::START, |location| place(&location));
    // The place is said before the message; the parser says it again after it.
    let why = error.to_string();
    let why = why.split(" at line ").next().unwrap_or_default();
    source.error(place, "yaml", why)
}

fn place(location: &Location) -> Place {
    let number = |one: u64| usize::try_from(one).unwrap_or(usize::MAX).max(1);
    Place { line: number(location.line()), column: number(location.column()) }
}

impl Node {
    /// A value of our own making, which stands nowhere.
    pub fn new(value: Value) -> Self {
        Node { place: Place::START, value }
    }

    pub fn text(text: impl Into<String>) -> Self {
        Node::new(Value::Text(text.into()))
    }

    pub fn list(nodes: Vec<Node>) -> Self {
        Node::new(Value::List(nodes))
    }

    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Node)>) -> Self {
        let entry = |(key, node): (K, Node)| Entry { key: key.into(), place: Place::START, node };
        Node::new(Value::Map(entries.into_iter().map(entry).collect()))
    }

    /// What it says under `key`, when it is a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    /// Says `node` under `key`, instead of what was there.
    pub fn set(&mut self, key: &str, node: Node) {
        if let Some(old) = self.get_mut(key) {
            *old = node;
        } else if let Value::Map(entries) = &mut self.value {
            entries.push(Entry { key: key.to_owned(), place: Place::START, node });
        }
    }

    /// What a map says; nothing for anything else.
    pub fn entries(&self) -> &[Entry] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// What a list holds; nothing for anything else.
    pub fn items(&self) -> &[Node] {
        if let Value::List(nodes) = &self.value { nodes } else { &[] }
    }

    pub fn items_mut(&mut self) -> &mut [Node] {
        if let Value::List(nodes) = &mut self.value { nodes } else { &mut [] }
    }

    /// A word, or what was written like a number or a truth where a word is meant.
    pub fn word(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Whole(number) => Some(number.to_string()),
            Value::Number(number) => Some(number.to_string()),
            Value::Nothing | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// What it is, for whoever expected something else.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Nothing => "nothing",
            Value::Bool(_) => "true or false",
            Value::Whole(_) | Value::Number(_) => "a number",
            Value::Text(_) => "a word",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Node { place: place(&spanned.referenced), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Any)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Whole(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number).map(Value::Whole).map_err(|_| E::custom("the number is too large"))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry::<Node, Node>()? {
            let word = key.word().ok_or_else(|| A::Error::custom("a key is a word"))?;
            entries.push(Entry { key: word, place: key.place, node });
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(text: &str) -> String {
        let flaws = read(Source { name: "a.yml", text }).expect_err(text);
        flaws.0.iter().map(|flaw| format!("{}:{} {}", flaw.line, flaw.column, flaw.message)).collect()
    }

    #[test]
    fn each_value_knows_where_it_stands() {
        let text = "groups:\n  - name: a # words\n    rules:\n      - {alert: X, for: 5m, n: 3}\n";
        let documents = read(Source { name: "a.yml", text }).expect("a tree");
        let group = &documents[0].get("groups").expect("groups").items()[0];
        let rule = &group.get("rules").expect("rules").items()[0];
        assert_eq!(rule.get("for").map(|node| node.place), Some(Place { line: 4, column: 25 }));
        assert_eq!(rule.entries()[0].place, Place { line: 4, column: 10 });
        assert_eq!(rule.get("n").and_then(Node::word).as_deref(), Some("3"));
        assert_eq!(group.get("name").map(|node| &node.value), Some(&Value::Text("a".to_owned())));
    }

    #[test]
    fn a_file_may_hold_several_documents_or_none() {
        let count = |text| read(Source { name: "a.yml", text }).expect("trees").len();
        assert_eq!((count("a: 1\n---\nb: 2\n"), count(""), count("# words\n")), (2, 0, 0));
    }

    #[test]
    fn what_has_no_form_says_where_it_ends_to_have_one() {
        assert!(flaw("a: [1, 2\nb: 3\n").starts_with("2:"), "{}", flaw("a: [1, 2\nb: 3\n"));
        assert!(flaw("a: 1\na: 2\n").starts_with("2:1 duplicate"), "{}", flaw("a: 1\na: 2\n"));
    }
}
