//! What is wrong with a file that a person wrote: where, what, and the line it stands in.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

use super::tree::Place;

/// The most of a line that is shown.
const WIDTH: usize = 100;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wrong {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Such as `phases[1].faults[0].share`; empty when it is the file as a whole.
    pub field: String,
    pub message: String,
    /// The line, and a marker below what is meant.
    pub snippet: String,
}

impl Wrong {
    pub fn new(file: &str, text: &str, place: Place, field: &str, message: &str) -> Self {
        Wrong {
            file: file.to_owned(),
            line: place.line,
            column: place.column,
            field: harmless(field),
            message: harmless(message),
            snippet: snippet(text, place),
        }
    }
}

/// As compilers say it.
impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrong { file, line, column, field, message, snippet } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if !field.is_empty() {
            write!(f, "{field}: ")?;
        }
        writeln!(f, "{message}")?;
        f.write_str(snippet)
    }
}

/// A control character could make a terminal do anything.
fn harmless(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

fn snippet(text: &str, place: Place) -> String {
    let Some(line) = text.lines().nth(place.line.saturating_sub(1)) else { return String::new() };
    let column = place.column.saturating_sub(1);
    // Of a long line, the part around the place.
    let skipped = if column > WIDTH / 2 && line.chars().count() > WIDTH { column - WIDTH / 2 } else { 0 };
    let shown: String = harmless(line).chars().skip(skipped).take(WIDTH).collect();
    let before = column - skipped;
    let width = place.width.min(shown.chars().count().saturating_sub(before)).max(1);
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let marker = format!("{}{}", " ".repeat(before), "^".repeat(width));
    format!("{margin} |\n{number} | {}\n{margin} | {marker}\n", shown.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_or_hostile_line_is_shown_in_part_and_without_control() {
        let text = format!("{}\u{1b}[2Jbad{}", "x".repeat(300), "y".repeat(300));
        let shown = snippet(&text, Place { line: 1, column: 305, width: 3 });
        assert!(!shown.contains('\u{1b}') && shown.lines().all(|line| line.chars().count() < WIDTH + 8));
        let (line, marker) = (shown.lines().nth(1).expect("line"), shown.lines().nth(2).expect("marker"));
        let at = marker.find('^').expect("marked");
        assert_eq!(&line[at..at + 3], "bad", "{shown}");
    }

    #[test]
    fn a_place_that_is_not_there_has_no_snippet() {
        assert_eq!(snippet("a", Place { line: 7, column: 1, width: 1 }), "");
        assert!(snippet("a", Place { line: 1, column: 9, width: 9 }).ends_with("        ^\n"));
    }
}
