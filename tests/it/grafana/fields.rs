//! What panels say of their values: unit, colours, limits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    limits::{self, Line},
    palette,
    source::{Kind, Limit, Panel, Query},
    targets,
};

pub fn render(panel: &Panel, kind: Kind) -> Value {
    if matches!(kind, Kind::Text | Kind::Logs | Kind::Trace | Kind::Flamegraph | Kind::Nodegraph) {
        return json!({ "defaults": {}, "overrides": [] });
    }
    let line = panel.limit.as_ref().map(limits::line);
    let mut defaults = json!({ "color": colour(panel, kind), "custom": custom(panel, kind), "thresholds": thresholds(line) });
    if !panel.words.is_empty() {
        defaults["mappings"] = mappings(&panel.words);
    }
    if let Some(unit) = &panel.unit {
        defaults["unit"] = json!(unit);
    }
    for (key, value) in [("decimals", panel.decimals.map(f64::from)), ("min", panel.min), ("max", panel.max)]
    {
        if let Some(value) = value {
            defaults[key] = number(value);
        }
    }
    json!({ "defaults": defaults, "overrides": overrides(panel, kind) })
}

fn mappings(words: &BTreeMap<String, String>) -> Value {
    let options = words.iter().map(|(value, text)| (value.clone(), json!({ "text": text })));
    json!([{ "type": "value", "options": options.collect::<serde_json::Map<_, _>>() }])
}

/// A whole number without a point.
pub fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

fn colour(panel: &Panel, kind: Kind) -> Value {
    match kind {
        Kind::Stat | Kind::Gauge | Kind::Bars | Kind::StateTimeline if panel.limit.is_some() => {
            json!({ "mode": "thresholds" })
        }
        Kind::Table | Kind::Traces | Kind::StateTimeline => json!({ "mode": "thresholds" }),
        _ => json!({ "mode": "fixed", "fixedColor": palette::BLUE }),
    }
}

fn custom(panel: &Panel, kind: Kind) -> Value {
    match kind {
        Kind::Timeseries => json!({
            "drawStyle": "line", "lineWidth": 2, "lineInterpolation": "linear", "showPoints": "never",
            "fillOpacity": if panel.stacked { 40 } else { 8 }, "spanNulls": false,
            "stacking": { "mode": if panel.stacked { "normal" } else { "none" }, "group": "A" },
            "thresholdsStyle": { "mode": if panel.limit.is_some() { "dashed" } else { "off" } },
            "axisPlacement": "auto", "axisSoftMin": 0,
        }),
        Kind::Table | Kind::Traces => {
            json!({ "align": "auto", "cellOptions": { "type": "auto" }, "inspect": false, "filterable": false })
        }
        Kind::StateTimeline => json!({ "fillOpacity": 80, "lineWidth": 0 }),
        _ => json!({}),
    }
}

fn thresholds(line: Option<Line>) -> Value {
    let steps = match line {
        None => json!([{ "color": palette::BLUE, "value": null }]),
        Some(Line { value, bad_above }) => {
            let (below, above) =
                if bad_above { (palette::FINE, palette::BAD) } else { (palette::BAD, palette::FINE) };
            json!([{ "color": below, "value": null }, { "color": above, "value": number(value) }])
        }
    };
    json!({ "mode": "absolute", "steps": steps })
}

fn overrides(panel: &Panel, kind: Kind) -> Vec<Value> {
    match kind {
        Kind::Table => panel.queries.iter().filter_map(column).chain(runbook(panel)).collect(),
        // What is beyond its limit has its colour; nothing else has one there.
        Kind::Bars | Kind::Stat | Kind::Gauge if panel.limit.is_some() => Vec::new(),
        Kind::Timeseries | Kind::Bars => match &panel.colours {
            Some(list) => {
                palette::list(list).iter().enumerate().map(|(at, word)| by_word(at, word)).collect()
            }
            None => by_question(panel),
        },
        _ => Vec::new(),
    }
}

fn by_word(at: usize, word: &str) -> Value {
    let (colour, is_broken) = palette::of(at);
    let mut properties = vec![json!({ "id": "color", "value": { "mode": "fixed", "fixedColor": colour } })];
    if is_broken {
        properties.push(json!({ "id": "custom.lineStyle", "value": { "fill": "dash", "dash": [8, 6] } }));
    }
    json!({ "matcher": { "id": "byRegexp", "options": format!("/^{word}( .*)?$/") }, "properties": properties })
}

/// Each question has a colour of its own; so its answer has to be one series, or a list has to be named.
fn by_question(panel: &Panel) -> Vec<Value> {
    for query in &panel.queries {
        assert!(!query.legend.contains("{{"), "`{}`: which list are its colours of?", panel.title);
    }
    if panel.queries.len() < 2 {
        return Vec::new();
    }
    let paint = |at: usize| {
        let (colour, _) = palette::of(at);
        json!({ "matcher": { "id": "byFrameRefID", "options": targets::letter(at) },
                "properties": [{ "id": "color", "value": { "mode": "fixed", "fixedColor": colour } }] })
    };
    (0..panel.queries.len()).map(paint).collect()
}

fn column(query: &Query) -> Option<Value> {
    let title = query.title.as_ref().filter(|title| !title.is_empty())?;
    let mut properties = Vec::new();
    if let Some(unit) = &query.unit {
        properties.push(json!({ "id": "unit", "value": unit }));
        properties.push(
            json!({ "id": "decimals", "value": if unit == "s" || unit == "percentunit" { 2 } else { 1 } }),
        );
    }
    if !query.words.is_empty() {
        properties.push(json!({ "id": "mappings", "value": mappings(&query.words) }));
    }
    if let Some(limit) = &query.limit {
        properties.push(json!({ "id": "thresholds", "value": thresholds(Some(limits::line(limit))) }));
        properties.push(
            json!({ "id": "custom.cellOptions", "value": { "type": "color-background", "mode": "basic" } }),
        );
    }
    (!properties.is_empty())
        .then(|| json!({ "matcher": { "id": "byName", "options": title }, "properties": properties }))
}

/// An alert's name leads to its page.
fn runbook(panel: &Panel) -> Option<Value> {
    let (_, title) = panel.labels.iter().find(|(label, _)| label == "alertname")?;
    let link = json!({ "title": "what to do", "url": "${lab}/runbooks/${__value.raw}", "targetBlank": true });
    Some(json!({ "matcher": { "id": "byName", "options": title },
                 "properties": [{ "id": "links", "value": [link] }] }))
}

/// What a limit is, as a person would say it.
pub fn sentence(limit: &Limit, unit: Option<&str>) -> String {
    let Line { value, bad_above } = limits::line(limit);
    let side = if bad_above { "Above" } else { "Below" };
    let value = match unit {
        Some("percentunit") => format!("{} %", (value * 1e6).round() / 1e4),
        Some("s") => format!("{value} s"),
        Some("bytes" | "decbytes") => format!("{} MB", value / 1e6),
        _ => value.to_string(),
    };
    let which = limit.severity.as_ref().map(|severity| format!(" ({severity})")).unwrap_or_default();
    format!("{side} {value}: {}{which}.", limit.alert)
}
