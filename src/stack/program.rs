//! Finds a program on this machine and asks it which version it is.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::Command;

use super::{
    part::{Part, Version},
    wrong::NotStarted,
};

/// A program that has just been installed is read from a cold disk.
const PATIENCE: Duration = Duration::from_secs(5);
/// How to get either.
pub const HOW: &str = "`make setup-stack` installs what is missing";

/// A program that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    pub path: PathBuf,
    pub version: Version,
}

impl Program {
    /// The one that was named, or the first on the PATH, if its version is one that works.
    pub async fn find(part: Part, named: Option<&Path>) -> Result<Program, NotStarted> {
        let path = locate(part, named)?;
        let shown = path.display();
        let failed = |why: String| NotStarted::Failed(format!("{shown}: {why}"));
        let mut command = Command::new(&path);
        command.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
        let said = tokio::time::timeout(PATIENCE, command.output()).await;
        let said = said.map_err(|_| failed("it does not say which version it is".to_owned()))?;
        let said = said.map_err(|error| failed(error.to_string()))?;
        // Older ones say it on standard error.
        let text = [said.stdout, said.stderr].concat();
        let version = version(part, &String::from_utf8_lossy(&text))
            .ok_or_else(|| failed(format!("it does not say that it is {part}, and which version")))?;
        if !part.takes(version) {
            let (oldest, newest) = part.tried();
            return Err(failed(format!("{part} {version} is not supported; {oldest} to {newest} are")));
        }
        Ok(Program { path, version })
    }

    /// A word of caution about a version that was never tried.
    pub fn caution(&self, part: Part) -> Option<String> {
        let (_, newest) = part.tried();
        let generation = |version: Version| (version.major, version.minor);
        (generation(self.version) > generation(newest))
            .then(|| format!("{part} {} is newer than {newest}, the newest tried", self.version))
    }
}

/// Where the program is. Asks nobody.
pub fn locate(part: Part, named: Option<&Path>) -> Result<PathBuf, NotStarted> {
    if let Some(named) = named {
        let there = is_program(named).then(|| named.to_owned());
        let wrong = || NotStarted::Failed(format!("{}: {} is no program", part.flag(), named.display()));
        return there.ok_or_else(wrong);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut places = part.programs().iter().flat_map(|name| folders.iter().map(move |one| one.join(name)));
    places
        .find(|place| is_program(place))
        .ok_or_else(|| NotStarted::Missing(format!("{part} is not on this machine: {HOW}")))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Reads `prometheus, version 2.42.0+ds (branch: …`.
fn version(part: Part, said: &str) -> Option<Version> {
    let (_, rest) = said.split_once(&format!("{part}, version "))?;
    Version::parse(rest.split_whitespace().next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_programs_say() {
        let said =
            "prometheus, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5)\n  go version: go1.19";
        assert_eq!(version(Part::Prometheus, said), Version::parse("2.42"));
        assert_eq!(version(Part::Alertmanager, said), None, "another program");
        assert_eq!(
            version(Part::Alertmanager, "alertmanager, version 0.33.1 (branch"),
            Version::parse("0.33.1")
        );
    }

    #[test]
    fn a_program_that_was_named_and_is_none_is_named_in_the_answer() {
        let why =
            locate(Part::Prometheus, Some(Path::new("/nowhere/prometheus"))).expect_err("nothing there");
        assert_eq!(why.to_string(), "--prometheus-bin: /nowhere/prometheus is no program");
    }
}
