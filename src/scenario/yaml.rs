//! From text to a tree. YAML 1.2, and with it JSON: one document, no tags; all keys that stand twice are named. Bounded
//! in size, depth and number of values, aliases counted as what they stand for.

#![expect(clippy::wildcard_enum_match_arm, reason = "granit-parser's, and it grows")]

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, options};

use super::tree::{Entry, Node, Place, Value, joined};

/// The largest file.
pub const MOST_BYTES: usize = 256 * 1024;
/// The most values of a file.
const MOST_NODES: usize = 10_000;
/// The deepest nesting; a scenario needs ten levels.
const MOST_LEVELS: usize = 32;

/// What is wrong with the text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub place: Place,
    pub path: String,
    pub why: String,
}

/// The tree of `text`, and the keys that stand twice in it; of those the first counts.
pub fn read(text: &str) -> Result<(Node, Vec<Flaw>), Flaw> {
    let refused = |why: String| Flaw { place: Place::START, path: String::new(), why };
    if text.len() > MOST_BYTES {
        return Err(refused(format!("the file is larger than {} KiB", MOST_BYTES / 1024)));
    }
    let limits = options! { flow_nesting_limit: MOST_LEVELS, block_nesting_limit: MOST_LEVELS };
    let mut building = Building::default();
    for event in Parser::new_from_str_with_options(text, limits) {
        let (event, span) = event.map_err(|error| Flaw {
            place: Place { line: error.marker().line(), column: error.marker().col() + 1, width: 1 },
            path: String::new(),
            why: error.kind().to_string(),
        })?;
        building.take(event, place(span)).map_err(|(place, why)| Flaw {
            place,
            path: String::new(),
            why: why.to_owned(),
        })?;
    }
    match building.root {
        Some(root) => Ok((root, building.twice)),
        None => Err(refused("the file is empty".to_owned())),
    }
}

/// Collections that have begun, the outermost first.
#[derive(Default)]
struct Building {
    open: Vec<Open>,
    root: Option<Node>,
    twice: Vec<Flaw>,
    documents: usize,
    nodes: usize,
    anchors: HashMap<usize, Node>,
}

struct Open {
    place: Place,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map(Vec<Entry>, Option<(String, Place)>),
}

type Refused = (Place, &'static str);

impl Building {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), Refused> {
        if event.tag().is_some() {
            return Err((place, "tags (`!`) are not understood here"));
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err((place, "a file holds one document"));
                }
            }
            Event::Scalar(text, style, anchor, _) => {
                // A key is a word, whatever it looks like: `500` is the key `500`.
                if let Some(Open { items: Items::Map(_, key @ None), .. }) = self.open.last_mut() {
                    if anchor != 0 {
                        return Err((place, "a key cannot be an anchor"));
                    }
                    *key = Some((text.into_owned(), place));
                    return Ok(());
                }
                let value =
                    if style == ScalarStyle::Plain { plain(&text) } else { Value::Text(text.into_owned()) };
                self.add(Node::new(place, value), anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => self.begin(place, anchor, Items::List(Vec::new()))?,
            Event::MappingStart(_, anchor, _) => self.begin(place, anchor, Items::Map(Vec::new(), None))?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { place, anchor, items }) = self.open.pop() {
                    let value = match items {
                        Items::List(nodes) => Value::List(nodes),
                        Items::Map(entries, _) => Value::Map(entries),
                    };
                    self.add(Node::new(place, value), anchor)?;
                }
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let mut node = known.ok_or((place, "an alias cannot stand within what it names"))?;
                node.place = place;
                self.nodes += node.weight();
                if node.levels() + self.open.len() > MOST_LEVELS {
                    return Err((place, "too deeply nested"));
                }
                self.add(node, 0)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, place: Place, anchor: usize, items: Items) -> Result<(), Refused> {
        if self.open.last().is_some_and(|open| matches!(open.items, Items::Map(_, None))) {
            return Err((place, "a key is a word, not a list or a map"));
        }
        self.open.push(Open { place: Place { width: 1, ..place }, anchor, items });
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Refused> {
        let place = node.place;
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err((place, "too many values for one file"));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let path = self.path();
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Items::List(nodes)) => nodes.push(node),
            Some(Items::Map(entries, key)) => {
                let (key, place) = key.take().ok_or((place, "an alias cannot be a key"))?;
                match entries.iter().find(|entry| entry.key == key) {
                    Some(first) => {
                        let why = format!("`{key}` was said before, in line {}", first.place.line);
                        self.twice.push(Flaw { place, path: joined(&path, &key), why });
                    }
                    None => entries.push(Entry { key, place, node }),
                }
            }
        }
        Ok(())
    }

    /// Which collection is open, in words.
    fn path(&self) -> String {
        let above = self.open.len().saturating_sub(1);
        self.open.iter().take(above).fold(String::new(), |path, open| match &open.items {
            Items::List(nodes) => format!("{path}[{}]", nodes.len()),
            Items::Map(_, Some((key, _))) => joined(&path, key),
            Items::Map(_, None) => path,
        })
    }
}

