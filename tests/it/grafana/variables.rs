//! Variables of dashboards. Windows follow from the pace: what `rules render` makes of them, a hidden variable says.

use doorbuster::rules::{
    bundle,
    pace::Pace,
    span,
    windows::{Catalogue, Window},
};
use serde_json::{Value, json};

use super::source::Variable;

/// Grafana's numbers for what is done with a variable.
const HIDDEN: u8 = 2;
const ON_LOAD: u8 = 1;
/// Its numbers for the kinds of questions to Prometheus.
const LABEL_VALUES: u8 = 1;
const QUERY_RESULT: u8 = 3;

/// A variable as Grafana knows it.
pub fn render(name: &str, variable: &Variable, is_quiet: bool) -> Value {
    let mut made = json!({ "name": name, "label": variable.label, "description": variable.how, "hide": 0 });
    let rest = if let Some(plugin) = &variable.datasource {
        json!({ "type": "datasource", "query": plugin, "refresh": ON_LOAD, "regex": "", "multi": false,
                "includeAll": false })
    } else if let Some(question) = question(variable) {
        asked(&question, variable)
    } else if let Some(choices) = &variable.choices {
        let option = |text: &String| json!({ "selected": text == &choices[0], "text": text, "value": text });
        let options: Vec<Value> = choices.iter().map(option).collect();
        json!({ "type": "custom", "query": choices.join(","), "current": options[0], "options": options,
                "multi": false, "includeAll": false })
    } else {
        let text = variable.text.clone().unwrap_or_default();
        let option = json!({ "selected": true, "text": text, "value": text });
        json!({ "type": "textbox", "query": text, "current": option, "options": [option] })
    };
    merge(&mut made, rest);
    // What follows from another has no say in an address either.
    if follows(variable) {
        made["skipUrlSync"] = json!(true);
    }
    if is_quiet || follows(variable) {
        made["hide"] = json!(HIDDEN);
    }
    made
}

fn follows(variable: &Variable) -> bool {
    variable.range.is_some() || variable.windows.is_some()
}

fn merge(made: &mut Value, rest: Value) {
    if let (Value::Object(made), Value::Object(rest)) = (made, rest) {
        made.extend(rest);
    }
}

fn asked(question: &Question, variable: &Variable) -> Value {
    let kind = if question.query.starts_with("label_values") { LABEL_VALUES } else { QUERY_RESULT };
    let mut made = json!({
        "type": "query",
        "datasource": { "type": "prometheus", "uid": "${prometheus}" },
        "query": { "qryType": kind, "query": question.query, "refId": "PrometheusVariableQueryEditor-VariableQuery" },
        "regex": question.regex,
        "refresh": ON_LOAD,
        // A question's own order stays: the first answer is the one that is chosen.
        "sort": if kind == LABEL_VALUES { 1 } else { 0 },
        "multi": variable.all.is_some(),
        "includeAll": variable.all.is_some(),
    });
    if let Some(all) = &variable.all {
        made["allValue"] = json!(all);
        made["current"] = json!({ "selected": true, "text": ["All"], "value": ["$__all"] });
    }
    made
}

/// What a variable asks Prometheus, and what is taken of each answer.
pub struct Question {
    pub query: String,
    pub regex: String,
}

pub fn question(variable: &Variable) -> Option<Question> {
    let by_pace = |window: &dyn Fn(Pace) -> String| Question {
        query: format!("query_result({})", table(window)),
        regex: "/window=\"([^\"]+)\"/".to_owned(),
    };
    if let Some(range) = &variable.range {
        let range = span::read(range).expect("a range");
        return Some(by_pace(&|pace| span::text(pace.range(range))));
    }
    if let Some(which) = &variable.windows {
        return Some(by_pace(&|pace| {
            let window = window(which, pace);
            format!("{}|{}", span::text(window.short), span::text(window.long))
        }));
    }
    let regex = variable.regex.clone().unwrap_or_default();
    variable.query.clone().map(|query| Question { query, regex })
}

/// `page quick` at `pace`.
pub fn window(which: &str, pace: Pace) -> Window {
    let file = bundle::windows(pace);
    let catalogue = Catalogue::parse(file.name, file.text).expect("a catalogue");
    let (severity, speed) = which.split_once(' ').expect("severity and speed");
    let pair = match severity {
        "page" => catalogue.page,
        "ticket" => catalogue.ticket,
        other => panic!("{other} is neither page nor ticket"),
    };
    match speed {
        "quick" => pair.quick,
        "slow" => pair.slow,
        other => panic!("{other} is neither quick nor slow"),
    }
}

/// An expression that knows a table by heart: with the pace in, its one series has the label `window`. Grafana has no
/// variable that maps one word to another, and Prometheus needs no series for this.
fn table(window: &dyn Fn(Pace) -> String) -> String {
    let start = "label_replace(vector(0), \"pace\", \"$pace\", \"\", \"\")".to_owned();
    Pace::ALL.into_iter().fold(start, |inner, pace| {
        format!("label_replace({inner}, \"window\", \"{}\", \"pace\", \"{pace}\")", window(pace))
    })
}
