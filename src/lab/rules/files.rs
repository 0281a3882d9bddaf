//! Which files a person means: files, folders, and patterns that the shell has left alone.

use std::{
    collections::HashSet,
    fs,
    path::{Component, Path, PathBuf},
};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::WalkDir;

use crate::{
    kernel::text_file,
    rules::{flaw::Source, render, tree::MOST_BYTES},
};

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
                    match text_file::read(&file, MOST_BYTES as u64) {
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
        for file in &found {
            text_file::regular(file).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        files.extend(found);
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
        let mut found = walk(path, MOST_LEVELS)?;
        found.retain(|file| is_yaml(file));
        return if found.is_empty() { Err("no .yml or .yaml files in it".to_owned()) } else { Ok(found) };
    }
    let pattern = path.to_string_lossy();
    if path.exists() || !is_pattern(&pattern) {
        return Ok(vec![path.to_owned()]);
    }
    let fits = matcher(&pattern)?;
    let is_fixed = |part: &Component<'_>| !is_pattern(&part.as_os_str().to_string_lossy());
    let fixed: PathBuf = path.components().take_while(is_fixed).collect();
    let root = if fixed.as_os_str().is_empty() { Path::new(".") } else { &fixed };
    let levels = match pattern.contains("**") {
        true => MOST_LEVELS,
        false => path.components().count() - fixed.components().count(),
    };
    let mut found = walk(root, levels)?;
    found.retain(|file| fits.is_match(plain(&file.to_string_lossy())));
    if found.is_empty() { Err("no file fits this pattern".to_owned()) } else { Ok(found) }
}

/// The files below `folder`, so many levels deep, in the order of their names.
fn walk(folder: &Path, levels: usize) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    // A link may lead in a circle; it is followed to a file, not to a folder.
    for entry in WalkDir::new(folder).max_depth(levels).sort_by_file_name() {
        let entry = entry.map_err(|error| error.to_string())?;
        if !entry.file_type().is_dir() {
            found.push(entry.into_path());
        }
        if found.len() > MOST_FILES {
            return Err(format!("more than {MOST_FILES} files"));
        }
    }
    found.sort();
    Ok(found)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yml" || end == "yaml")
}

fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?', '[', '{'])
}

/// As a shell reads it: `*` and `?` stop at a slash, `**` does not. Matching takes time in proportion to the path.
fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(plain(pattern)).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| format!("not a pattern: {}", error.kind()))
}

/// Without the `./` that means here.
fn plain(path: &str) -> &str {
    path.trim_start_matches("./")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn patterns_fit_as_in_a_shell() {
        for (pattern, path, expected) in [
            ("rules/*.yml", "rules/a.yml", true),
            ("rules/*.yml", "rules/b/a.yml", false),
            ("rules/**/*.yml", "rules/b/a.yml", true),
            ("rules/**/*.yml", "rules/a.yml", true),
            ("./rules/*.{yml,yaml}", "rules/a.yaml", true),
            ("a?.yml", "ab.yml", true),
            ("a?.yml", "a/.yml", false),
            ("a[bc].yml", "ac.yml", true),
        ] {
            let fits = matcher(pattern).expect("a pattern").is_match(plain(path));
            assert_eq!(fits, expected, "{pattern} {path}");
        }
        assert!(matcher("a[").expect_err("half a class").starts_with("not a pattern: "));
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_longer_than_its_path() {
        let begun = Instant::now();
        let long = format!("{}.yml", "a".repeat(250));
        let fits = matcher(&format!("{}b.yml", "a*".repeat(60))).expect("a pattern");
        for _ in 0..100 {
            assert!(!fits.is_match(&long));
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[test]
    fn files_of_a_pattern_and_of_a_folder_come_in_order_and_a_pipe_is_refused() {
        let home = tempfile::tempdir().expect("a folder");
        for name in ["b/2.yml", "b/1.yml", "a.yml", "c.txt"] {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, "groups: []\n").expect("written");
        }
        let found = |pattern: &str| {
            let all = expand(&home.path().join(pattern)).expect("some");
            let short = all.iter().map(|path| path.strip_prefix(home.path()).expect("inside").to_owned());
            short.map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("**/*.yml"), ["a.yml", "b/1.yml", "b/2.yml"]);
        assert_eq!(found("*.yml"), ["a.yml"]);
        assert_eq!(found("*/1.yml"), ["b/1.yml"]);
        assert_eq!(found("b"), ["b/1.yml", "b/2.yml"]);
        let pipe = home.path().join("pipe.yml");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
        let (files, unreadable) = read(std::slice::from_ref(&pipe));
        assert!(
            files.is_empty() && unreadable[0].ends_with("it is a pipe, not a regular file"),
            "{unreadable:?}"
        );
        let name = pipe.display().to_string();
        assert!(expand_all(&[name]).expect_err("refused").ends_with("it is a pipe, not a regular file"));
    }
}
