//! What keeps plain data from being read out of a tree, in words for whoever wrote the file: serde's own are for
//! programmers.

#![expect(clippy::wildcard_enum_match_arm, reason = "serde's: the others are written as it writes them")]

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

use super::tree::{Route, Value};
use crate::kernel::nearest::{nearest, short, unknown};

/// What does not fit.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The way to it, last step first.
    steps: Route,
    /// It is the key, not what it says.
    pub is_key: bool,
    pub kind: Kind,
    /// A word that would fit.
    pub fits: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub enum Kind {
    /// No such field; the one that was probably meant.
    UnknownField {
        why: String,
        meant: Option<&'static str>,
    },
    /// A field is needed here.
    Missing(&'static str),
    /// No such word; of which kind, only the enum knows.
    UnknownWord(String, &'static [&'static str]),
    Other(String),
}

impl Mismatch {
    /// The way to it from the root.
    pub fn route(&self) -> Route {
        self.steps.iter().rev().copied().collect()
    }

    fn of(kind: Kind) -> Self {
        Mismatch { steps: Vec::new(), is_key: false, kind, fits: None }
    }

    pub fn other(why: impl Into<String>) -> Self {
        Mismatch::of(Kind::Other(why.into()))
    }

    pub fn below(mut self, step: usize) -> Self {
        self.steps.push(step);
        self
    }

    /// It is the key of where it leads.
    pub fn of_key(self) -> Self {
        Mismatch { is_key: true, ..self }
    }

    pub fn but_fits(self, fits: Option<&'static str>) -> Self {
        Mismatch { fits, ..self }
    }

    /// Says what the words of the enum `name` are: `PaymentMethod` → "payment method".
    pub fn among(mut self, name: &str) -> Self {
        if let Kind::UnknownWord(word, known) = &self.kind {
            let mut what = String::new();
            for letter in name.chars() {
                if letter.is_uppercase() && !what.is_empty() {
                    what.push(' ');
                }
                what.extend(letter.to_lowercase());
            }
            self.fits = known.first().copied();
            self.kind = Kind::Other(unknown(&what, word, known.iter().copied()));
        }
        self
    }
}

impl Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::UnknownField { why, .. } | Kind::Other(why) => f.write_str(why),
            Kind::Missing(field) => write!(f, "`{field}` is missing"),
            Kind::UnknownWord(word, known) => f.write_str(&unknown("word", word, known.iter().copied())),
        }
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: Display>(why: T) -> Self {
        Mismatch::other(why.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Mismatch::other(format!("expected {}, not {}", in_words(expected), found_in_words(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Mismatch::invalid_type(found, expected)
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Mismatch::of(Kind::UnknownWord(word.to_owned(), known))
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Mismatch::of(Kind::UnknownField {
            why: unknown("field", field, known.iter().copied()),
            meant: nearest(field, known.iter().copied()),
        })
    }

    fn missing_field(field: &'static str) -> Self {
        Mismatch::of(Kind::Missing(field))
    }
}

/// Serde's names of types are not for whoever writes a scenario.
pub fn in_words(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "a string" => "a text",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" => "a whole number from 0",
        "i64" => "a whole number",
        word if word.starts_with("struct ") => "a map",
        word => word,
    }
    .to_owned()
}

fn found_in_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(word) => described(&Value::Bool(word)),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Str(text) => described(&Value::Text(text.to_owned())),
        Unexpected::Unit => described(&Value::Nothing),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map".to_owned(),
        other => other.to_string(),
    }
}

pub fn described(value: &Value) -> String {
    match value {
        Value::Nothing | Value::StandIn(_) => "nothing".to_owned(),
        Value::Bool(word) => word.to_string(),
        Value::Whole(number) => format!("the number {number}"),
        Value::Number(number) => format!("the number {number}"),
        Value::Text(text) => format!("`{}`", short(text)),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a map".to_owned(),
    }
}

pub fn listed(words: &[&str]) -> String {
    words.join(", ")
}
