//! Matchers of routes and inhibitions, as Alertmanager understands them: `severity="critical"`, `team=~"a|b"`.

use std::fmt;

use regex::Regex;

/// Whether a label is, or is not, a word or a pattern. A label that is missing is the empty word.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub label: String,
    value: String,
    pattern: Option<Regex>,
    is_negated: bool,
}

impl Matcher {
    pub fn new(label: &str, is_pattern: bool, is_negated: bool, value: &str) -> Result<Matcher, String> {
        let anchored =
            || Regex::new(&format!("^(?:{value})$")).map_err(|_| format!("`{value}` is no pattern"));
        let pattern = is_pattern.then(anchored).transpose()?;
        Ok(Matcher { label: label.to_owned(), value: value.to_owned(), pattern, is_negated })
    }

    /// Whether it holds for a label that says `word`.
    pub fn holds(&self, word: &str) -> bool {
        let is_same = match &self.pattern {
            Some(pattern) => pattern.is_match(word),
            None => self.value == word,
        };
        is_same != self.is_negated
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (&self.pattern, self.is_negated) {
            (None, false) => "=",
            (None, true) => "!=",
            (Some(_), false) => "=~",
            (Some(_), true) => "!~",
        };
        write!(f, "{}{sign}\"{}\"", self.label, self.value)
    }
}

/// Reads `a="b"`, `a=b`, `{a="b", c=~"d|e"}`: one or several.
pub fn read(text: &str) -> Result<Vec<Matcher>, String> {
    let inner = text.trim();
    let inner = inner.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(inner);
    let parts = split(inner);
    let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Err(format!("`{text}` is no matcher such as severity=\"critical\""));
    }
    parts.into_iter().map(one).collect()
}

/// At commas that stand in no quotes.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut is_quoted, mut is_escaped) = (vec![String::new()], false, false);
    for one in text.chars() {
        match one {
            ',' if !is_quoted => {
                parts.push(String::new());
                continue;
            }
            '"' if !is_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        is_escaped = one == '\\' && !is_escaped;
        if let Some(part) = parts.last_mut() {
            part.push(one);
        }
    }
    parts
}

fn one(text: &str) -> Result<Matcher, String> {
    let refused = || format!("`{text}` is no matcher such as severity=\"critical\"");
    let at = text.find(['=', '!']).ok_or_else(refused)?;
    let (label, rest) = (text[..at].trim(), &text[at..]);
    let signs = [("=~", true, false), ("!~", true, true), ("!=", false, true), ("=", false, false)];
    let sign = signs.iter().find(|(sign, ..)| rest.starts_with(sign)).ok_or_else(refused)?;
    let (sign, is_pattern, is_negated) = *sign;
    let value = rest[sign.len()..].trim();
    let value = match value.strip_prefix('"').map(|rest| rest.strip_suffix('"')) {
        Some(Some(inner)) => unescaped(inner),
        Some(None) => return Err(refused()),
        None => value.to_owned(),
    };
    let label = label.trim_matches('"');
    if label.is_empty() {
        return Err(refused());
    }
    Matcher::new(label, is_pattern, is_negated, &value)
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        match (one, one == '\\') {
            (_, false) => out.push(one),
            (_, true) => match rest.next() {
                Some('n') => out.push('\n'),
                Some(other @ ('"' | '\\')) => out.push(other),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_matcher_is_read_and_holds_for_what_it_means() {
        for (text, yes, no) in [
            ("a=\"b\"", "b", "bb"),
            ("a = b", "b", ""),
            ("a!=\"b\"", "", "b"),
            ("a=~\"b|c.*\"", "cd", "ab"),
            ("a!~\"b|c\"", "d", "c"),
            ("a=~\"b, c\"", "b, c", "b"),
            ("{a=\"x\\\"y\"}", "x\"y", "xy"),
        ] {
            let matchers = read(text).expect(text);
            assert_eq!((matchers.len(), matchers[0].label.as_str()), (1, "a"), "{text}");
            assert!(matchers[0].holds(yes) && !matchers[0].holds(no), "{text}");
        }
        let both = read("{a=\"b\", c!~\"d\"}").expect("two");
        assert_eq!(both.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a=\"b\"", "c!~\"d\""]);
    }

    #[test]
    fn what_is_no_matcher_is_refused() {
        for bad in ["", "a", "=b", "a=\"b", "a=~\"(\"", "{}"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
