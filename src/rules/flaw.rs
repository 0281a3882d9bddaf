//! What is wrong with a file that a person wrote.

use std::fmt;

/// All that is wrong with one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Flaws(pub Vec<String>);

impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}
