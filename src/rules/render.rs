//! Any file of rules, objectives or routes, made to fit a pace. Which of them it is, its content says.

use super::{
    bundle, burn,
    file::RuleFile,
    flaw::{Flaws, Place, Source, nearest},
    pace::Pace,
    routing::Routing,
    slo,
    tree::{self, Node},
    windows::{self, Catalogue},
};

/// The flaw of a file that is nothing of this.
pub const UNKNOWN: &str = "unknown-kind";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Prometheus' recording and alerting rules.
    Rules,
    /// Sloth's `prometheus/v1`.
    Objectives,
    /// Sloth's `AlertWindows`.
    Windows,
    /// An `alertmanager.yml`.
    Routes,
}

/// What the keys of a file say it is.
const SIGNS: [(&str, Kind); 4] = [
    ("groups", Kind::Rules),
    ("slos", Kind::Objectives),
    ("route", Kind::Routes),
    ("receivers", Kind::Routes),
];

/// What `source` is.
pub fn kind(source: Source<'_>) -> Result<Kind, Flaws> {
    let documents = tree::read(source)?;
    let Some(root) = documents.first() else { return Ok(Kind::Rules) };
    let says =
        |key: &str, word: &str| root.get(key).and_then(Node::word).is_some_and(|said| said.starts_with(word));
    if says("kind", windows::KIND) {
        return Ok(Kind::Windows);
    }
    let refused = |why: String| Err(source.error(Place::START, UNKNOWN, why).into());
    if says("apiVersion", "openslo") {
        return refused(
            "this is OpenSLO, which has no windows in seconds; give the same objectives as a Sloth file"
                .into(),
        );
    }
    if says("kind", "PrometheusRule") || says("kind", "PrometheusServiceLevel") {
        return refused(
            "this is a resource of Kubernetes; give what stands under its `spec` as a file".into(),
        );
    }
    if let Some((_, kind)) = SIGNS.iter().find(|(key, _)| root.get(key).is_some()) {
        return Ok(*kind);
    }
    let keys = root.entries().iter().map(|entry| entry.key.as_str());
    let near: String = keys.map(|key| nearest(key, SIGNS.map(|(sign, _)| sign))).collect();
    refused(format!(
        "neither rules (`groups`) nor objectives (`slos`) nor routes (`route`, `receivers`){near}"
    ))
}

/// The rules that a file of rules or objectives stands for at `pace`, over the windows of `catalogue` or the pace's own.
pub fn rules(
    source: Source<'_>,
    kind: Kind,
    pace: Pace,
    catalogue: Option<&Catalogue>,
) -> Result<RuleFile, Flaws> {
    match kind {
        Kind::Rules => Ok(RuleFile::parse(source.name, source.text)?.at(pace)),
        Kind::Objectives => {
            let own;
            let catalogue = match catalogue {
                Some(catalogue) => catalogue,
                None => {
                    own = bundled_windows(pace)?;
                    &own
                }
            };
            let mut whole = RuleFile { name: source.name.to_owned(), groups: Vec::new() };
            for spec in slo::parse(source.name, source.text)? {
                whole.groups.extend(burn::render(&spec, source, catalogue)?.groups);
            }
            Ok(whole)
        }
        Kind::Windows | Kind::Routes => Ok(RuleFile { name: source.name.to_owned(), groups: Vec::new() }),
    }
}

/// The windows of `pace`.
pub fn bundled_windows(pace: Pace) -> Result<Catalogue, Flaws> {
    let file = bundle::windows(pace);
    Catalogue::parse(file.name, file.text)
}

/// The text of `source` at `pace`; nothing for a window catalogue, which goes into others.
pub fn render(
    source: Source<'_>,
    pace: Pace,
    catalogue: Option<&Catalogue>,
) -> Result<Option<String>, Flaws> {
    let kind = kind(source)?;
    let body = match kind {
        Kind::Rules | Kind::Objectives => rules(source, kind, pace, catalogue)?.text()?,
        Kind::Routes => Routing::parse(source.name, source.text)?.timed(pace).text(),
        Kind::Windows => return Ok(None),
    };
    let name = source.name;
    Ok(Some(format!(
        "# Made from {name} for pace `{pace}` by `doorbuster rules render`. Change that file, not this one.\n{body}"
    )))
}

/// What a rendered file is called: objectives become rules.
pub fn name(file: &str, kind: Kind) -> String {
    match (kind, file.rsplit_once('.')) {
        (Kind::Objectives, Some((stem, "yml" | "yaml"))) => format!("{stem}.rules.yml"),
        _ => file.to_owned(),
    }
}
