//! From a tree to YAML that both of Go's readers take: block style, and a word is quoted when either of them might take it
//! for something else.

use std::fmt::Write;

use super::{
    span,
    tree::{Node, Value},
};

/// Words that some YAML takes for no words.
const TAKEN: [&str; 14] =
    ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf", ".inf", ".nan", "~"];

/// `node` as a document.
pub fn yaml(node: &Node) -> String {
    let mut out = String::new();
    block(&mut out, node, 0);
    out
}

/// Writes `node` on lines of its own.
fn block(out: &mut String, node: &Node, depth: usize) {
    let margin = "  ".repeat(depth);
    if !needs_lines(node) {
        let _ = writeln!(out, "{margin}{}", scalar(node));
    }
    for entry in node.entries() {
        let _ = write!(out, "{margin}{}:", word(&entry.key));
        after_key(out, &entry.node, depth);
    }
    for node in node.items() {
        let mut inner = String::new();
        block(&mut inner, node, depth + 1);
        // The first line stands behind the dash.
        let first = inner.get(margin.len() + 2..).unwrap_or_default();
        let _ = write!(out, "{margin}- {first}");
    }
}

/// Whether `node` is a map or a list with something in it.
fn needs_lines(node: &Node) -> bool {
    !node.entries().is_empty() || !node.items().is_empty()
}

fn after_key(out: &mut String, node: &Node, depth: usize) {
    if needs_lines(node) {
        out.push('\n');
        block(out, node, depth + 1);
        return;
    }
    if let Value::Text(text) = &node.value
        && is_literal(text)
    {
        out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
        let margin = "  ".repeat(depth + 1);
        for line in text.trim_end_matches('\n').split('\n') {
            let _ = writeln!(out, "{}", format!("{margin}{line}").trim_end());
        }
    } else {
        let _ = writeln!(out, " {}", scalar(node));
    }
}

/// Whether it can stand line by line as it is: what begins or ends with a blank, or has other control characters, cannot.
fn is_literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && body.lines().all(|line| !line.ends_with(' '))
        && !body.chars().any(|one| one.is_control() && one != '\n')
}

fn scalar(node: &Node) -> String {
    match &node.value {
        Value::Nothing => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Whole(number) => number.to_string(),
        Value::Number(number) => format!("{number:?}"),
        Value::Text(text) => word(text),
        Value::List(_) => "[]".to_owned(),
        Value::Map(_) => "{}".to_owned(),
    }
}

/// A word, quoted when it needs to be. JSON's quotes are YAML's.
fn word(text: &str) -> String {
    let is_plain = text.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_' || one == '/')
        && text.chars().all(|one| one.is_ascii_graphic() || one == ' ')
        && ![": ", " #"].iter().any(|sign| text.contains(sign))
        && !text.ends_with([':', ' '])
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str());
    if is_plain || is_span(text) { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// `5m` is nothing else in any YAML; people do not quote it.
fn is_span(text: &str) -> bool {
    text.ends_with(|one: char| one.is_ascii_alphabetic()) && span::read(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{super::flaw::Source, *};
    use crate::rules::tree;

    fn again(text: &str) -> (String, String) {
        let tree = |text: &str| tree::read(Source { name: "a.yml", text }).expect("a tree").remove(0);
        let written = yaml(&tree(text));
        (written.clone(), yaml(&tree(&written)))
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let text = "a:\n  - {b: 'on', c: [1, 2.5, true, ~, []], 'd: e': {}}\n  - - x\n    - \"tab\\there\"\n\
                    e: |\n  one\n    two\n\n  three\nf: |-\n  x\n  y\ng: '- no list'\nh: \" x\\n y\"\ni: '5m'\nj: '1'\n";
        let (written, twice) = again(text);
        assert_eq!(written, twice);
        let tree = |text: &str| tree::read(Source { name: "a.yml", text }).expect("a tree").remove(0);
        let plain = |node: &Node| format!("{:?}", without_places(node));
        assert_eq!(plain(&tree(text)), plain(&tree(&written)), "{written}");
        assert!(
            written.contains("b: \"on\"") && written.contains("e: |\n  one\n    two\n\n  three\n"),
            "{written}"
        );
        assert!(written.contains("j: \"1\"") && written.contains("i: 5m"), "{written}");
    }

    fn without_places(node: &Node) -> Node {
        match &node.value {
            Value::List(nodes) => Node::list(nodes.iter().map(without_places).collect()),
            Value::Map(entries) => {
                Node::map(entries.iter().map(|entry| (entry.key.clone(), without_places(&entry.node))))
            }
            scalar @ (Value::Nothing
            | Value::Bool(_)
            | Value::Whole(_)
            | Value::Number(_)
            | Value::Text(_)) => Node::new(scalar.clone()),
        }
    }
}
