//! The folder where everything of the stack is kept. One lab at a time holds it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{part::Part, plan::Plan, wrong::NotStarted};
use crate::rules::pace::Pace;

/// Nobody else reads it: a configuration may hold secrets.
const OURS_ALONE: u32 = 0o700;

/// The folder, held. The kernel lets go of it with this process, however it ends.
pub struct Folder {
    path: PathBuf,
    _held: File,
}

impl Folder {
    /// Makes it where it is needed, and holds it.
    pub fn hold(path: &Path) -> Result<Folder, NotStarted> {
        let failed = |error: io::Error| NotStarted::Failed(format!("{}: {error}", path.display()));
        DirBuilder::new().recursive(true).mode(OURS_ALONE).create(path).map_err(failed)?;
        // Whole, so that a process can be told by the paths it was given, from whatever folder it is looked for.
        let path = path.canonicalize().map_err(failed)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join("lock"));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path, _held: lock }),
            Err(TryLockError::WouldBlock) => {
                let why =
                    "another lab's Prometheus and Alertmanager live there; --data-dir names another place";
                Err(NotStarted::Failed(format!("{}: {why}", path.display())))
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Writes the rule files in place of those that were there, and says where.
    pub fn rules(&self, plan: &Plan) -> Result<PathBuf, NotStarted> {
        let rules = self.path.join("rules");
        let failed = |error: io::Error| NotStarted::Failed(format!("{}: {error}", rules.display()));
        if rules.exists() {
            fs::remove_dir_all(&rules).map_err(failed)?;
        }
        fs::create_dir(&rules).map_err(failed)?;
        for (name, text) in &plan.rule_files {
            // A name from somebody's command line must not lead out of here.
            if name.is_empty() || name.starts_with('.') || name.contains('/') {
                return Err(NotStarted::Failed(format!("`{name}` is no name for a rule file")));
            }
            fs::write(rules.join(name), text).map_err(failed)?;
        }
        Ok(rules)
    }

    /// Writes a file that nobody else may read.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, NotStarted> {
        let path = self.file(name);
        let written = write_private(&path, text);
        written.map_err(|error| NotStarted::Failed(format!("{}: {error}", path.display())))?;
        Ok(path)
    }

    /// Where a file of this name is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What Prometheus has measured at `pace`: series of one name mean another window at another pace.
    pub fn measurements(&self, pace: Pace) -> PathBuf {
        self.path.join(format!("prometheus-{pace}"))
    }

    /// Silences, and who was told what.
    pub fn memory(&self) -> PathBuf {
        self.path.join("alertmanager")
    }

    /// What Alertmanager did, step by step.
    pub fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    pub fn log(&self, part: Part) -> PathBuf {
        self.path.join(format!("{part}.log"))
    }

    pub fn pid(&self, part: Part) -> PathBuf {
        self.path.join(format!("{part}.pid"))
    }

    /// What stands in the command line of every process that belongs here, and of no other.
    pub fn mark(&self, part: Part) -> String {
        format!("--config.file={}", self.path.join(format!("{part}.yml")).display())
    }
}

/// Writes a file that nobody else may read.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let open = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lab_at_a_time_holds_it() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::hold(&home.path().join("stack")).expect("free");
        let why = Folder::hold(&home.path().join("stack")).err().expect("held");
        assert!(why.to_string().contains("another lab"), "{why}");
        drop(folder);
        assert!(Folder::hold(&home.path().join("stack")).is_ok());
    }
}
