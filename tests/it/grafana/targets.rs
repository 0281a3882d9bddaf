//! Questions as the data sources take them.

use serde_json::{Value, json};

use super::source::{Kind, Panel, Query};

pub const PROMETHEUS: &str = "prometheus";
pub const LOKI: &str = "loki";
pub const TEMPO: &str = "tempo";
pub const PYROSCOPE: &str = "grafana-pyroscope-datasource";
/// Processor time, as Pyroscope calls it.
pub const PROFILE_TYPE: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
/// As many traces as fit on a screen.
const TRACES: u32 = 20;
const LINES: u32 = 300;

/// The kind of data source a query asks, and the variable that says which one.
pub fn whose(query: &Query) -> (&'static str, &'static str) {
    match (&query.expr, &query.logql, &query.profile) {
        (Some(_), _, _) => (PROMETHEUS, "${prometheus}"),
        (_, Some(_), _) => (LOKI, "${loki}"),
        (_, _, Some(_)) => (PYROSCOPE, "${pyroscope}"),
        _ => (TEMPO, "${tempo}"),
    }
}

pub fn datasource(query: &Query) -> Value {
    let (plugin, uid) = whose(query);
    json!({ "type": plugin, "uid": uid })
}

/// `A`, `B`, …
pub fn letter(at: usize) -> String {
    char::from(b'A' + u8::try_from(at).expect("few queries")).to_string()
}

pub fn render(panel: &Panel, at: usize, query: &Query) -> Value {
    let mut made = json!({ "refId": letter(at), "datasource": datasource(query) });
    let rest = match query {
        Query { expr: Some(expr), .. } => prometheus(panel, query, expr),
        Query { logql: Some(logql), .. } => loki(panel, query, logql),
        Query { traceql: Some(traceql), .. } => {
            json!({ "queryType": "traceql", "query": traceql, "limit": TRACES, "tableType": "traces", "filters": [] })
        }
        Query { map: Some(map), .. } => {
            json!({ "queryType": "serviceMap", "serviceMapQuery": map, "filters": [] })
        }
        Query { profile: Some(profile), .. } => json!({
            "queryType": "profile", "profileTypeId": PROFILE_TYPE, "labelSelector": profile, "groupBy": [],
            "spanSelector": [],
        }),
        _ => panic!("`{}`: a query that asks nothing", panel.title),
    };
    if let (Value::Object(made), Value::Object(rest)) = (&mut made, rest) {
        made.extend(rest);
    }
    made
}

fn prometheus(panel: &Panel, query: &Query, expr: &str) -> Value {
    let (format, is_instant) = match panel.kind {
        Some(Kind::Table) => ("table", true),
        Some(Kind::Heatmap) => ("heatmap", false),
        Some(Kind::Bars | Kind::Gauge) => ("time_series", true),
        Some(Kind::Stat) => ("time_series", panel.names),
        _ => ("time_series", false),
    };
    json!({
        "expr": expr.trim_end(), "legendFormat": query.legend, "format": format, "instant": is_instant,
        "range": !is_instant, "exemplar": query.exemplars, "editorMode": "code",
    })
}

fn loki(panel: &Panel, query: &Query, logql: &str) -> Value {
    let when = if panel.kind == Some(Kind::Bars) { "instant" } else { "range" };
    let mut made = json!({ "expr": logql.trim_end(), "editorMode": "code", "queryType": when });
    if panel.kind == Some(Kind::Logs) {
        made["maxLines"] = json!(LINES);
    } else {
        made["legendFormat"] = json!(query.legend);
    }
    made
}
