//! From what promtool and amtool print to findings. Who prints it is not known here.

use regex::Regex;

use super::files::Read;
use crate::rules::{
    file::RuleFile,
    flaw::{Flaw, Place, Severity, Source},
};

/// More than this of one file is not said.
const MOST_FINDINGS: usize = 50;
/// What we ourselves find that they refuse as well, by the name of the rule.
const OURS: [&str; 4] = ["bad-name", "unknown-field", "unknown-interval", "unknown-receiver"];

/// What promtool says against `files`, which it knows as `0.yml`, `1.yml` and so on.
pub fn promtool(text: &str, files: &[&Read]) -> Vec<Flaw> {
    let mut found = Vec::new();
    let Ok(begins) = Regex::new(r"^(\d+)\.yml: (.*)$") else { return found };
    let (mut current, mut words) = (None, String::new());
    let mut end = |file: Option<&Read>, words: &mut String| {
        if let Some(file) = file {
            found.extend(findings("promtool", file, words));
        }
        words.clear();
    };
    for line in text.lines() {
        if let Some(parts) = begins.captures(line) {
            end(current, &mut words);
            current = parts[1].parse().ok().and_then(|at: usize| files.get(at).copied());
            words.push_str(&parts[2]);
        } else if line.starts_with("  line ") || line.starts_with('\t') {
            words.push('\n');
            words.push_str(line);
        } else {
            end(current.take(), &mut words);
        }
    }
    end(current, &mut words);
    // It refuses something, in words that nobody has foreseen.
    if let (true, [file, ..]) = (found.is_empty(), files) {
        found.push(flaw("promtool", file, Place::START, text));
    }
    found
}

/// What amtool says against `file`.
pub fn amtool(text: &str, file: &Read) -> Vec<Flaw> {
    let words = text.split_once("FAILED: ").map_or(text, |(_, words)| words);
    let words: Vec<&str> =
        words.lines().take_while(|line| !line.is_empty() && !line.starts_with("amtool: ")).collect();
    findings("amtool", file, &words.join("\n"))
}

/// Whether `flaw` is in `found` in other words.
pub fn is_known(flaw: &Flaw, found: &[Flaw]) -> bool {
    let word = |one: &Flaw| one.message.split('`').nth(1).unwrap_or_default().to_owned();
    found
        .iter()
        .filter(|one| one.file == flaw.file && one.severity == Severity::Error && OURS.contains(&one.kind))
        .any(|one| {
            let mut words = flaw.message.split(|sign: char| sign.is_whitespace() || "\"'`,".contains(sign));
            words.any(|said| said.trim_end_matches(':') == word(one))
        })
}

/// One finding for each `line 3: …`, or one for all of it.
fn findings(tool: &'static str, file: &Read, words: &str) -> Vec<Flaw> {
    let Ok(line) = Regex::new(r"(?m)^\s*line (\d+): (.*)$") else { return Vec::new() };
    let lines = line.captures_iter(words).take(MOST_FINDINGS).map(|parts| {
        let place = Place { line: parts[1].parse().unwrap_or(1), column: 1 };
        flaw(tool, file, place, &parts[2])
    });
    let lines: Vec<Flaw> = lines.collect();
    if !lines.is_empty() {
        return lines;
    }
    let (place, words) = placed(words).unwrap_or_else(|| (rule(file, words).unwrap_or(Place::START), words));
    vec![flaw(tool, file, place, words)]
}

/// `4:13: what is wrong`.
fn placed(words: &str) -> Option<(Place, &str)> {
    let (line, rest) = words.split_once(':')?;
    let (column, words) = rest.split_once(": ")?;
    Some((Place { line: line.parse().ok()?, column: column.parse().ok()? }, words))
}

/// `group "g", rule 2, …`: where that rule is, in a file of rules; of objectives only the beginning is known.
fn rule(file: &Read, words: &str) -> Option<Place> {
    let parts = Regex::new(r#"group "(.*?)", rule (\d+)"#).ok()?.captures(words)?;
    let rules = RuleFile::parse(&file.name, &file.text).ok()?;
    let group = rules.groups.iter().find(|group| group.name == parts[1])?;
    let number: usize = parts[2].parse().ok()?;
    Some(group.rules.get(number.checked_sub(1)?)?.place)
}

fn flaw(tool: &'static str, file: &Read, place: Place, words: &str) -> Flaw {
    let source = Source { name: &file.name, text: &file.text };
    source.error(place, tool, format!("{tool} refuses it: {}", words.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> Read {
        Read { name: name.to_owned(), text: text.to_owned() }
    }

    fn shown(found: &[Flaw]) -> Vec<String> {
        found.iter().map(|flaw| format!("{}:{} {}", flaw.file, flaw.line, flaw.message)).collect()
    }

    #[test]
    fn each_complaint_is_a_finding_of_its_file() {
        let rules = "groups:\n- name: g\n  rules:\n  - {record: x, expr: up}\n  - {alert: A, expr: up}\n";
        let (one, other) = (file("a.yml", ""), file("b.yml", rules));
        let text = "Checking 0.yml\n\nChecking 1.yml\n  FAILED:\n1.yml: 4:3: group \"g\", rule 1, \"x\": bad\n\
                    1.yml: group \"g\", rule 2, \"A\": template: no\n  FAILED:\n0.yml: yaml: unmarshal errors:\n  \
                    line 7: cannot\n";
        assert_eq!(
            shown(&promtool(text, &[&one, &other])),
            [
                "b.yml:4 promtool refuses it: group \"g\", rule 1, \"x\": bad",
                "b.yml:5 promtool refuses it: group \"g\", rule 2, \"A\": template: no",
                "a.yml:7 promtool refuses it: cannot",
            ]
        );
        assert_eq!(shown(&promtool("oh\n", &[&one])), ["a.yml:1 promtool refuses it: oh"]);
    }

    #[test]
    fn what_amtool_says_has_its_line_where_it_names_one() {
        let file = file("am.yml", "");
        let text = "Checking '/x/am.yml'  FAILED: yaml: unmarshal errors:\n  line 3: field a not found\n  line 6: \
                    field b not found\n\namtool: error: failed to validate 1 file(s)\n";
        let found = amtool(text, &file);
        assert_eq!(
            shown(&found),
            [
                "am.yml:3 amtool refuses it: field a not found",
                "am.yml:6 amtool refuses it: field b not found"
            ]
        );
        let text =
            "Checking 'am.yml'  FAILED: undefined x\n\namtool: error: failed to validate 1 file(s)\n\n";
        assert_eq!(shown(&amtool(text, &file)), ["am.yml:1 amtool refuses it: undefined x"]);
        let source = Source { name: "am.yml", text: "" };
        let ours = source.error(Place::START, "unknown-field", "a route has no field `a`");
        assert!(is_known(&found[0], std::slice::from_ref(&ours)));
    }
}
