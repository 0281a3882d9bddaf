//! What is wrong with a file of rules, objectives or routes: where, how badly, in which words. Whoever finds it does
//! not know who reads it.

use std::{error::Error, fmt};

use serde::Serialize;

use crate::kernel::snippet::{harmless, snippet};

/// Where something stands, counted from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    pub const START: Place = Place { line: 1, column: 1 };
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does not work, or not as it says.
    Error,
    /// It works, but is probably not meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flaw {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub severity: Severity,
    /// Which rule of the craft is broken, in one word that a machine can tell from others: `window-too-short`.
    pub kind: &'static str,
    pub message: String,
    /// The line, and a marker below what is meant.
    pub snippet: String,
}

/// A file by its name and its text, as far as flaws need to know it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

impl Source<'_> {
    /// A flaw of this file.
    pub fn flaw(
        &self,
        place: Place,
        severity: Severity,
        kind: &'static str,
        message: impl Into<String>,
    ) -> Flaw {
        Flaw {
            file: self.name.to_owned(),
            line: place.line,
            column: place.column,
            severity,
            kind,
            message: harmless(&message.into()),
            snippet: snippet(self.text, place.line, place.column, 1),
        }
    }

    /// A flaw without which the file could be used.
    pub fn error(&self, place: Place, kind: &'static str, message: impl Into<String>) -> Flaw {
        self.flaw(place, Severity::Error, kind, message)
    }
}

/// As compilers say it.
impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Flaw { file, line, column, severity, message, snippet, .. } = self;
        writeln!(f, "{file}:{line}:{column}: {severity}: {message}")?;
        f.write_str(snippet)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// All that is wrong with a file; never empty when it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flaws(pub Vec<Flaw>);

impl Flaws {
    /// `value`, unless something is wrong.
    pub fn or<T>(self, value: T) -> Result<T, Flaws> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|flaw| flaw.fmt(f))
    }
}

impl Error for Flaws {}

impl From<Flaw> for Flaws {
    fn from(flaw: Flaw) -> Self {
        Flaws(vec![flaw])
    }
}

/// `, did you mean X?` when one of `known` is near enough to `word`.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let scored = known.into_iter().map(|one| (strsim::damerau_levenshtein(word, one), one));
    match scored.min() {
        Some((distance, one)) if distance > 0 && distance <= 1.max(word.chars().count() / 3) => {
            format!(", did you mean `{one}`?")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flaw_is_said_as_compilers_say_it() {
        let source = Source { name: "a.yml", text: "groups:\n- nme: x\n" };
        let flaw = source.error(Place { line: 2, column: 3 }, "unknown-field", "unknown field `nme`");
        assert_eq!(flaw.to_string(), "a.yml:2:3: error: unknown field `nme`\n  |\n2 | - nme: x\n  |   ^\n");
    }

    #[test]
    fn only_a_near_word_is_offered() {
        assert_eq!(nearest("exprr", ["expr", "for"]), ", did you mean `expr`?");
        assert_eq!(nearest("zzz", ["expr", "for"]), "");
    }
}
