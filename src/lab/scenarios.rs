//! `doorbuster scenario check` and `schema`: what can be said of scenario files without a lab that runs.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    kernel::text_file,
    scenario::{lint, parse, schema, spec::Spec, wrong::Wrong},
};

/// Exit codes: something is wrong; could not tell.
const NO: u8 = 1;
const COULD_NOT: u8 = 2;

/// `doorbuster scenario`.
#[derive(Debug, Subcommand)]
pub enum ScenarioCommand {
    /// Read scenario files and say all that is wrong with them: exit 0 when nothing is, 1 when something is, 2 when a
    /// file cannot be read
    Check(Check),
    /// Print the JSON Schema of scenario files, for editors
    Schema,
}

/// `doorbuster scenario check`.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// Files to check
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print JSON: an array with an object for each file
    #[arg(long)]
    pub json: bool,
}

/// Does what is asked; `print` gets what belongs on standard output.
pub fn run(command: &ScenarioCommand, print: impl Fn(&str)) -> ExitCode {
    match command {
        ScenarioCommand::Check(check) => self::check(check, print),
        ScenarioCommand::Schema => {
            print(&schema::text());
            ExitCode::SUCCESS
        }
    }
}

/// What was found out about a file.
#[derive(Debug, Default, Serialize)]
struct Finding {
    file: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<Summary>,
    /// Not wrong, but probably not meant.
    advice: Vec<String>,
    wrong: Vec<Wrong>,
    /// Why it could not be read at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
}

#[derive(Debug, Serialize)]
struct Summary {
    name: String,
    phases: usize,
    faults: usize,
    expectations: usize,
}

fn check(flags: &Check, print: impl Fn(&str)) -> ExitCode {
    let findings: Vec<Finding> = flags.files.iter().map(|path| find(path)).collect();
    if flags.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&findings).unwrap_or_default()));
    } else {
        let width = findings.iter().map(|finding| finding.file.len()).max().unwrap_or(0);
        findings.iter().for_each(|finding| print(&finding.lines(width)));
    }
    if findings.iter().any(|finding| !finding.wrong.is_empty()) {
        return ExitCode::from(NO);
    }
    let is_untold = findings.iter().any(|finding| finding.unreadable.is_some());
    if is_untold { ExitCode::from(COULD_NOT) } else { ExitCode::SUCCESS }
}

fn find(path: &Path) -> Finding {
    let file = path.display().to_string();
    let finding = Finding { file: file.clone(), ..Finding::default() };
    let text = match text_file::read(path, parse::MOST_BYTES as u64) {
        Ok(text) => text,
        Err(error) => return Finding { unreadable: Some(error.to_string()), ..finding },
    };
    match parse::read(&file, &text) {
        Ok(spec) => {
            let mut advice = lint::advice(&spec);
            if path.file_stem().is_some_and(|stem| *stem != *spec.name) {
                advice.push(format!("the lab looks for `{}` in {0}.yaml", spec.name));
            }
            Finding { ok: true, scenario: Some(Summary::of(&spec)), advice, ..finding }
        }
        Err(wrong) => Finding { wrong, ..finding },
    }
}

impl Summary {
    fn of(spec: &Spec) -> Self {
        Summary {
            name: spec.name.clone(),
            phases: spec.phases.len(),
            faults: spec.phases.iter().map(|phase| phase.faults.len()).sum(),
            expectations: spec.expect.len(),
        }
    }
}

impl Finding {
    /// One line a file, and below it what is to be said of it.
    fn lines(&self, width: usize) -> String {
        let file = &self.file;
        if let Some(why) = &self.unreadable {
            return format!("unreadable  {file:width$}  {why}\n");
        }
        let Some(Summary { name, phases, faults, expectations }) = &self.scenario else {
            let wrong: String = self.wrong.iter().map(|wrong| format!("\n{wrong}")).collect();
            return format!("wrong       {file:width$}  {}\n{wrong}\n", count(self.wrong.len(), "error"));
        };
        let sizes = [count(*phases, "phase"), count(*faults, "fault"), count(*expectations, "expectation")];
        let advice: String = self.advice.iter().map(|advice| format!("            - {advice}\n")).collect();
        format!("ok          {file:width$}  {name}: {}\n{advice}", sizes.join(", "))
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
