//! Dashboards as they are written: `grafana/sources/*.yaml`. A word that is not here is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};

use crate::rules::files;

/// The dashboards, in the order in which they link to one another.
pub const DASHBOARDS: [&str; 6] = ["stage", "overview", "slo", "services", "investigate", "platform"];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    pub title: String,
    pub about: String,
    /// How far it looks back: `15m`.
    pub past: String,
    pub refresh: String,
    pub variables: Vec<String>,
    /// Variables are not shown: an address or a link sets them.
    #[serde(default)]
    pub quiet: bool,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// A line with this text above it; none for a row that speaks for itself.
    pub title: Option<String>,
    pub panels: Vec<Panel>,
}

/// A panel, or, by `use`, one of `panels.yaml` with another size.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Panel {
    #[serde(rename = "use")]
    pub shared: Option<String>,
    pub title: String,
    pub kind: Option<Kind>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// How to read it.
    pub how: String,
    pub unit: Option<String>,
    pub decimals: Option<u8>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub limit: Option<Limit>,
    /// The closed list by whose words series are coloured.
    pub colours: Option<String>,
    pub queries: Vec<Query>,
    /// Of a table: labels that are columns, and what they are called.
    pub labels: Vec<(String, String)>,
    /// Of a table: the column it is sorted by, the highest first.
    pub sorted: Option<String>,
    pub stacked: bool,
    /// Of a stat: the series' name is what is shown.
    pub names: bool,
    pub text: Option<String>,
    /// Texts in place of numbers.
    pub words: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Stat,
    Timeseries,
    Bars,
    Table,
    Heatmap,
    StateTimeline,
    Logs,
    Traces,
    Trace,
    Flamegraph,
    Nodegraph,
    Gauge,
    Text,
}

/// A question. One of `expr`, `logql`, `traceql`, `profile` and `map` is what is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    pub expr: Option<String>,
    pub logql: Option<String>,
    pub traceql: Option<String>,
    pub profile: Option<String>,
    pub map: Option<String>,
    pub legend: String,
    /// Dots that lead to traces.
    pub exemplars: bool,
    /// Why its answer stays the same while the shop is on fire.
    pub steady: Option<String>,
    /// Of a table: what its column is called, its unit and its limit.
    pub title: Option<String>,
    pub unit: Option<String>,
    pub limit: Option<Limit>,
    /// Texts in place of numbers.
    pub words: BTreeMap<String, String>,
}

/// Where good ends and bad begins, in the words of an alert.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    pub alert: String,
    /// Which of the alert's numbers, the first being 0.
    #[serde(default)]
    pub at: usize,
    /// The panel shows what is left: one minus what the alert speaks of.
    #[serde(default)]
    pub complement: bool,
    /// Of a burn-rate alert: `page` or `ticket`.
    pub severity: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    pub label: String,
    #[serde(default)]
    pub how: String,
    /// The plugin whose data sources are to be chosen from.
    pub datasource: Option<String>,
    /// As Grafana has it: `label_values(…)` or `query_result(…)`.
    pub query: Option<String>,
    pub regex: Option<String>,
    /// Several may be chosen; this is what all of them are.
    pub all: Option<String>,
    pub text: Option<String>,
    pub choices: Option<Vec<String>>,
    /// A range of production, as the chosen pace has it.
    pub range: Option<String>,
    /// The two windows of a burn-rate alert at the chosen pace: `page quick`.
    pub windows: Option<String>,
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = files::at(&format!("grafana/sources/{name}.yaml"));
    serde_saphyr::from_str(&files::read(&path)).unwrap_or_else(|error| panic!("{name}.yaml: {error}"))
}

/// The dashboard of that name; panels that are shared are in their places.
pub fn dashboard(name: &str) -> Dashboard {
    let shared: BTreeMap<String, Panel> = read("panels");
    let mut dashboard: Dashboard = read(name);
    for panel in dashboard.rows.iter_mut().flat_map(|row| &mut row.panels) {
        let Some(wanted) = &panel.shared else { continue };
        let found = shared.get(wanted).unwrap_or_else(|| panic!("{name}.yaml: there is no panel `{wanted}`"));
        *panel = Panel {
            width: panel.width.or(found.width),
            height: panel.height.or(found.height),
            shared: panel.shared.clone(),
            ..found.clone()
        };
    }
    dashboard
}

pub fn variables() -> BTreeMap<String, Variable> {
    read("variables")
}

/// The names of the panels that may be used.
pub fn shared() -> Vec<String> {
    read::<BTreeMap<String, Panel>>("panels").into_keys().collect()
}
