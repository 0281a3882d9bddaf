//! The two programs: what they are called, which versions of them are known to work, and how to get them.

use std::fmt;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Prometheus,
    Alertmanager,
}

/// A version. What it is without a number counts as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Part {
    pub const ALL: [Part; 2] = [Part::Prometheus, Part::Alertmanager];

    pub fn name(self) -> &'static str {
        match self {
            Part::Prometheus => "prometheus",
            Part::Alertmanager => "alertmanager",
        }
    }

    /// What its program is called. Debian's Alertmanager has a longer name.
    pub fn programs(self) -> &'static [&'static str] {
        match self {
            Part::Prometheus => &["prometheus"],
            Part::Alertmanager => &["alertmanager", "prometheus-alertmanager"],
        }
    }

    /// The flag that names another program.
    pub fn flag(self) -> &'static str {
        match self {
            Part::Prometheus => "--prometheus-bin",
            Part::Alertmanager => "--alertmanager-bin",
        }
    }

    /// The oldest and the newest version that were tried.
    pub fn tried(self) -> (Version, Version) {
        let version = |major, minor, patch| Version { major, minor, patch };
        match self {
            Part::Prometheus => (version(2, 42, 0), version(3, 5, 3)),
            Part::Alertmanager => (version(0, 25, 0), version(0, 33, 1)),
        }
    }

    /// Whether `version` can be used. What is newer than anything tried, but not a generation newer, is given a try.
    pub fn takes(self, version: Version) -> bool {
        let (oldest, newest) = self.tried();
        version >= oldest && version.major <= newest.major
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Version {
    /// Reads `3.5.3` or `2.42.0+ds`.
    pub fn parse(text: &str) -> Option<Version> {
        let mut numbers = text.trim_start_matches('v').split(['.', '+', '-', '~']);
        let mut number = || numbers.next()?.parse().ok();
        Some(Version { major: number()?, minor: number()?, patch: number().unwrap_or_default() })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_or_a_generation_too_new_is_not_taken() {
        let takes = |part: Part, text: &str| part.takes(Version::parse(text).expect("a version"));
        for good in ["2.42.0+ds", "2.53.3", "3.5.3", "3.14.0"] {
            assert!(takes(Part::Prometheus, good), "{good}");
        }
        for bad in ["1.8.2", "2.41.9", "4.0.0-rc.0"] {
            assert!(!takes(Part::Prometheus, bad), "{bad}");
        }
        for (text, taken) in [("0.24.0", false), ("0.25.0", true), ("0.33.1", true), ("1.0.0", false)] {
            assert_eq!(takes(Part::Alertmanager, text), taken, "{text}");
        }
        assert_eq!(Version::parse("none"), None);
    }
}