fn place(span: Span) -> Place {
    let width = if span.start.line() == span.end.line() {
        span.end.col().saturating_sub(span.start.col())
    } else {
        1
    };
    Place { line: span.start.line(), column: span.start.col() + 1, width: width.max(1) }
}

/// What an unquoted word is, by YAML's core schema, as far as JSON has it too.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Nothing,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') || text.len() > 40 {
        return Value::Text(text.to_owned());
    }
    if let Ok(whole) = text.parse::<i128>() {
        return Value::Whole(whole);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::Number(number),
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let flaw = read(text).expect_err(text);
        format!("{}:{} {}", flaw.place.line, flaw.place.column, flaw.why)
    }

    #[test]
    fn words_are_what_they_look_like_unless_quoted() {
        for (text, value) in [
            ("~", Value::Nothing),
            ("true", Value::Bool(true)),
            ("12", Value::Whole(12)),
            ("-1.5e3", Value::Number(-1500.0)),
            ("'12'", Value::Text("12".to_owned())),
            ("1e999", Value::Text("1e999".to_owned())),
            (".inf", Value::Text(".inf".to_owned())),
            ("30s", Value::Text("30s".to_owned())),
            ("no", Value::Text("no".to_owned())),
        ] {
            assert_eq!(read(text).expect(text).0.value, value, "{text}");
        }
    }

    #[test]
    fn an_alias_is_what_it_names_at_its_own_place() {
        let (root, _) = read("a: &x [1, 2]\nb: *x\n").expect("read");
        assert_eq!(root.place_of("b"), Place { line: 2, column: 4, width: 2 });
        assert_eq!(root.place_of("b[1]").line, 1);
    }

    #[test]
    fn what_is_no_plain_tree_is_refused_where_it_stands() {
        assert_eq!(refusal(""), "1:1 the file is empty");
        assert_eq!(refusal("a: 1\n---\nb: 2\n"), "2:1 a file holds one document");
        assert_eq!(refusal("a: !!str 1\n"), "1:10 tags (`!`) are not understood here");
        assert_eq!(refusal("? [a]\n: 1\n"), "1:3 a key is a word, not a list or a map");
        assert_eq!(refusal("a: &x [*x]\n"), "1:8 an alias cannot stand within what it names");
        assert!(refusal(&"[".repeat(100)).starts_with("1:33 "));
        assert!(refusal(&"x".repeat(MOST_BYTES + 1)).ends_with("larger than 256 KiB"));
    }

    #[test]
    fn aliases_that_multiply_are_counted_as_what_they_stand_for() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let before = vec![format!("*a{}", level - 1); 9].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
        }
        assert!(refusal(&bomb).ends_with("too many values for one file"));
    }

    #[test]
    fn every_key_that_stands_twice_is_named() {
        let (_, twice) = read("a: 1\nb: [{c: 1, c: 2}]\na: 2\n").expect("read");
        let paths: Vec<_> = twice.iter().map(|flaw| (flaw.path.as_str(), flaw.why.as_str())).collect();
        assert_eq!(
            paths,
            [("b[0].c", "`c` was said before, in line 2"), ("a", "`a` was said before, in line 1")]
        );
    }
}
