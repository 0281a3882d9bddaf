//! Objectives in Sloth's `prometheus/v1`: what is promised, how it is measured, and whom it concerns. The windows are no
//! part of them.

use super::{
    fields::{Fields, Reader},
    file::Words,
    flaw::{Flaws, Place, Source},
    tree::{self, Node},
};

pub const VERSION: &str = "prometheus/v1";

/// What stands for the window in a query; Sloth allows blanks in the brackets.
const WINDOW: [&str; 2] = ["{{.window}}", "{{ .window }}"];

/// The objectives of a service.
#[derive(Clone, Debug)]
pub struct Spec {
    pub file: String,
    pub service: String,
    pub labels: Words,
    pub slos: Vec<Slo>,
}

#[derive(Clone, Debug)]
pub struct Slo {
    pub place: Place,
    pub name: String,
    /// In percent: over 0, under 100.
    pub objective: f64,
    pub labels: Words,
    pub sli: Sli,
    pub alert: String,
    pub alert_labels: Words,
    pub annotations: Words,
    /// Nothing when it is disabled.
    pub page: Option<Told>,
    pub ticket: Option<Told>,
}

/// How it is measured; each query has a place for the window.
#[derive(Clone, Debug)]
pub enum Sli {
    Events { error: Query, total: Query },
    Raw { error_ratio: Query },
}

#[derive(Clone, Debug)]
pub struct Query {
    pub text: String,
    pub place: Place,
}

/// What one of the two alerts has beside what both have.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub labels: Words,
    pub annotations: Words,
}

impl Query {
    /// The query over `window`.
    pub fn over(&self, window: &str) -> String {
        WINDOW.iter().fold(self.text.clone(), |text, mark| text.replace(mark, window))
    }
}

impl Slo {
    /// The share that may fail, computed as Sloth does.
    pub fn budget(&self) -> f64 {
        (100.0 - self.objective) / 100.0
    }
}

/// The specs of a file, one for each document.
pub fn parse(name: &str, text: &str) -> Result<Vec<Spec>, Flaws> {
    let source = Source { name, text };
    let documents = tree::read(source)?;
    let reader = Reader::new(source);
    let specs: Vec<Spec> = documents.iter().filter_map(|root| spec(&reader, root)).collect();
    reader.flaws().or(specs)
}

fn spec(reader: &Reader<'_>, root: &Node) -> Option<Spec> {
    let known = ["version", "service", "labels", "slo_plugins", "slos"];
    let fields = reader.fields(root, "a file of objectives", &known)?;
    if let Some(version) = fields.required_text("version").filter(|version| version != VERSION) {
        let place = fields.get("version").map_or(root.place, |node| node.place);
        reader.error(place, "wrong-value", format!("`version` is `{VERSION}`, not `{version}`"));
    }
    no_plugins(reader, &fields, "slo_plugins");
    let service = fields.required_text("service");
    fields.required("slos");
    let slos: Vec<Slo> = fields.list("slos").iter().filter_map(|node| slo(reader, node)).collect();
    for (at, slo) in slos.iter().enumerate() {
        if slos[..at].iter().any(|before| before.name == slo.name) {
            reader.error(slo.place, "twice", format!("objective `{}` is there twice", slo.name));
        }
    }
    let service = service?;
    name(reader, &fields, "service");
    Some(Spec { file: reader.source.name.to_owned(), service, labels: fields.words("labels"), slos })
}

