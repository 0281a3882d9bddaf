//! A panel as Grafana has it: a source's few words, and all that goes without saying.

use serde_json::{Map, Value, json};

use super::{
    fields,
    layout::Place,
    source::{Kind, Panel},
    targets,
};

/// The plugin that shows a kind, and how large it is unless the source says so.
fn shape(kind: Kind) -> (&'static str, u32, u32) {
    match kind {
        Kind::Stat => ("stat", 4, 4),
        Kind::Timeseries => ("timeseries", 8, 8),
        Kind::Bars => ("bargauge", 8, 8),
        Kind::Table | Kind::Traces => ("table", 12, 8),
        Kind::Heatmap => ("heatmap", 12, 9),
        Kind::StateTimeline => ("state-timeline", 12, 7),
        Kind::Logs => ("logs", 12, 10),
        Kind::Trace => ("traces", 24, 12),
        Kind::Flamegraph => ("flamegraph", 24, 12),
        Kind::Nodegraph => ("nodeGraph", 12, 10),
        Kind::Gauge => ("gauge", 4, 4),
        Kind::Text => ("text", 8, 4),
    }
}

pub fn kind(panel: &Panel) -> Kind {
    panel.kind.unwrap_or_else(|| panic!("`{}` has no kind", panel.title))
}

/// Columns and lines.
pub fn size(panel: &Panel) -> (u32, u32) {
    let (_, width, height) = shape(kind(panel));
    (panel.width.unwrap_or(width), panel.height.unwrap_or(height))
}

pub fn render(panel: &Panel, id: usize, place: Place) -> Value {
    let kind = kind(panel);
    let mut made = json!({
        "id": id,
        "type": shape(kind).0,
        "title": panel.title,
        "description": description(panel),
        "gridPos": place.json(),
        "options": options(panel, kind),
        "fieldConfig": fields::render(panel, kind),
        "targets": panel.queries.iter().enumerate().map(|(at, query)| targets::render(panel, at, query)).collect::<Vec<_>>(),
    });
    if let Some(query) = panel.queries.first() {
        made["datasource"] = targets::datasource(query);
    }
    if kind == Kind::Table {
        made["transformations"] = columns(panel);
    }
    made
}

/// How to read it, and what its line means.
fn description(panel: &Panel) -> String {
    let limits = panel.limit.iter().chain(panel.queries.iter().filter_map(|query| query.limit.as_ref()));
    let unit = |limit: &super::source::Limit| {
        let own = panel
            .queries
            .iter()
            .find(|query| query.limit.as_ref().is_some_and(|one| one.alert == limit.alert));
        own.and_then(|query| query.unit.clone()).or_else(|| panel.unit.clone())
    };
    let mut said = vec![panel.how.trim().to_owned()];
    said.extend(limits.map(|limit| fields::sentence(limit, unit(limit).as_deref())));
    said.retain(|sentence| !sentence.is_empty());
    said.join(" ")
}

fn legend(is_shown: bool) -> Value {
    json!({ "displayMode": "list", "placement": "bottom", "showLegend": is_shown, "calcs": [] })
}

fn options(panel: &Panel, kind: Kind) -> Value {
    let last = json!({ "calcs": ["lastNotNull"], "fields": "", "values": false });
    let tooltip = json!({ "mode": "multi", "sort": "desc" });
    match kind {
        Kind::Stat => json!({
            "reduceOptions": last, "orientation": "auto", "justifyMode": "auto", "textMode": if panel.names { "name" } else { "auto" },
            "colorMode": if panel.limit.is_some() { "background" } else { "value" },
            "graphMode": if panel.names { "none" } else { "area" },
            "showPercentChange": false, "percentChangeColorMode": "standard", "wideLayout": true,
        }),
        Kind::Timeseries => json!({ "legend": legend(true), "tooltip": tooltip }),
        Kind::Bars => json!({
            "reduceOptions": last, "orientation": "horizontal", "displayMode": "basic", "valueMode": "text",
            "namePlacement": "left", "showUnfilled": true, "sizing": "auto", "minVizHeight": 14, "maxVizHeight": 40,
            "minVizWidth": 8, "legend": legend(false),
        }),
        Kind::Table => {
            let mut table = json!({ "showHeader": true, "cellHeight": "sm", "frameIndex": 0 });
            if let Some(sorted) = &panel.sorted {
                table["sortBy"] = json!([{ "displayName": sorted, "desc": true }]);
            }
            table
        }
        Kind::Traces => json!({ "showHeader": true, "cellHeight": "sm", "frameIndex": 0 }),
        Kind::Heatmap => json!({
            "calculate": false, "cellGap": 1, "showValue": "never", "legend": { "show": true },
            // From light to dark in one colour: what is darker is more, for everybody.
            "color": { "mode": "scheme", "scheme": "Blues", "fill": "dark-blue", "exponent": 0.5, "steps": 32,
                       "reverse": false, "scale": "exponential" },
            "exemplars": { "color": super::palette::VERMILLION }, "filterValues": { "le": 1e-9 },
            "rowsFrame": { "layout": "auto" }, "tooltip": { "mode": "single", "yHistogram": false, "showColorScale": true },
            "yAxis": { "axisPlacement": "left", "reverse": false, "unit": panel.unit.clone().unwrap_or("s".into()) },
        }),
        Kind::StateTimeline => json!({
            "legend": legend(false), "tooltip": { "mode": "single", "sort": "none" }, "rowHeight": 0.85,
            "showValue": "never", "mergeValues": true, "alignValue": "left",
        }),
        Kind::Logs => json!({
            "showTime": true, "showLabels": false, "showCommonLabels": false, "wrapLogMessage": true,
            "prettifyLogMessage": false, "enableLogDetails": true, "dedupStrategy": "none", "sortOrder": "Descending",
            "showLogContextToggle": false,
        }),
        Kind::Gauge => json!({
            "reduceOptions": last, "orientation": "auto", "showThresholdLabels": false, "showThresholdMarkers": true,
            "sizing": "auto", "minVizHeight": 75, "minVizWidth": 75,
        }),
        Kind::Text => json!({ "mode": "markdown", "content": panel.text.clone().unwrap_or_default() }),
        Kind::Nodegraph => json!({ "nodes": {}, "edges": {}, "zoomMode": "cooperative" }),
        Kind::Trace | Kind::Flamegraph => json!({}),
    }
}

/// One table of the answers to all questions: a line for each set of labels, a column for each question.
fn columns(panel: &Panel) -> Value {
    let (mut names, mut order) = (Map::new(), Map::new());
    let values = (0..panel.queries.len()).map(|at| match panel.queries.len() {
        1 => "Value".to_owned(),
        _ => format!("Value #{}", targets::letter(at)),
    });
    let titles = panel.queries.iter().map(|query| query.title.clone().unwrap_or_default());
    let all = panel.labels.iter().cloned().chain(values.zip(titles));
    let mut hidden = Map::from_iter([("Time".to_owned(), json!(true))]);
    for (at, (name, title)) in all.enumerate() {
        order.insert(name.clone(), json!(at));
        if title.is_empty() {
            hidden.insert(name, json!(true));
        } else {
            names.insert(name, json!(title));
        }
    }
    json!([
        { "id": "merge", "options": {} },
        { "id": "organize", "options": { "excludeByName": hidden, "indexByName": order, "renameByName": names } },
    ])
}
