//! `doorbuster rules check`.

use std::{path::PathBuf, process::ExitCode};

use serde::Serialize;

use super::{
    files::{self, Read},
    flags::{Check, Tools},
    series, tools,
};
use crate::{
    console::pages::PAGES,
    rules::{
        bundle,
        check::{
            known::Known,
            survey::{self, Measure},
            times::Beat,
        },
        flaw::{Flaw, Severity, Source},
        pace::Pace,
    },
};

/// Exit codes: something is wrong; could not tell.
const NO: u8 = 1;
const COULD_NOT: u8 = 2;

/// What a machine gets.
#[derive(Serialize)]
struct Report<'a> {
    files: usize,
    errors: usize,
    warnings: usize,
    findings: &'a [Flaw],
}

pub fn run(flags: &Check, print: impl Fn(&str), say: impl Fn(&str)) -> ExitCode {
    let (files, unreadable) =
        if flags.files.is_empty() { (bundled(flags), Vec::new()) } else { files::read(&flags.files) };
    unreadable.iter().for_each(|why| say(&format!("doorbuster: cannot read {why}\n")));
    let known = match &flags.metrics_from {
        Some(url) => series::from(url),
        None => Ok(series::ours()),
    };
    let known = match known {
        Ok(known) => known,
        Err(why) => {
            say(&format!("doorbuster: --metrics-from: {why}\n"));
            return ExitCode::from(COULD_NOT);
        }
    };
    if known.is_all && known.names().all(|name| known.labels(name).is_none()) {
        say("doorbuster: --metrics-from: a Prometheus lists names only: labels were not checked\n");
    }
    let mut findings = found(flags, &files, &known);
    if flags.tools == Tools::Auto {
        let asked = tools::ask(&files, flags.pace, &findings);
        asked.notes.iter().for_each(|note| say(&format!("doorbuster: {note}\n")));
        findings.extend(asked.findings);
        let at = |flaw: &Flaw| files.iter().position(|file| file.name == flaw.file);
        findings.sort_by_key(|flaw| (at(flaw), flaw.line, flaw.column));
    }
    let count = |severity| findings.iter().filter(|flaw| flaw.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if flags.json {
        let report = Report { files: files.len(), errors, warnings, findings: &findings };
        print(&format!("{}\n", serde_json::to_string_pretty(&report).unwrap_or_default()));
    } else {
        findings.iter().for_each(|flaw| print(&flaw.to_string()));
        if !files.is_empty() {
            print(&summary(files.len(), errors, warnings));
        }
    }
    if errors > 0 || flags.strict && warnings > 0 {
        return ExitCode::from(NO);
    }
    if unreadable.is_empty() && !files.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(COULD_NOT) }
}

/// What is wrong with `paths` for any server, without asking one: errors only.
pub fn errors(paths: &[PathBuf]) -> Vec<Flaw> {
    let flags = Check {
        files: paths.to_vec(),
        pace: Pace::Production,
        scrape_interval: None,
        evaluation_interval: None,
        metrics_from: None,
        tools: Tools::Off,
        strict: false,
        json: false,
    };
    let (files, _) = files::read(paths);
    let mut found = found(&flags, &files, &series::ours());
    found.retain(|flaw| flaw.severity == Severity::Error);
    found
}

/// The files of a pace as Prometheus and Alertmanager get them, and the objectives they were made of.
fn bundled(flags: &Check) -> Vec<Read> {
    let objectives = bundle::SOURCES.into_iter().filter(|file| file.path.starts_with("slo/"));
    let alerts = bundle::rule_files(flags.pace).into_iter().filter(|file| file.path.starts_with("alerts/"));
    let files = alerts.chain(objectives).chain([bundle::routes(flags.pace)]);
    files.map(|file| Read { name: file.path.to_owned(), text: file.text.to_owned() }).collect()
}

fn found(flags: &Check, files: &[Read], known: &Known) -> Vec<Flaw> {
    let sources: Vec<Source<'_>> =
        files.iter().map(|file| Source { name: &file.name, text: &file.text }).collect();
    let measure = Measure {
        pace: flags.pace,
        beat: Beat {
            scrape: flags.scrape_interval.unwrap_or(flags.pace.scrape()),
            evaluation: flags.evaluation_interval.unwrap_or(flags.pace.evaluation()),
        },
        known,
        pages: PAGES.iter().map(|(name, _)| *name).collect(),
    };
    survey::survey(&sources, &measure)
}

fn summary(files: usize, errors: usize, warnings: usize) -> String {
    let count =
        |number, what: &str| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
    let files = count(files, "file");
    match (errors, warnings) {
        (0, 0) => format!("{files}: nothing is wrong\n"),
        _ => format!("{files}: {}, {}\n", count(errors, "error"), count(warnings, "warning")),
    }
}
