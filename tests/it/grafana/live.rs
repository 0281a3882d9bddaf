//! Every question that dashboards ask of Prometheus, put to a real one beside a lab on Black Friday.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use doorbuster::rules::{bundle, pace::Pace};
use serde_json::{Value, json};

use super::{
    asked::{self, Asked},
    collector, foreign, palette, render,
    source::{self, Kind},
    variables::{self, Question},
};
use crate::{
    browser::post,
    servers::{lab::Plan, prometheus::Prometheus},
    waiting::until,
};

/// Half of Black Friday's crowd: a debug build and two Prometheus share the machine with other tests.
const VISITS: &str = "120";
/// The slowest window at pace `talk` that has to show something is a minute and a half, and needs two samples.
const PATIENCE: Duration = Duration::from_secs(80);
/// Scrapes and evaluations come once a second.
const NEXT: Duration = Duration::from_millis(1_500);

#[test]
fn every_panel_shows_data_that_moves_whether_scraped_or_through_a_collector() {
    let (foreign, collector) = (foreign::serve(), collector::serve());
    let endpoint = format!("http://{}/v1/metrics", collector.target());
    let lab = Plan::up()
        .env("DOORBUSTER_VISITS_PER_MINUTE", VISITS)
        .env("DOORBUSTER_SCENARIO", "normal")
        .env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &endpoint)
        .env("OTEL_METRIC_EXPORT_INTERVAL", "1000")
        .start();
    let ways = [("scraped", format!("127.0.0.1:{}", lab.port_base + 10)), ("collected", collector.target())];
    let rules = bundle::rule_files(Pace::Talk);
    let ways = ways.map(|(way, target)| (way, Prometheus::with_rules(&[target, foreign.target()], &rules)));
    let begun = Instant::now();
    for (way, prometheus) in &ways {
        let has_visits = || prometheus.ask("sum(shop_visits_total) > 0")[0].is_object();
        until(Duration::from_secs(30), &format!("visits are {way}"), has_visits);
    }
    post(lab.at(10, "/api/mode"), json!({ "mode": "blackfriday" })).send().ok();
    post(lab.at(10, "/api/scenarios/jump"), json!({ "phase": "banks" })).send().ok();
    let wrong = thread::scope(|scope| {
        let ask = |(way, prometheus)| scope.spawn(move || unanswered(way, prometheus, begun));
        let asked = ways.iter().map(|(way, prometheus)| (*way, prometheus)).map(ask).collect::<Vec<_>>();
        asked.into_iter().flat_map(|thread| thread.join().expect("an answer")).collect::<Vec<_>>()
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Every question of a panel or variable that has no answer which moves, or one that makes no sense.
fn unanswered(way: &str, prometheus: &Prometheus, begun: Instant) -> Vec<String> {
    let values: BTreeMap<&str, BTreeMap<String, String>> =
        asked::boards().into_iter().map(|(name, board)| (name, values(prometheus, &board))).collect();
    assert!(values.values().all(|known| known["pace"] == "talk"), "{values:?}");
    assert_eq!((values["stage"]["window"].as_str(), values["slo"]["page_quick"].as_str()), ("30s", "5s|30s"));

    let mut waiting: Vec<Asked> = asked::all().into_iter().filter(Asked::is_promql).collect();
    assert!(waiting.len() > 120, "{}", waiting.len());
    let mut wrong = Vec::new();
    let done = |asked: &Asked| {
        let expr = asked::filled(asked.expr(), &values[asked.board]);
        verdict(asked, &prometheus.range(&expr, begun.elapsed()))
    };
    let give_up = Instant::now() + PATIENCE;
    while !waiting.is_empty() && Instant::now() < give_up {
        waiting.retain(|asked| match done(asked) {
            Verdict::Fine => false,
            Verdict::NotYet => true,
            Verdict::Wrong(why) => {
                wrong.push(format!("{way}: {}: {why}", asked.place()));
                false
            }
        });
        let asked_at = Instant::now();
        until(Duration::from_secs(5), "the next scrape is in", || asked_at.elapsed() > NEXT);
    }
    wrong.extend(
        waiting.iter().map(|asked| format!("{way}: {}: {}", asked.place(), still(asked, &done(asked)))),
    );
    if prometheus.ask("ALERTS{alertname=\"ServiceDown\"}") != json!([]) {
        wrong.push(format!("{way}: whoever reports counts as down"));
    }
    wrong
}

fn number(answer: &Value) -> f64 {
    answer[1].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}

enum Verdict {
    Fine,
    NotYet,
    Wrong(String),
}

fn still(asked: &Asked, verdict: &Verdict) -> String {
    let steady =
        if asked.source.steady.is_some() { "shows nothing" } else { "shows nothing, or nothing that moves" };
    match verdict {
        Verdict::Wrong(why) => why.clone(),
        _ => format!("{steady}: {}", asked.expr()),
    }
}

/// What is to be said of an answer.
fn verdict(asked: &Asked, series: &[Value]) -> Verdict {
    let numbers = |one: &Value| -> Vec<f64> {
        let values = one["values"].as_array().into_iter().flatten();
        values.map(number).filter(|value| !value.is_nan()).collect()
    };
    let shown: Vec<(&Value, Vec<f64>)> = series
        .iter()
        .map(|one| (&one["metric"], numbers(one)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    let moves = |values: &[f64]| values.iter().any(|value| *value != values[0]);
    let is_still = asked.source.steady.is_none() && !shown.iter().any(|(_, values)| moves(values));
    if shown.is_empty() || is_still {
        return Verdict::NotYet;
    }
    let labels: Vec<&Value> = shown.iter().map(|(labels, _)| *labels).collect();
    match unnamed(asked, &labels).or_else(|| uncoloured(asked, &labels)) {
        Some(why) => Verdict::Wrong(why),
        None => Verdict::Fine,
    }
}

/// A legend, or a column, that speaks of a label which is not there.
fn unnamed(asked: &Asked, series: &[&Value]) -> Option<String> {
    let spoken = regex::Regex::new(r"\{\{(\w+)\}\}").expect("a pattern");
    for found in spoken.captures_iter(&asked.source.legend) {
        if let Some(without) = series.iter().find(|labels| labels[&found[1]].is_null()) {
            return Some(format!("its legend speaks of {}, which {without} has not", &found[1]));
        }
    }
    let columns = asked.panel.labels.iter().map(|(label, _)| label);
    // An alert has a country or has none.
    let is_any = |label: &&String| series.iter().all(|labels| labels[label.as_str()].is_null());
    let missing = columns.filter(|_| asked.panel.shared.as_deref() != Some("firing")).find(is_any);
    missing.map(|label| format!("it has a column for {label}, which nothing has"))
}

/// A series whose word is not among those that have a colour.
fn uncoloured(asked: &Asked, series: &[&Value]) -> Option<String> {
    let list = palette::list(asked.panel.colours.as_deref()?);
    let first = asked.source.legend.trim_start_matches('{').split('}').next().unwrap_or_default();
    if asked.panel.kind == Some(Kind::Table) || !asked.source.legend.starts_with("{{") {
        return None;
    }
    let words = series.iter().filter_map(|labels| labels[first].as_str());
    let mut strange = words.filter(|word| !list.contains(word));
    strange.next().map(|word| format!("`{word}` has no colour"))
}

/// The values of a dashboard's variables, as Grafana finds them.
fn values(prometheus: &Prometheus, board: &Value) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for variable in asked::variables(board) {
        let name = variable["name"].as_str().expect("a name").to_owned();
        let (expr, label) = asked::expression(variable["query"]["query"].as_str().expect("a question"));
        let expr = asked::filled(&expr, &values);
        let found = |prometheus: &Prometheus| -> Option<String> {
            let answer = prometheus.ask(&expr);
            let first = answer.as_array()?.first()?.clone();
            match &label {
                Some(label) => first["metric"][label].as_str().map(str::to_owned),
                None => picked(&first["metric"], variable["regex"].as_str()?),
            }
        };
        let what = format!("{name} has a value: {expr}");
        let chosen = crate::waiting::until_some(Duration::from_secs(20), &what, || {
            // The rules of the pace have to be evaluated once before they can be recognised.
            found(prometheus).filter(|value| name != "pace" || value == "talk")
        });
        let all = variable["allValue"].as_str().map(str::to_owned);
        values.insert(name, all.unwrap_or(chosen));
    }
    values
}

/// What a variable's regular expression takes of an answer, which Grafana writes as `{label="value"} number time`.
fn picked(labels: &Value, regex: &str) -> Option<String> {
    let pairs = labels.as_object()?.iter().map(|(name, value)| format!("{name}={value}"));
    let text = format!("{{{}}}", pairs.collect::<Vec<_>>().join(","));
    let regex = regex::Regex::new(regex.trim_matches('/')).expect("a pattern");
    Some(regex.captures(&text)?[1].to_owned())
}

/// The one answer to a question, as a variable takes it.
fn answered(prometheus: &Prometheus, question: &Question, instead: &[(&str, &str)]) -> Option<String> {
    let (mut expr, _) = asked::expression(&question.query);
    instead.iter().for_each(|(name, value)| expr = expr.replace(name, value));
    picked(&prometheus.ask(&expr)[0]["metric"], &question.regex)
}

#[test]
fn the_pace_is_known_by_the_rules_and_windows_follow_it() {
    let prometheus = Prometheus::scraping(&[]);
    let variables = source::variables();
    let question = |name: &str| variables::question(&variables[name]).expect("a question");
    for (days, pace) in [("0.041", "talk"), ("0.5", "stage"), ("30", "production"), ("absent", "talk")] {
        // The series of a pace's objectives, made of a number; without any, the first of the three.
        let series = if days == "absent" { "(vector(1) > 2)".to_owned() } else { format!("vector({days})") };
        let found = answered(&prometheus, &question("pace"), &[("slo:time_period:days", &series)]);
        assert_eq!(found.as_deref(), Some(pace), "{days}");
    }
    for (name, talk, stage, production) in [
        ("presence", "12s", "12s", "2m"),
        ("window", "30s", "30s", "5m"),
        ("window30", "2m", "3m", "30m"),
        ("page_quick", "5s|30s", "5s|1m", "5m|1h"),
        ("ticket_slow", "1m|12m", "6m|1h12m", "6h|3d"),
    ] {
        for (pace, window) in [("talk", talk), ("stage", stage), ("production", production)] {
            let found = answered(&prometheus, &question(name), &[("$pace", pace)]);
            assert_eq!(found.as_deref(), Some(window), "{name} at {pace}");
        }
    }
}

#[test]
fn what_is_drawn_over_every_panel_is_asked_of_what_prometheus_makes() {
    for (name, board) in asked::boards() {
        let notes = board["annotations"]["list"].as_array().expect("annotations");
        let tags: Vec<&Value> = notes.iter().map(|note| &note["target"]["tags"]).collect();
        assert_eq!(tags[..2], [&json!(["doorbuster", "phase"]), &json!(["doorbuster", "fault"])], "{name}");
        assert_eq!(notes[2]["target"]["expr"], render::ALERTS, "{name}");
    }
}

#[test]
fn an_answer_that_is_empty_still_or_nameless_is_seen() {
    let mut asked = Asked {
        board: "stage",
        panel: source::Panel { colours: Some("country".into()), ..source::Panel::default() },
        source: source::Query { legend: "{{country}}".into(), ..source::Query::default() },
        target: json!({}),
    };
    let one = |labels: Value, values: &[&str]| {
        let values: Vec<Value> = values.iter().enumerate().map(|(at, value)| json!([at, value])).collect();
        json!({ "metric": labels, "values": values })
    };
    let word = |asked: &Asked, series: &[Value]| match verdict(asked, series) {
        Verdict::Fine => "fine",
        Verdict::NotYet => "not yet",
        Verdict::Wrong(_) => "wrong",
    };
    let (brazil, still) =
        (one(json!({"country": "BR"}), &["1", "2"]), one(json!({"country": "BR"}), &["2", "2"]));
    for (series, expected) in [
        (vec![], "not yet"),
        (vec![one(json!({"country": "BR"}), &["NaN", "NaN"])], "not yet"),
        (vec![still.clone()], "not yet"),
        (vec![still.clone(), brazil.clone()], "fine"),
        (vec![one(json!({}), &["1", "2"])], "wrong"),
        (vec![one(json!({"country": "XX"}), &["1", "2"])], "wrong"),
    ] {
        assert_eq!(word(&asked, &series), expected, "{series:?}");
    }
    asked.source.steady = Some("for a reason".into());
    assert_eq!(word(&asked, &[still]), "fine");
    assert_eq!(word(&asked, &[]), "not yet");
    (asked.panel.colours, asked.source.legend) = (None, String::new());
    asked.panel.labels = vec![("city".into(), "City".into())];
    assert_eq!(word(&asked, &[brazil]), "wrong");
}
