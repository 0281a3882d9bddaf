//! Reads Rust as far as the laws need it: what is code, which paths it names, which attributes it bears.

/// `text` with every comment and the inside of every literal blanked out. Lines stay where they are.
pub fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_name = out.chars().next_back().is_some_and(is_name);
        let (length, keep) = match first {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), 0),
            '/' if rest.starts_with("/*") => (block_comment(rest), 0),
            '"' => (quoted(rest, '"'), 1),
            'r' | 'b' | 'c' if !after_name => raw_string(rest).map_or((1, 1), |length| (length, 1)),
            '\'' => character(rest).map_or((1, 1), |length| (length, 1)),
            other => (other.len_utf8(), other.len_utf8()),
        };
        out.push_str(&rest[..keep]);
        out.extend(rest[keep..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    out
}

/// The length of the comment `rest` begins with; comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of the literal between two `mark`s.
fn quoted(rest: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == mark => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of the raw string `rest` begins with, when it does: `r"…"`, `br#"…"#`.
fn raw_string(rest: &str) -> Option<usize> {
    let after =
        rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = rest.len() - body.len();
    Some(body.find(&end).map_or(rest.len(), |at| start + at + end.len()))
}

/// The length of the character `rest` begins with; none when it is a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inside = rest[1..].chars().next()?;
    let is_literal = inside == '\\' || rest[1 + inside.len_utf8()..].starts_with('\'');
    is_literal.then(|| quoted(rest, '\''))
}

/// Parts `code` into what is compiled always and what is compiled for tests: the blocks under `#[cfg(test)]`.
pub fn split_tests(code: &str) -> (String, String) {
    let (mut always, mut tests) = (String::new(), String::new());
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        always.push_str(&rest[..at]);
        let item = &rest[at..];
        let length = match (item.find('{'), item.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|semicolon| open < semicolon) => {
                open + closed(&item[open..], '{', '}')
            }
            (_, Some(semicolon)) => semicolon + 1,
            _ => item.len(),
        };
        tests.push_str(&item[..length]);
        rest = &item[length..];
    }
    always.push_str(rest);
    (always, tests)
}

/// Up to and with the bracket that closes the one `code` begins with.
fn closed(code: &str, open: char, close: char) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return at + c.len_utf8();
            }
        }
    }
    code.len()
}

/// Every path that `code` names from a root on, with `crate` and `super` resolved against `module`: `crate::kernel::{db,
/// cache}` in any module is `[kernel, db]` and `[kernel, cache]`. Foreign roots (`std`, `tokio`) stay as they are.
pub fn paths(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(step) = code[at..].find("::") {
        let sign = at + step;
        let start = code[..sign].rfind(|c| !is_name(c)).map_or(0, |before| before + 1);
        at = sign + 2;
        // `<T as X>::y` has no name before the sign. A sign before the name means that this is not the root, unless the
        // path begins with it.
        let goes_on =
            code[..start].strip_suffix("::").is_some_and(|left| left.ends_with(|c| is_name(c) || c == '>'));
        if start == sign || goes_on {
            continue;
        }
        let mut tree = Vec::new();
        let length = expand(&code[start..], &[], &mut tree);
        found.extend(tree.into_iter().map(|path| resolve(path, module)));
        at = at.max(start + length);
    }
    found.sort();
    found.dedup();
    found
}

