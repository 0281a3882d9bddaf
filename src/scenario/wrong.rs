//! What is wrong with a file that a person wrote: where, what, and the line it stands in.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

use super::tree::Place;
use crate::kernel::snippet::{harmless, snippet};

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
            snippet: snippet(text, place.line, place.column, place.width),
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
