//! `doorbuster rules render`.

use std::{fs, path::Path, process::ExitCode};

use super::{
    files::{self, Read},
    flags::Render,
};
use crate::{
    kernel::outside,
    lab::token,
    rules::{
        bundle,
        flaw::Source,
        render::{self, Kind},
        routing::Routing,
        windows::Catalogue,
    },
    stack::alertmanager,
};

/// Exit codes: a file is wrong; could not tell.
const NO: u8 = 1;
const COULD_NOT: u8 = 2;
/// The file with the lab's token, beside the routes that name it: Alertmanager looks where its configuration lies.
const TOKEN_FILE: &str = "lab.token";

pub fn run(flags: &Render, print: impl Fn(&str), say: impl Fn(&str)) -> ExitCode {
    let (files, unreadable) = if flags.files.is_empty() {
        let bundled =
            bundle::SOURCES.map(|file| Read { name: file.path.to_owned(), text: file.text.to_owned() });
        (bundled.to_vec(), Vec::new())
    } else {
        files::read(&flags.files)
    };
    unreadable.iter().for_each(|why| say(&format!("doorbuster: cannot read {why}\n")));
    if files.is_empty() || !unreadable.is_empty() {
        return ExitCode::from(COULD_NOT);
    }
    if let Some(Err(why)) = flags.sink.as_deref().map(|sink| outside::base("--sink", sink)) {
        say(&format!("doorbuster: {why}\n"));
        return ExitCode::from(COULD_NOT);
    }
    let done = rendered(flags, &files).and_then(|mut done| match &flags.sink {
        Some(sink) => {
            let lost = lead_to(sink, token::given(), &mut done)?;
            // What the bundled routes lose are their own webhooks to a lab.
            for what in lost.iter().filter(|_| !flags.files.is_empty()) {
                say(&format!("doorbuster: left out of the routes: {what}\n"));
            }
            Ok(done)
        }
        None => Ok(done),
    });
    match done {
        Ok(done) => match flags.out.as_deref().and_then(|folder| overwritten(folder, &done, &files)) {
            Some(source) => {
                say(&format!(
                    "doorbuster: {source} would be overwritten by what is made of it; name another folder\n"
                ));
                ExitCode::from(COULD_NOT)
            }
            None => deliver(flags, &done, print, say),
        },
        Err(wrong) => {
            say(&wrong);
            ExitCode::from(NO)
        }
    }
}

/// The files by name, or all that is wrong with them: half a set of rules is none.
fn rendered(flags: &Render, files: &[Read]) -> Result<Vec<(String, String)>, String> {
    let (mut done, mut wrong) = (Vec::new(), String::new());
    let sources: Vec<Source<'_>> =
        files.iter().map(|file| Source { name: &file.name, text: &file.text }).collect();
    let mut catalogue: Option<Catalogue> = None;
    for source in &sources {
        if matches!(render::kind(*source), Ok(Kind::Windows)) {
            match Catalogue::parse(source.name, source.text) {
                Ok(read) => catalogue = Some(read),
                Err(flaws) => wrong.push_str(&flaws.to_string()),
            }
        }
    }
    for source in sources {
        let text = render::render(source, flags.pace, catalogue.as_ref());
        match (text, render::kind(source)) {
            (Ok(Some(text)), Ok(kind)) => done.push((render::name(&short(source.name), kind), text)),
            (Ok(_), _) => {}
            (Err(flaws), _) => wrong.push_str(&flaws.to_string()),
        }
    }
    if wrong.is_empty() { Ok(done) } else { Err(wrong) }
}

/// Makes every receiver of the routes among `done` the lab at `sink`, adds the token, and returns what was left out.
fn lead_to(
    sink: &str,
    token: Option<String>,
    done: &mut Vec<(String, String)>,
) -> Result<Vec<String>, String> {
    let mut lost = Vec::new();
    for (name, text) in done.iter_mut() {
        if !matches!(render::kind(Source { name, text }), Ok(Kind::Routes)) {
            continue;
        }
        let routing = Routing::parse(name, text).map_err(|flaws| flaws.to_string())?.into_sink(sink);
        let shown = token.as_ref().map(|_| Path::new(TOKEN_FILE));
        let body = alertmanager::configuration(&routing.text(), shown);
        let heading = text.lines().take_while(|line| line.starts_with('#'));
        *text = heading.chain(body.lines()).map(|line| format!("{line}\n")).collect();
        lost.extend(routing.left_out().iter().cloned());
    }
    done.extend(token.map(|token| (TOKEN_FILE.to_owned(), token)));
    Ok(lost)
}

/// The file's own name. Of the bundled ones two have the same: the rules of payments, and those of its objectives.
fn short(name: &str) -> String {
    let file = Path::new(name)
        .file_name()
        .map_or_else(|| name.to_owned(), |file| file.to_string_lossy().into_owned());
    if name.starts_with("slo/sloth/") { format!("slo-{file}") } else { file }
}

/// The first source that lies where something is to be written.
fn overwritten<'a>(folder: &Path, done: &[(String, String)], sources: &'a [Read]) -> Option<&'a str> {
    let targets: Vec<_> = done.iter().filter_map(|(name, _)| folder.join(name).canonicalize().ok()).collect();
    let is_target = |source: &&Read| fs::canonicalize(&source.name).is_ok_and(|path| targets.contains(&path));
    sources.iter().find(is_target).map(|source| source.name.as_str())
}

fn deliver(flags: &Render, files: &[(String, String)], print: impl Fn(&str), say: impl Fn(&str)) -> ExitCode {
    for (at, (name, text)) in files.iter().enumerate() {
        if files[..at].iter().any(|(before, _)| before == name) {
            say(&format!("doorbuster: two files would be called {name}; render them one after the other\n"));
            return ExitCode::from(COULD_NOT);
        }
        let Some(folder) = &flags.out else {
            let sign = if at > 0 { "---\n" } else { "" };
            print(&format!("{sign}{text}"));
            continue;
        };
        let path = folder.join(name);
        if let Err(error) = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)) {
            say(&format!("doorbuster: cannot write {}: {error}\n", path.display()));
            return ExitCode::from(COULD_NOT);
        }
    }
    if let Some(folder) = &flags.out {
        let number = files.len();
        let files = if number == 1 { "file" } else { "files" };
        say(&format!("{number} {files} at pace {} in {}\n", flags.pace, folder.display()));
    }
    ExitCode::SUCCESS
}