/// Reads one path or tree of paths; returns how much was read.
fn expand(text: &str, base: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = base.to_vec();
    let mut at = text.len() - text.trim_start().len();
    loop {
        if text[at..].starts_with('{') {
            at += 1;
            loop {
                at += text[at..].len()
                    - text[at..].trim_start_matches(|c: char| c.is_whitespace() || c == ',').len();
                if text[at..].starts_with('}') {
                    return at + 1;
                }
                let read = expand(&text[at..], &path, found);
                if read == 0 {
                    return at;
                }
                at += read;
            }
        }
        let name: &str = &text[at..at + text[at..].find(|c| !is_name(c)).unwrap_or(text.len() - at)];
        let star = usize::from(name.is_empty() && text[at..].starts_with('*'));
        at += name.len() + star;
        if !name.is_empty() && name != "self" || path.is_empty() {
            path.push(name.to_owned());
        }
        if !text[at..].starts_with("::") {
            // `name as other` inside a tree: the other name is no path.
            let rename = text[at..].trim_start().strip_prefix("as ").filter(|_| !base.is_empty());
            if let Some(other) = rename {
                at = text.len() - other.len() + other.find(|c| !is_name(c)).unwrap_or(other.len());
            }
            found.push(path);
            return at;
        }
        at += 2;
    }
}

fn resolve(path: Vec<String>, module: &[String]) -> Vec<String> {
    let mut base = match path[0].as_str() {
        "crate" | "doorbuster" => return path[1..].to_vec(),
        "self" => return [module, &path[1..]].concat(),
        "super" => module.to_vec(),
        _ => return path,
    };
    let ups = path.iter().take_while(|name| *name == "super").count();
    base.truncate(base.len().saturating_sub(ups));
    [&base[..], &path[ups..]].concat()
}

/// Whether `word` stands in `code` as a whole name, so that `Default` is not taken for `fault`.
pub fn names(code: &str, word: &str) -> bool {
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(is_name) && !code[at + word.len()..].starts_with(is_name))
}

/// Every attribute, `#[…]` and `#![…]`, with the line it begins on.
pub fn attributes(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices('#') {
        let inner = code[at + 1..].strip_prefix('!').unwrap_or(&code[at + 1..]);
        if inner.starts_with('[') {
            let line = code[..at].matches('\n').count() + 1;
            found.push((line, &inner[..closed(inner, '[', ']')]));
        }
    }
    found
}

/// `code` without its attributes.
pub fn without_attributes(code: &str) -> String {
    attributes(code).iter().fold(code.to_owned(), |code, (_, attribute)| {
        code.replace(&format!("#!{attribute}"), "").replace(&format!("#{attribute}"), "")
    })
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(code: &str, module: &str) -> Vec<String> {
        let module: Vec<String> = module.split("::").map(str::to_owned).collect();
        paths(code, &module).into_iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "a /* b /* c */ d */ \"e // f\\\"\" r#\"g\"h\"# 'i' '\\'' b'j' &'k l // m\nn";
        let left: Vec<String> = code(text).split_whitespace().map(str::to_owned).collect();
        assert_eq!(left.concat().replace(['"', '\'', '#'], ""), "arb&kln");
        assert_eq!(code(text).matches('\n').count(), 1);
    }

    #[test]
    fn a_tree_of_paths_is_taken_apart() {
        let code = "use crate::{kernel::{db, cache::Cache as Kept}, shop};\nuse super::{self, error::*};\n";
        assert_eq!(
            all(code, "kernel::reply"),
            ["kernel", "kernel::cache::Cache", "kernel::db", "kernel::error", "shop"]
        );
    }

    #[test]
    fn paths_inside_expressions_are_found() {
        let code = "let x = crate::chaos::decide(a::b(std::time::Instant::now()), super::super::weave::C);";
        let expected = ["a::b", "chaos::decide", "std::time::Instant::now", "weave::C"];
        assert_eq!(all(code, "shop::cart"), expected);
    }

    #[test]
    fn tests_are_told_from_the_rest() {
        let (always, tests) = split_tests("a #[cfg(test)] mod tests { b { c } } d #[cfg(test)] use e; f");
        assert_eq!(always.split_whitespace().collect::<Vec<_>>(), ["a", "d", "f"]);
        assert!(tests.contains("c }") && tests.contains("use e;"));
    }

    #[test]
    fn names_are_whole_words() {
        assert!(names("let fault = 1;", "fault"));
        assert!(!names("Default defaults fault_s", "fault"));
    }
}
