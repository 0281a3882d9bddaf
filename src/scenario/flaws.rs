//! What a check has found, but for what merely follows from fields that could not be read.

use super::tree::is_within;

/// Flaws by path, with why.
pub struct Flaws<'a> {
    lost: &'a [String],
    found: Vec<(String, String)>,
}

impl<'a> Flaws<'a> {
    /// `lost` are the paths of fields that could not be read.
    pub fn without(lost: &'a [String]) -> Self {
        Flaws { lost, found: Vec::new() }
    }

    pub fn add(&mut self, path: impl Into<String>, why: impl Into<String>) {
        let path = path.into();
        if !self.is_lost(&path) {
            self.found.push((path, why.into()));
        }
    }

    /// Whether what is at `path`, or a part of it, could not be read.
    pub fn is_lost(&self, path: &str) -> bool {
        self.lost.iter().any(|lost| is_within(lost, path) || is_within(path, lost))
    }

    /// Whether the list at `path` as such could not be read; its elements may be another matter.
    pub fn is_list_lost(&self, path: &str) -> bool {
        self.lost.iter().any(|lost| is_within(path, lost))
    }
}

impl IntoIterator for Flaws<'_> {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}
