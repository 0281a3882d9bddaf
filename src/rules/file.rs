//! A rule file: groups of recording and alerting rules, as Prometheus reads them.

use std::time::Duration;

use promql_parser::parser::Expr;

use super::{
    fields::{Fields, Reader},
    flaw::{Flaws, Place, Source},
    pace::Pace,
    promql, span,
    tree::{self, Node},
    write,
};

const GROUP: [&str; 7] =
    ["name", "interval", "query_offset", "limit", "partial_response_strategy", "labels", "rules"];
const RULE: [&str; 7] = ["alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"];

/// Names and what they are: labels, annotations.
pub type Words = Vec<(String, String)>;

/// A rule file.
#[derive(Clone, Debug)]
pub struct RuleFile {
    pub name: String,
    pub groups: Vec<Group>,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub name: String,
    pub place: Place,
    pub interval: Option<Duration>,
    pub query_offset: Option<Duration>,
    /// What else it says, as it came.
    pub others: Vec<(String, Node)>,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub kind: Kind,
    pub place: Place,
    pub expr: Expr,
    /// Where the expression begins.
    pub expr_place: Place,
    pub hold: Option<Duration>,
    pub keep_firing: Option<Duration>,
    pub labels: Words,
    pub annotations: Words,
}

/// What a rule makes, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Alert(String),
    Record(String),
}

/// An alert, as far as routes know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub name: String,
    /// Those that the rule sets; the expression brings more.
    pub labels: Words,
}

impl RuleFile {
    /// Reads a file; everything wrong with it is said at once.
    pub fn parse(name: &str, text: &str) -> Result<RuleFile, Flaws> {
        let source = Source { name, text };
        let documents = tree::read(source)?;
        let reader = Reader::new(source);
        let groups = match documents.as_slice() {
            [root] => self::groups(&reader, root),
            // Prometheus takes an empty file for one without rules.
            [] => Vec::new(),
            [_, second, ..] => {
                reader.error(
                    second.place,
                    "yaml",
                    "a rule file is one document; Prometheus reads only the first",
                );
                Vec::new()
            }
        };
        reader.flaws().or(RuleFile { name: name.to_owned(), groups })
    }

    /// The same file as it has to be at `pace`: ranges, offsets, `for` and the rest. Names stay what they are, also those
    /// that speak of a window.
    pub fn at(mut self, pace: Pace) -> RuleFile {
        for group in &mut self.groups {
            group.interval = group.interval.map(|interval| pace.interval(interval));
            group.query_offset = group.query_offset.map(|offset| pace.offset(offset));
            for rule in &mut group.rules {
                promql::at(&mut rule.expr, pace);
                rule.hold = rule.hold.map(|hold| pace.hold(hold));
                rule.keep_firing = rule.keep_firing.map(|hold| pace.hold(hold));
            }
        }
        self
    }

    /// The file as text; fails when an expression could not be written so that it means the same.
    pub fn text(&self) -> Result<String, Flaws> {
        let groups: Result<Vec<Node>, String> = self.groups.iter().map(group_node).collect();
        match groups {
            Ok(groups) => Ok(write::yaml(&Node::map([("groups", Node::list(groups))]))),
            Err(why) => {
                Err(Source { name: &self.name, text: "" }.error(Place::START, "unwritable", why).into())
            }
        }
    }

    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.groups.iter().flat_map(|group| &group.rules)
    }

    /// Its alerts; a name comes as often as there are rules for it.
    pub fn alerts(&self) -> Vec<Alert> {
        let alert = |rule: &Rule| match &rule.kind {
            Kind::Alert(name) => Some(Alert { name: name.clone(), labels: rule.labels.clone() }),
            Kind::Record(_) => None,
        };
        self.rules().filter_map(alert).collect()
    }
}

impl Kind {
    pub fn name(&self) -> &str {
        match self {
            Kind::Alert(name) | Kind::Record(name) => name,
        }
    }
}