fn slo(reader: &Reader<'_>, node: &Node) -> Option<Slo> {
    let known = ["name", "objective", "description", "labels", "plugins", "sli", "alerting"];
    let fields = reader.fields(node, "an objective", &known)?;
    no_plugins(reader, &fields, "plugins");
    name(reader, &fields, "name");
    fields.required("objective");
    let objective = fields.number("objective").filter(|percent| {
        let is_possible = *percent > 0.0 && *percent < 100.0;
        if !is_possible {
            let place = fields.get("objective").map_or(node.place, |node| node.place);
            let why = "`objective` is in percent, over 0 and under 100: nothing keeps a promise of 100 %";
            reader.error(place, "wrong-value", why);
        }
        is_possible
    });
    let sli = fields.required("sli").and_then(|node| sli(reader, node));
    let known = ["name", "labels", "annotations", "page_alert", "ticket_alert"];
    let alerting = fields.required("alerting").and_then(|node| reader.fields(node, "`alerting`", &known));
    let told = |key: &str| alerting.map_or(Some(Told::default()), |alerting| told(reader, &alerting, key));
    let (page, ticket) = (told("page_alert"), told("ticket_alert"));
    let alerting = alerting?;
    let alert = if page.is_some() || ticket.is_some() {
        alerting.required_text("name")?
    } else {
        alerting.text("name").unwrap_or_default()
    };
    Some(Slo {
        place: node.place,
        name: fields.required_text("name")?,
        objective: objective?,
        labels: fields.words("labels"),
        sli: sli?,
        alert,
        alert_labels: alerting.words("labels"),
        annotations: alerting.words("annotations"),
        page,
        ticket,
    })
}

fn sli(reader: &Reader<'_>, node: &Node) -> Option<Sli> {
    let fields = reader.fields(node, "`sli`", &["events", "raw", "plugin"])?;
    match (fields.get("events"), fields.get("raw"), fields.get("plugin")) {
        (Some(events), None, None) => {
            let events = reader.fields(events, "`events`", &["error_query", "total_query"])?;
            let (error, total) =
                (query(reader, &events, "error_query"), query(reader, &events, "total_query"));
            Some(Sli::Events { error: error?, total: total? })
        }
        (None, Some(raw), None) => {
            let raw = reader.fields(raw, "`raw`", &["error_ratio_query"])?;
            Some(Sli::Raw { error_ratio: query(reader, &raw, "error_ratio_query")? })
        }
        (None, None, Some(plugin)) => {
            reader.error(
                plugin.place,
                "unsupported",
                "plugins are programs of Sloth; only Sloth can run them",
            );
            None
        }
        _ => {
            reader.error(node.place, "missing-field", "`sli` is either `events` or `raw`");
            None
        }
    }
}

fn query(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, key: &str) -> Option<Query> {
    let text = fields.required_text(key)?;
    let place = fields.get(key)?.place;
    if !WINDOW.iter().any(|mark| text.contains(mark)) {
        reader.error(place, "missing-window", format!("`{key}` must have {} where its range is", WINDOW[0]));
        return None;
    }
    if WINDOW.iter().fold(text.clone(), |text, mark| text.replace(mark, "")).contains("{{") {
        reader.error(place, "unsupported", format!("`{key}`: {} is all that can be filled in", WINDOW[0]));
        return None;
    }
    Some(Query { text, place })
}

/// Nothing when it is disabled.
fn told(reader: &Reader<'_>, alerting: &Fields<'_, '_, '_>, key: &str) -> Option<Told> {
    let Some(node) = alerting.get(key) else { return Some(Told::default()) };
    let fields = reader.fields(node, &format!("`{key}`"), &["disable", "labels", "annotations"])?;
    let told = Told { labels: fields.words("labels"), annotations: fields.words("annotations") };
    (!fields.is_true("disable")).then_some(told)
}

/// A name becomes part of names of rules: letters, digits, and `-`, `_` and `.` between them.
fn name(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, key: &str) {
    let Some(name) = fields.required_text(key) else { return };
    let is_end = |one: char| one.is_ascii_alphanumeric();
    let is_inside = |one: char| is_end(one) || matches!(one, '-' | '_' | '.');
    if !(name.starts_with(is_end) && name.ends_with(is_end) && name.chars().all(is_inside)) {
        let place = fields.get(key).map_or(fields.node.place, |node| node.place);
        reader.error(
            place,
            "wrong-value",
            format!("`{key}` is letters, digits, and -, _ and . between them"),
        );
    }
}

fn no_plugins(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, key: &str) {
    if let Some(plugins) = fields.get(key) {
        reader.error(
            plugins.place,
            "unsupported",
            format!("`{key}` are programs of Sloth; only Sloth can run them"),
        );
    }
}
