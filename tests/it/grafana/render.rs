//! A dashboard as Grafana imports it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    layout::{COLUMNS, Grid},
    palette, panel,
    source::{self, DASHBOARDS, Dashboard, Variable},
    variables,
};

/// What Grafana 11 writes; later ones bring it up to date when they read it.
const SCHEMA: u32 = 39;
/// All of ours have it, and links among them go by it.
const TAG: &str = "doorbuster";

pub fn uid(name: &str) -> String {
    format!("doorbuster-{name}")
}

/// Of `grafana/sources/NAME.yaml`.
pub fn dashboard(name: &str) -> Value {
    let source = source::dashboard(name);
    json!({
        "uid": uid(name),
        "title": source.title,
        "description": source.about.trim(),
        "tags": [TAG],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": source.refresh,
        "time": { "from": format!("now-{}", source.past), "to": "now" },
        "timepicker": { "refresh_intervals": ["1s", "5s", "10s", "30s", "1m", "5m"] },
        "annotations": { "list": annotations() },
        "links": links(),
        "templating": { "list": templating(&source, &source::variables()) },
        "panels": panels(&source),
    })
}

/// As text, the way it is committed.
pub fn text(name: &str) -> String {
    let mut text = serde_json::to_string_pretty(&dashboard(name)).expect("JSON");
    text.push('\n');
    text
}

fn panels(source: &Dashboard) -> Vec<Value> {
    let (mut grid, mut made) = (Grid::default(), Vec::new());
    for row in &source.rows {
        grid.break_line();
        if let Some(title) = &row.title {
            let place = grid.take(COLUMNS, 1).json();
            let id = made.len() + 1;
            made.push(json!({ "id": id, "type": "row", "title": title, "gridPos": place, "collapsed": false, "panels": [] }));
            grid.break_line();
        }
        for panel in &row.panels {
            let (width, height) = panel::size(panel);
            made.push(panel::render(panel, made.len() + 1, grid.take(width, height)));
        }
    }
    made
}

fn templating(source: &Dashboard, known: &BTreeMap<String, Variable>) -> Vec<Value> {
    let variable = |name: &String| {
        let variable = known.get(name).unwrap_or_else(|| panic!("there is no variable `{name}`"));
        variables::render(name, variable, source.quiet)
    };
    source.variables.iter().map(variable).collect()
}

fn links() -> Vec<Value> {
    let link = |title: &str, url: &str, keeps: bool| {
        json!({ "type": "link", "title": title, "url": url, "icon": if keeps { "dashboard" } else { "external link" }, "tooltip": "",
                "tags": [], "asDropdown": false, "includeVars": keeps, "keepTime": keeps, "targetBlank": !keeps })
    };
    let boards =
        DASHBOARDS.map(|name| link(&source::dashboard(name).title, &format!("/d/{}", uid(name)), true));
    boards.into_iter().chain([link("Lab", "${lab}", false)]).collect()
}

/// What happened, from Grafana's own notes: phases of the scenario, and faults when the presenter lets them be seen; and
/// which alerts fired.
fn annotations() -> Vec<Value> {
    let tagged = |name: &str, tag: &str, colour: &str| {
        json!({
            "name": name, "enable": true, "hide": false, "iconColor": colour,
            "datasource": { "type": "grafana", "uid": "-- Grafana --" },
            "target": { "type": "tags", "tags": [TAG, tag], "matchAny": false, "limit": 100 },
        })
    };
    let alerts = json!({
        "name": "Alerts", "enable": true, "hide": false, "iconColor": palette::ORANGE,
        "datasource": { "type": "prometheus", "uid": "${prometheus}" },
        "target": { "refId": "Anno", "expr": ALERTS, "interval": "5s" },
        "titleFormat": "{{alertname}}", "textFormat": "{{service_name}} {{country}} {{server_address}}",
        "tagKeys": "severity,team",
    });
    vec![tagged("Phases", "phase", palette::BLUE), tagged("Faults", "fault", palette::VERMILLION), alerts]
}

pub const ALERTS: &str = "ALERTS{alertstate=\"firing\",alertname!=\"Watchdog\"}";
