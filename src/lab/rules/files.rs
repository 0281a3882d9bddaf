//! Which files a person means: files, folders, and patterns that the shell has left alone.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use crate::rules::{flaw::Source, render};

/// More files than this are not meant.
const MOST_FILES: usize = 2_000;
/// Folders below folders, no deeper than this.
const MOST_LEVELS: usize = 16;

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// As it was named.
    pub name: String,
    pub text: String,
}

/// Reads what `given` means. What cannot be read is said, each with why.
pub fn read(given: &[PathBuf]) -> (Vec<Read>, Vec<String>) {
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    for path in given {
        match expand(path) {
            Ok(found) => {
                for file in found {
                    let name = file.display().to_string();
                    let is_named = file == *path;
                    match fs::read_to_string(&file) {
                        // What merely lies in the same folder, such as a test of promtool's, was not meant.
                        Ok(text) if is_named || !is_foreign(&name, &text) => files.push(Read { name, text }),
                        Ok(_) => {}
                        Err(error) => unreadable.push(format!("{name}: {error}")),
                    }
                }
            }
            Err(why) => unreadable.push(format!("{}: {why}", path.display())),
        }
    }
    // A pattern and a name may mean the same file.
    let mut known = HashSet::new();
    files.retain(|file| {
        known.insert(fs::canonicalize(&file.name).unwrap_or_else(|_| file.name.clone().into()))
    });
    (files, unreadable)
}

/// The files that all of `patterns` mean, or why one of them means none.
pub fn expand_all(patterns: &[String]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for pattern in patterns {
        let found = expand(Path::new(pattern)).map_err(|why| format!("{pattern}: {why}"))?;
        match found.iter().find(|file| !file.is_file()) {
            Some(missing) => return Err(format!("{}: no such file", missing.display())),
            None => files.extend(found),
        }
    }
    Ok(files)
}

fn is_foreign(name: &str, text: &str) -> bool {
    render::kind(Source { name, text })
        .is_err_and(|flaws| flaws.0.iter().all(|flaw| flaw.kind == render::UNKNOWN))
}

/// The files that `path` means, in the order of their names.
fn expand(path: &Path) -> Result<Vec<PathBuf>, String> {
    if path.is_dir() {
        let mut found = Vec::new();
        walk(path, 0, &mut found)?;
        found.retain(|file| is_yaml(file));
        found.sort();
        return if found.is_empty() { Err("no .yml or .yaml files in it".to_owned()) } else { Ok(found) };
    }
    let pattern = path.to_string_lossy();
    if path.exists() || !pattern.contains(['*', '?']) {
        return Ok(vec![path.to_owned()]);
    }
    let fixed: PathBuf =
        path.components().take_while(|part| !is_pattern(&part.as_os_str().to_string_lossy())).collect();
    let root = if fixed.as_os_str().is_empty() { Path::new(".") } else { &fixed };
    let mut found = Vec::new();
    walk(root, 0, &mut found)?;
    let wanted = pattern.trim_start_matches("./");
    found.retain(|file| fits(wanted, file.to_string_lossy().trim_start_matches("./")));
    found.sort();
    if found.is_empty() { Err("no file fits this pattern".to_owned()) } else { Ok(found) }
}

fn walk(folder: &Path, level: usize, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        // A link may lead in a circle; it is followed to a file, not to a folder.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && level < MOST_LEVELS {
            walk(&entry.path(), level + 1, found)?;
        } else if !is_folder {
            found.push(entry.path());
        }
        if found.len() > MOST_FILES {
            return Err(format!("more than {MOST_FILES} files"));
        }
    }
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yml" || end == "yaml")
}

fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?'])
}

/// `?` is one character and `*` any number of them, but for a slash; `**` is a slash too.
fn fits(pattern: &str, path: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return path.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    match first {
        '*' if rest.starts_with('*') => {
            let rest = rest[1..].strip_prefix('/').unwrap_or(&rest[1..]);
            path.char_indices().map(|(at, _)| at).chain([path.len()]).any(|at| fits(rest, &path[at..]))
        }
        '*' => {
            let end = path.find('/').unwrap_or(path.len());
            path.char_indices()
                .map(|(at, _)| at)
                .chain([path.len()])
                .take_while(|at| *at <= end)
                .any(|at| fits(rest, &path[at..]))
        }
        _ => path.chars().next().is_some_and(|one| {
            (one == first || first == '?' && one != '/') && fits(rest, &path[one.len_utf8()..])
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_a_shell() {
        for (pattern, path, expected) in [
            ("rules/*.yml", "rules/a.yml", true),
            ("rules/*.yml", "rules/b/a.yml", false),
            ("rules/**/*.yml", "rules/b/a.yml", true),
            ("rules/**/*.yml", "rules/a.yml", true),
            ("a?.yml", "ab.yml", true),
            ("a?.yml", "a/.yml", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }
}