impl Rule {
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }

    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn groups(reader: &Reader<'_>, root: &Node) -> Vec<Group> {
    let Some(fields) = reader.fields(root, "a rule file", &["groups"]) else { return Vec::new() };
    fields.required("groups");
    let groups: Vec<Group> = fields.list("groups").iter().filter_map(|node| group(reader, node)).collect();
    for (at, group) in groups.iter().enumerate() {
        if groups[..at].iter().any(|before| before.name == group.name) {
            reader.error(group.place, "twice", format!("group `{}` is there twice", group.name));
        }
    }
    groups
}

fn group(reader: &Reader<'_>, node: &Node) -> Option<Group> {
    let fields = reader.fields(node, "a group", &GROUP)?;
    let others = ["limit", "partial_response_strategy", "labels"];
    let others = others.iter().filter_map(|key| Some(((*key).to_owned(), fields.get(key)?.clone())));
    Some(Group {
        name: fields.required_text("name").unwrap_or_default(),
        place: fields.get("name").map_or(node.place, |name| name.place),
        interval: fields.span("interval"),
        query_offset: fields.span("query_offset"),
        others: others.collect(),
        rules: fields.list("rules").iter().filter_map(|node| rule(reader, node)).collect(),
    })
}

fn rule(reader: &Reader<'_>, node: &Node) -> Option<Rule> {
    let fields = reader.fields(node, "a rule", &RULE)?;
    let kind = kind(reader, &fields);
    let (expr, expr_place) = expr(reader, &fields)?;
    let kind = kind?;
    if let Kind::Record(name) = &kind {
        for key in ["for", "keep_firing_for", "annotations"] {
            if let Some(stray) = fields.get(key) {
                reader.error(stray.place, "unknown-field", format!("record `{name}` cannot have `{key}`"));
            }
        }
    }
    Some(Rule {
        kind,
        place: node.place,
        expr,
        expr_place,
        hold: fields.span("for"),
        keep_firing: fields.span("keep_firing_for"),
        labels: fields.words("labels"),
        annotations: fields.words("annotations"),
    })
}

fn kind(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>) -> Option<Kind> {
    match (fields.get("alert"), fields.get("record")) {
        (Some(_), None) => fields.required_text("alert").map(Kind::Alert),
        (None, Some(_)) => fields.required_text("record").map(Kind::Record),
        (Some(_), Some(record)) => {
            reader.error(record.place, "unknown-field", "a rule is an alert or a record, not both");
            None
        }
        (None, None) => {
            reader.error(fields.node.place, "missing-field", "a rule needs `alert` or `record`");
            None
        }
    }
}

fn expr(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>) -> Option<(Expr, Place)> {
    let text = fields.required_text("expr")?;
    let start = fields.get("expr")?.place;
    match promql::read(&text) {
        Ok(expr) => Some((expr, start)),
        Err(trouble) => {
            let place = within(reader.source.text, start, &text, trouble.at);
            reader.error(place, "promql", trouble.why);
            None
        }
    }
}

/// The place of the character number `at` of a text that stands at `start`. A block begins where its first line does; of a
/// text that was folded into one line, only the beginning is known.
pub fn within(file: &str, start: Place, text: &str, at: usize) -> Place {
    let before: String = text.chars().take(at).collect();
    let column = before.chars().rev().take_while(|one| *one != '\n').count();
    let line = |number: usize| file.lines().nth(number - 1).unwrap_or_default();
    let is_quoted =
        line(start.line).chars().nth(start.column - 1).is_some_and(|one| one == '"' || one == '\'');
    let place = Place {
        line: start.line + before.matches('\n').count(),
        column: start.column + column + usize::from(is_quoted),
    };
    if place.column <= line(place.line).chars().count() + 1 { place } else { start }
}

