//! Everything that is to be said of a set of files, at once: rules and routes are looked at together, for an inhibition is
//! only as good as the labels of the alerts.

use std::collections::BTreeSet;

use super::{
    keys,
    known::Known,
    labels::Horizon,
    names, pages, ratios,
    reach::Candidate,
    routes, series,
    times::{self, Beat},
};
use crate::rules::{
    burn,
    file::RuleFile,
    flaw::{Flaw, Flaws, Severity, Source},
    pace::Pace,
    render::{self, Kind},
    routing::Routing,
    slo,
    windows::Catalogue,
};

/// What the files are held against.
#[derive(Clone, Debug)]
pub struct Measure<'a> {
    /// Which windows objectives get, when no catalogue is among the files.
    pub pace: Pace,
    pub beat: Beat,
    pub known: &'a Known,
    /// The pages the lab has, by the names of their alerts.
    pub pages: BTreeSet<&'a str>,
}

/// All that is wrong with `sources`, in their order. What is checked is each file as it is: it is not made to fit a pace
/// first, but for objectives, which are no rules before.
pub fn survey(sources: &[Source<'_>], measure: &Measure<'_>) -> Vec<Flaw> {
    let mut found = Vec::new();
    let (mut rules, mut routings) = (Vec::new(), Vec::new());
    let catalogue = catalogue(sources, &mut found);
    for source in sources {
        if let Err(Flaws(flaws)) =
            read(*source, measure, catalogue.as_ref(), &mut rules, &mut routings, &mut found)
        {
            found.extend(flaws);
        }
    }
    let files: Vec<RuleFile> = rules.iter().map(|(_, file): &(Source<'_>, RuleFile)| file.clone()).collect();
    let horizon = Horizon::new(measure.known, &files);
    // What is not known may still be there, unless somebody has said that this is all.
    let unknown = if measure.known.is_all { Severity::Error } else { Severity::Warning };
    for (source, file) in &rules {
        found.extend(times::check(*source, file, measure.beat));
        found.extend(series::check(*source, file, &horizon, unknown));
        // Of objectives it has been said by their factors, where they stand.
        if matches!(render::kind(*source), Ok(Kind::Rules)) {
            found.extend(ratios::check(*source, file, &horizon));
        }
        found.extend(names::check(*source, file));
        found.extend(pages::check(*source, file, &measure.pages));
    }
    let alerts = Candidate::all(&files, &horizon);
    for (source, routing) in &routings {
        found.extend(routes::check(*source, routing, &alerts));
    }
    let at = |flaw: &Flaw| sources.iter().position(|source| source.name == flaw.file);
    found.sort_by_key(|flaw| (at(flaw), flaw.line, flaw.column, flaw.severity));
    found.dedup();
    found
}

fn catalogue(sources: &[Source<'_>], found: &mut Vec<Flaw>) -> Option<Catalogue> {
    let given = sources.iter().find(|source| matches!(render::kind(**source), Ok(Kind::Windows)))?;
    Catalogue::parse(given.name, given.text).map_err(|Flaws(flaws)| found.extend(flaws)).ok()
}

fn read<'s>(
    source: Source<'s>,
    measure: &Measure<'_>,
    catalogue: Option<&Catalogue>,
    rules: &mut Vec<(Source<'s>, RuleFile)>,
    routings: &mut Vec<(Source<'s>, Routing)>,
    found: &mut Vec<Flaw>,
) -> Result<(), Flaws> {
    match render::kind(source)? {
        Kind::Rules => rules.push((source, RuleFile::parse(source.name, source.text)?)),
        Kind::Objectives => {
            let own = render::bundled_windows(measure.pace)?;
            let windows = catalogue.unwrap_or(&own);
            for spec in slo::parse(source.name, source.text)? {
                found.extend(burn::dead(&spec, windows).iter().map(|dead| never_fires(source, dead)));
            }
            rules.push((source, render::rules(source, Kind::Objectives, measure.pace, Some(windows))?));
        }
        Kind::Routes => {
            found.extend(keys::check(source));
            routings.push((source, Routing::parse(source.name, source.text)?));
        }
        Kind::Windows => {}
    }
    Ok(())
}

/// An alert that is dead is an error; one that has lost its quick pair still fires, only later.
fn never_fires(source: Source<'_>, dead: &burn::Dead) -> Flaw {
    let burn::Dead { slo, place, severity, speed, factor, is_all } = dead;
    let needed = 100.0 * (1.0 - 1.0 / factor);
    let rest = if *is_all { "neither can the other pair" } else { "the other pair can" };
    let why = format!(
        "objective `{slo}`: the {speed} pair of the {severity} can never fire: even when all fails the budget goes less than \
         {factor} times too fast; that takes an objective over {needed:.2} % ({rest})"
    );
    let severity = if *is_all { Severity::Error } else { Severity::Warning };
    source.flaw(*place, severity, "never-fires", why)
}
