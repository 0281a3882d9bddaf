//! The files under `alerts/` and `slo/`, as far as tests look into them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// A file of rules.
#[derive(Deserialize)]
pub struct RuleFile {
    pub groups: Vec<Group>,
}

#[derive(Deserialize)]
pub struct Group {
    pub rules: Vec<Rule>,
}

/// A recording rule or an alert.
#[derive(Clone, Deserialize)]
pub struct Rule {
    pub alert: Option<String>,
    pub record: Option<String>,
    pub expr: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// A folder or file of the package.
pub fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files below `folder` whose names end with `ending`, in order. None, where there is no such folder.
pub fn below(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(&at(folder), ending, &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every rule file there is: those that are written, and those that were made of them.
pub fn rule_files() -> Vec<PathBuf> {
    let files: Vec<PathBuf> =
        ["alerts", "slo"].iter().flat_map(|folder| below(folder, ".rules.yml")).collect();
    assert!(files.len() >= 7, "{files:?}");
    files
}

pub fn rules(path: &Path) -> Vec<Rule> {
    let file: RuleFile =
        serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.groups.into_iter().flat_map(|group| group.rules).collect()
}

/// Every alert of every file, with the file's name.
pub fn alerts() -> Vec<(String, Rule)> {
    let of = |path: PathBuf| {
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("ours").display().to_string();
        rules(&path).into_iter().filter(|rule| rule.alert.is_some()).map(move |rule| (name.clone(), rule))
    };
    rule_files().into_iter().flat_map(of).collect()
}

impl Rule {
    /// Its name, of an alert.
    pub fn name(&self) -> &str {
        self.alert.as_deref().unwrap_or_default()
    }
}
