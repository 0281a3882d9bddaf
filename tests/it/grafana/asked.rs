//! Everything that the committed dashboards ask, each question beside what its source says of it.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use super::{
    render,
    source::{self, DASHBOARDS, Panel, Query},
};
use crate::rules::files;

/// A question of a panel.
pub struct Asked {
    pub board: &'static str,
    pub panel: Panel,
    pub source: Query,
    /// As it stands in the dashboard.
    pub target: Value,
}

impl Asked {
    /// Where it stands, for whoever has to mend it.
    pub fn place(&self) -> String {
        format!("{} / {} / {}", self.board, self.panel.title, self.target["refId"].as_str().unwrap_or("?"))
    }

    pub fn expr(&self) -> &str {
        self.target["expr"].as_str().unwrap_or_default()
    }

    pub fn is_promql(&self) -> bool {
        self.target["datasource"]["type"] == "prometheus"
    }
}

/// The dashboards as they are committed, by their names.
pub fn boards() -> Vec<(&'static str, Value)> {
    let read = |name| {
        let path = files::at(&format!("grafana/dashboards/{name}.json"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (name, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    DASHBOARDS.map(read).into()
}

/// The panels of a dashboard, without the lines between them.
pub fn panels(board: &Value) -> Vec<Value> {
    let all = board["panels"].as_array().expect("panels").iter();
    all.filter(|panel| panel["type"] != "row").cloned().collect()
}

/// Every question of every panel.
pub fn all() -> Vec<Asked> {
    let mut found = Vec::new();
    for (board, json) in boards() {
        let sources: Vec<Panel> =
            source::dashboard(board).rows.into_iter().flat_map(|row| row.panels).collect();
        let shown = panels(&json);
        assert_eq!(sources.len(), shown.len(), "{board} is not fresh: run `make dashboards`");
        for (panel, shown) in sources.into_iter().zip(shown) {
            let targets = shown["targets"].as_array().expect("targets").clone();
            assert_eq!(panel.queries.len(), targets.len(), "{board} is not fresh: run `make dashboards`");
            for (source, target) in panel.queries.iter().zip(targets) {
                found.push(Asked { board, panel: panel.clone(), source: source.clone(), target });
            }
        }
    }
    found
}

/// `text` with the values of variables in place of their names.
pub fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    // The longest first: `$window10` is not `$window` and a nought.
    let mut names: Vec<&String> = values.keys().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let mut text = text.to_owned();
    for name in names {
        for form in [format!("${{{name}}}"), format!("${{{name}:pipe}}"), format!("${name}")] {
            text = text.replace(&form, &values[name]);
        }
    }
    text
}

/// The query variables of a dashboard, in its order: name, question, regular expression, and what all of them are.
pub fn variables(board: &Value) -> Vec<Value> {
    let all = board["templating"]["list"].as_array().expect("variables").iter();
    all.filter(|variable| variable["type"] == "query").cloned().collect()
}

/// An expression of Prometheus for a question of a variable, and the label whose values are asked for, if any.
pub fn expression(question: &str) -> (String, Option<String>) {
    if let Some(inside) = question.strip_prefix("query_result(").and_then(|rest| rest.strip_suffix(')')) {
        return (inside.to_owned(), None);
    }
    let inside = question.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
    let (series, label) = inside.and_then(|inside| inside.rsplit_once(", ")).expect("a series and a label");
    (format!("group by ({label}) ({series})"), Some(label.to_owned()))
}

#[test]
fn a_name_that_begins_like_another_is_not_taken_for_it() {
    let values = BTreeMap::from([("window".into(), "30s".into()), ("window10".into(), "1m".into())]);
    assert_eq!(filled("x[$window10] y[$window] ${window:pipe}", &values), "x[1m] y[30s] 30s");
    assert_eq!(
        expression("label_values(x{a=\"b, c\"}, d)"),
        ("group by (d) (x{a=\"b, c\"})".to_owned(), Some("d".to_owned()))
    );
}

#[test]
fn every_dashboard_has_the_variables_that_it_speaks_of() {
    let spoken = regex::Regex::new(r"\$\{?([a-z][a-z0-9_]+)").expect("a pattern");
    for (name, board) in boards() {
        let list = board["templating"]["list"].as_array().expect("variables");
        let known: Vec<&str> = list.iter().filter_map(|variable| variable["name"].as_str()).collect();
        let text = board.to_string();
        for found in spoken.captures_iter(&text) {
            assert!(known.contains(&&found[1]), "{name} has no variable {}", &found[1]);
        }
        for variable in known {
            let is_used = spoken.captures_iter(&text).any(|found| &found[1] == variable);
            assert!(is_used, "{name} has no use for its variable {variable}");
        }
    }
    assert_eq!(render::uid("stage"), "doorbuster-stage");
}