fn group_node(group: &Group) -> Result<Node, String> {
    let mut entries = vec![("name".to_owned(), Node::text(&group.name))];
    let spans = [("interval", group.interval), ("query_offset", group.query_offset)];
    entries.extend(spans.into_iter().filter_map(|(key, span)| Some((key.to_owned(), span_node(span?)))));
    entries.extend(group.others.iter().cloned());
    let rules: Result<Vec<Node>, String> = group.rules.iter().map(rule_node).collect();
    entries.push(("rules".to_owned(), Node::list(rules?)));
    Ok(Node::map(entries))
}

fn rule_node(rule: &Rule) -> Result<Node, String> {
    let kind = match rule.kind {
        Kind::Alert(_) => "alert",
        Kind::Record(_) => "record",
    };
    let mut expr = promql::write(&rule.expr)?;
    if expr.contains('\n') {
        expr.push('\n');
    }
    let mut entries = vec![(kind, Node::text(rule.kind.name())), ("expr", Node::text(expr))];
    entries.extend(rule.hold.map(|hold| ("for", span_node(hold))));
    entries.extend(rule.keep_firing.map(|hold| ("keep_firing_for", span_node(hold))));
    for (key, words) in [("labels", &rule.labels), ("annotations", &rule.annotations)] {
        if !words.is_empty() {
            entries.push((key, Node::map(words.iter().map(|(key, word)| (key.clone(), Node::text(word))))));
        }
    }
    Ok(Node::map(entries))
}

fn span_node(span: Duration) -> Node {
    Node::text(span::text(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"groups:
  - name: a
    interval: 30s
    limit: 5
    rules:
      - record: job:x:rate5m
        expr: sum by (job) (rate(x[5m]))
      - alert: High
        expr: |
          job:x:rate5m > 1
          and y > 2
        for: 5m
        keep_firing_for: 2m
        labels: { severity: critical, tier: 2 }
        annotations: { summary: "{{ $value }} is \"high\"" }
"#;

    fn said(text: &str) -> Vec<String> {
        let flaws = RuleFile::parse("a.yml", text).expect_err(text);
        flaws.0.iter().map(|flaw| format!("{}:{} {}", flaw.line, flaw.column, flaw.message)).collect()
    }

    #[test]
    fn a_file_at_a_pace_is_the_same_with_other_times() {
        let text = RuleFile::parse("a.yml", GOOD).expect("good").at(Pace::Talk).text().expect("text");
        let expected = "groups:
  - name: a
    interval: 2s
    limit: 5
    rules:
      - record: job:x:rate5m
        expr: sum by (job) (rate(x[30s]))
      - alert: High
        expr: job:x:rate5m > 1 and y > 2
        for: 5s
        keep_firing_for: 3s
        labels:
          severity: critical
          tier: \"2\"
        annotations:
          summary: \"{{ $value }} is \\\"high\\\"\"
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_rendered_for_production_says_the_same_as_its_source() {
        let file = RuleFile::parse("a.yml", GOOD).expect("good").at(Pace::Production);
        let again = RuleFile::parse("b.yml", &file.text().expect("text")).expect("again");
        let plain = |file: &RuleFile| {
            file.rules()
                .map(|rule| (rule.kind.clone(), rule.expr.to_string(), rule.labels.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(plain(&file), plain(&again));
        assert_eq!(file.alerts().len(), 1);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_where_it_stands() {
        let text = "groups:
  - name: a
    intervall: 30s
    rules:
      - alert: High
        exprr: up
      - alert: High
        expr: |
          sum(up)
          and sum by service (up)
        for: soon
      - record: x
        expr: \"rte(x[5m])\"
        for: 5m
      - expr: up
  - name: a
    rules: {}
";
        assert_eq!(
            said(text),
            [
                "3:5 a group has no field `intervall`, did you mean `interval`?",
                "5:9 `expr` is missing",
                "6:9 a rule has no field `exprr`, did you mean `expr`?",
                "10:22 `service` cannot stand here",
                "13:16 there is no function `rte`, did you mean `rate`?",
                "15:9 a rule needs `alert` or `record`",
                "16:11 group `a` is there twice",
                "17:12 `rules` is a list, not a map",
            ]
        );
    }
}
