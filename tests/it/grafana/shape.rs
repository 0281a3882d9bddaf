//! Whether Grafana can show the dashboards: its published types, places on the grid, identities, limits.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Value, json};

use super::{asked, layout::Place, node};
use crate::rules::files;

#[test]
fn dashboards_are_of_the_types_that_grafana_has_published() {
    let boards: serde_json::Map<String, Value> =
        asked::boards().into_iter().map(|(name, board)| (name.to_owned(), board)).collect();
    let said = node::run("schema.cjs", &Value::Object(boards));
    assert_eq!(said, json!({}), "@grafana/schema does not take them");
}

#[test]
fn a_dashboard_that_grafana_does_not_know_is_caught() {
    let (_, fine) = asked::boards().remove(0);
    let spoil = |at: &str, value: Value| {
        let mut board = fine.clone();
        *board.pointer_mut(at).unwrap_or_else(|| panic!("{at}")) = value;
        board
    };
    let spoiled = [
        spoil("/panels/0/options/colorMode", json!("loud")),
        spoil("/panels/0/gridPos", json!({ "x": 0, "y": 0, "w": 2, "h": 2, "z": 1 })),
        spoil("/panels/6/fieldConfig/defaults/custom/drawStyle", json!("spray")),
        spoil("/templating/list/0/hide", json!(7)),
        spoil("/links/0/type", json!("chain")),
        spoil("/panels/6/targets/0/format", json!("prose")),
    ];
    let boards: serde_json::Map<String, Value> =
        spoiled.into_iter().enumerate().map(|(at, board)| (at.to_string(), board)).collect();
    let said = node::run("schema.cjs", &Value::Object(boards.clone()));
    for at in boards.keys() {
        assert_eq!(said[at].as_array().map(Vec::len), Some(1), "{at}: {said}");
    }
}

#[test]
fn every_dashboard_has_an_identity_and_every_alert_leads_to_one() {
    let boards = asked::boards();
    let uids: BTreeSet<&str> = boards.iter().filter_map(|(_, board)| board["uid"].as_str()).collect();
    assert_eq!(uids.len(), boards.len());
    let titles: BTreeSet<&str> = boards.iter().filter_map(|(_, board)| board["title"].as_str()).collect();
    assert_eq!(titles.len(), boards.len());
    for (file, rule) in files::alerts() {
        let address = &rule.annotations["dashboard_url"];
        let uid = address.split("/d/").nth(1).and_then(|rest| rest.split('?').next()).unwrap_or_default();
        assert!(uids.contains(uid), "{} in {file} leads to {address}", rule.name());
        let (_, board) = boards.iter().find(|(_, board)| board["uid"] == uid).expect("it is there");
        for word in address.split(['?', '&']).skip(1) {
            let name = word.strip_prefix("var-").and_then(|word| word.split('=').next()).unwrap_or(word);
            let list = board["templating"]["list"].as_array().expect("variables");
            assert!(list.iter().any(|variable| variable["name"] == name), "{address}: {uid} has no {name}");
        }
    }
}

#[test]
fn no_panel_lies_on_another_and_none_beyond_the_edge() {
    for (name, board) in asked::boards() {
        let places: Vec<Place> = board["panels"]
            .as_array()
            .expect("panels")
            .iter()
            .map(|panel| Place::of(&panel["gridPos"]))
            .collect();
        assert!(places.len() > 8, "{name}");
        for (at, place) in places.iter().enumerate() {
            assert!(place.x + place.width <= 24, "{name}: {place:?}");
            assert!(places[..at].iter().all(|other| !other.overlaps(*place)), "{name}: {place:?}");
        }
        let ids: BTreeSet<u64> = board["panels"]
            .as_array()
            .expect("panels")
            .iter()
            .filter_map(|panel| panel["id"].as_u64())
            .collect();
        assert_eq!(ids.len(), places.len(), "{name}");
    }
}

/// A line of the grid is 30 pixels and a gap of 8. Of a projector's 720, Grafana's head, its tools and the links take 40 each.
#[test]
fn the_stage_fits_one_screen() {
    let (_, stage) = asked::boards().remove(0);
    let panels = asked::panels(&stage);
    let places = panels.iter().map(|panel| Place::of(&panel["gridPos"]));
    let bottom = places.map(|place| place.y + place.height);
    assert!(bottom.max() <= Some((720 - 3 * 40) / 38));
}

#[test]
fn every_panel_says_how_to_read_it() {
    for (name, board) in asked::boards() {
        for panel in asked::panels(&board) {
            let said = panel["description"].as_str().unwrap_or_default();
            let is_text = panel["type"] == "text";
            assert!(
                is_text || said.len() > 15 && said.ends_with(['.', '?']),
                "{name} / {}: {said}",
                panel["title"]
            );
        }
    }
}

/// By the rule's own words, and not by the way the generator takes.
#[test]
fn every_limit_is_the_alert_s_own() {
    let mut exprs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, rule) in files::alerts() {
        exprs.entry(rule.name().to_owned()).or_default().push(rule.expr.clone());
    }
    let quoted = Regex::new(r"(?:Above|Below) ([0-9.]+) ?(%|s|MB)?: ([A-Za-z0-9]+)(?: \((page|ticket)\))?\.")
        .expect("a pattern");
    let mut found = 0;
    for (name, board) in asked::boards() {
        for panel in asked::panels(&board) {
            let at = format!("{name} / {}", panel["title"]);
            let drawn = drawn(&panel);
            let said = panel["description"].as_str().unwrap_or_default();
            for words in quoted.captures_iter(said) {
                let number: f64 = words[1].parse().expect("a number");
                let value = match words.get(2).map(|unit| unit.as_str()) {
                    Some("%") => number / 100.0,
                    Some("MB") => number * 1e6,
                    _ => number,
                };
                assert!(drawn.iter().any(|line| (line - value).abs() < 1e-9), "{at}: {said} but {drawn:?}");
                let rules =
                    exprs.get(&words[3]).unwrap_or_else(|| panic!("{at}: there is no alert {}", &words[3]));
                assert!(rules.iter().any(|expr| compares(expr, value)), "{at}: {value} is not in {rules:?}");
                found += 1;
            }
            assert!(drawn.is_empty() || quoted.is_match(said), "{at}: whose limits are {drawn:?}?");
        }
    }
    assert!(found > 25, "{found}");
}

/// The limits of a panel and of its columns.
fn drawn(panel: &Value) -> Vec<f64> {
    let config = &panel["fieldConfig"];
    let overrides = config["overrides"].as_array().into_iter().flatten();
    let columns = overrides.flat_map(|one| one["properties"].as_array().into_iter().flatten());
    let columns =
        columns.filter(|property| property["id"] == "thresholds").map(|property| &property["value"]);
    let all = std::iter::once(&config["defaults"]["thresholds"]).chain(columns);
    all.flat_map(|thresholds| thresholds["steps"].as_array().into_iter().flatten())
        .filter_map(|step| step["value"].as_f64())
        .collect()
}

/// Whether `expr` compares with `value`, with what is left of it, or with a multiple that it is the factor of.
fn compares(expr: &str, value: f64) -> bool {
    let number = Regex::new(r"[<>]=?\s*\(?\s*([0-9.]+(?:\s*\*\s*1000)*)").expect("a pattern");
    number.captures_iter(expr).any(|words| {
        let product: f64 =
            words[1].split('*').map(|factor| factor.trim().parse::<f64>().unwrap_or(f64::NAN)).product();
        (product - value).abs() < 1e-9 || (1.0 - product - value).abs() < 1e-9
    })
}
