//! What promtool and amtool say, where they are installed: what the servers themselves refuse, such as a template with a
//! slip in it, they know best. They get texts in a folder of our own; only an alertmanager.yml that is a file is asked
//! about where it is, for it names others beside it.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{io::AsyncReadExt, process::Command};

use super::{files::Read, said};
use crate::{
    kernel::{id, text_file},
    rules::{
        file::RuleFile,
        flaw::{Flaw, Source},
        pace::Pace,
        render::{self, Kind},
        routing::Routing,
        tree::MOST_BYTES,
    },
};

/// The longest that all of it may take one of them.
const PATIENCE: Duration = Duration::from_secs(20);
/// As much of an answer as is read.
const ANSWER_BYTES: u64 = 1024 * 1024;
/// Whoever can read the files here could read secrets.
const OURS_ALONE: u32 = 0o700;

/// Their findings, and what a person should know of how they were asked.
#[derive(Debug, Default)]
pub struct Asked {
    pub findings: Vec<Flaw>,
    pub notes: Vec<String>,
}

/// Asks them about `files`; what is in `found` is not said again.
pub fn ask(files: &[Read], pace: Pace, found: &[Flaw]) -> Asked {
    let mut asked = Asked::default();
    let rules: Vec<(&Read, String)> = files.iter().filter_map(|file| rules(file, pace)).collect();
    let routes: Vec<&Read> = files.iter().filter(|file| is_routes(file)).collect();
    let mut missing = Vec::new();
    if !rules.is_empty() {
        match locate("promtool") {
            Some(tool) => asked.add(promtool(&tool, &rules)),
            None => missing.push("promtool"),
        }
    }
    if !routes.is_empty() {
        match locate("amtool") {
            Some(tool) => routes.iter().for_each(|file| asked.add(amtool(&tool, file))),
            None => missing.push("amtool"),
        }
    }
    if !missing.is_empty() {
        let (names, are) = (missing.join(" and "), if missing.len() == 1 { "is" } else { "are" });
        asked
            .notes
            .push(format!("{names} {are} not installed: what only they would refuse is not said here"));
    }
    asked.findings.retain(|flaw| !said::is_known(flaw, found));
    asked
}

impl Asked {
    fn add(&mut self, answer: Result<Vec<Flaw>, String>) {
        match answer {
            Ok(findings) => self.findings.extend(findings),
            Err(why) => self.notes.push(why),
        }
    }
}

/// The rules of a file, when it is one that we can read: what we cannot has been said already.
fn rules(file: &Read, pace: Pace) -> Option<(&Read, String)> {
    let source = Source { name: &file.name, text: &file.text };
    match render::kind(source).ok()? {
        Kind::Rules => RuleFile::parse(&file.name, &file.text).ok().map(|_| (file, file.text.clone())),
        Kind::Objectives => {
            let rules = render::rules(source, Kind::Objectives, pace, None).ok()?;
            Some((file, rules.text().ok()?))
        }
        Kind::Routes | Kind::Windows => None,
    }
}

fn is_routes(file: &Read) -> bool {
    let source = Source { name: &file.name, text: &file.text };
    matches!(render::kind(source), Ok(Kind::Routes)) && Routing::parse(&file.name, &file.text).is_ok()
}

fn promtool(tool: &Path, files: &[(&Read, String)]) -> Result<Vec<Flaw>, String> {
    let folder = Folder::new()?;
    let names: Vec<String> = (0..files.len()).map(|at| format!("{at}.yml")).collect();
    for (name, (_, text)) in names.iter().zip(files) {
        folder.write(name, text)?;
    }
    let arguments = ["check", "rules", "--lint=none"].into_iter().chain(names.iter().map(String::as_str));
    let answer = run(tool, arguments, &folder.0)?;
    let files: Vec<&Read> = files.iter().map(|(file, _)| *file).collect();
    Ok(if answer.agrees { Vec::new() } else { said::promtool(&answer.text, &files) })
}

fn amtool(tool: &Path, file: &Read) -> Result<Vec<Flaw>, String> {
    let folder = Folder::new()?;
    let path = match fs::canonicalize(&file.name) {
        // A bundled file has the name of one that may lie here, and be another.
        Ok(path) if text_file::read(&path, MOST_BYTES as u64).is_ok_and(|text| text == file.text) => path,
        _ => folder.write("alertmanager.yml", &file.text)?,
    };
    let path = path.to_string_lossy().into_owned();
    let answer = run(tool, ["check-config", path.as_str()].into_iter(), &folder.0)?;
    Ok(if answer.agrees { Vec::new() } else { said::amtool(&answer.text, file) })
}

fn locate(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_program =
        |file: &PathBuf| file.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(is_program)
}

struct Answer {
    agrees: bool,
    text: String,
}

fn run<'a>(tool: &Path, arguments: impl Iterator<Item = &'a str>, folder: &Path) -> Result<Answer, String> {
    let name = tool.file_name().unwrap_or_default().to_string_lossy();
    let cannot = |error: io::Error| format!("{name} could not be asked: {error}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let mut command = Command::new(tool);
    command.args(arguments).current_dir(folder).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let answered = runtime.block_on(async {
        let answer = async {
            let mut child = command.spawn()?;
            let (mut out, mut aside) = (Vec::new(), Vec::new());
            let (told, warned) = (child.stdout.take(), child.stderr.take());
            if let (Some(told), Some(warned)) = (told, warned) {
                let (mut told, mut warned) = (told.take(ANSWER_BYTES), warned.take(ANSWER_BYTES));
                let (one, other) = tokio::join!(told.read_to_end(&mut out), warned.read_to_end(&mut aside));
                one.and(other)?;
            }
            let agrees = child.wait().await?.success();
            Ok(Answer { agrees, text: String::from_utf8_lossy(&[out, aside].concat()).into_owned() })
        };
        tokio::time::timeout(PATIENCE, answer).await
    });
    match answered {
        Ok(answer) => answer.map_err(cannot),
        Err(_) => Err(format!("{name} did not answer within {PATIENCE:?}")),
    }
}

/// A folder that goes with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Folder, String> {
        let path = std::env::temp_dir().join(format!("doorbuster-check-{}", id::fresh()));
        let made = DirBuilder::new().mode(OURS_ALONE).create(&path);
        made.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Folder(path))
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the folder for such things.
        fs::remove_dir_all(&self.0).ok();
    }
}
