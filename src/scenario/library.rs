//! The scenarios that can be started: those that come with the lab, and the files of a directory of the user's own. A
//! file that was changed counts as soon as it is right; until then what it said before goes on to be offered.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use serde::Serialize;
use utoipa::ToSchema;

use super::{parse, spec::Spec, yaml::MOST_BYTES};
use crate::kernel::{nearest::unknown, text_file};

/// Name and text of what comes with the lab.
pub const BUNDLED: [(&str, &str); 19] = [
    ("normal", include_str!("../../scenarios/normal.yaml")),
    ("blackfriday", include_str!("../../scenarios/blackfriday.yaml")),
    ("payment-outage-brazil", include_str!("../../scenarios/payment-outage-brazil.yaml")),
    ("pool-exhaustion", include_str!("../../scenarios/pool-exhaustion.yaml")),
    ("slow-query", include_str!("../../scenarios/slow-query.yaml")),
    ("retry-storm", include_str!("../../scenarios/retry-storm.yaml")),
    ("cpu-hotspot", include_str!("../../scenarios/cpu-hotspot.yaml")),
    ("memory-leak", include_str!("../../scenarios/memory-leak.yaml")),
    ("cache-outage", include_str!("../../scenarios/cache-outage.yaml")),
    ("inventory-brownout", include_str!("../../scenarios/inventory-brownout.yaml")),
    ("crm-down", include_str!("../../scenarios/crm-down.yaml")),
    ("payment-collapse", include_str!("../../scenarios/payment-collapse.yaml")),
    ("slow-pages", include_str!("../../scenarios/slow-pages.yaml")),
    ("dead-air", include_str!("../../scenarios/dead-air.yaml")),
    ("service-down", include_str!("../../scenarios/service-down.yaml")),
    ("slow-burn", include_str!("../../scenarios/slow-burn.yaml")),
    ("bad-release", include_str!("../../scenarios/bad-release.yaml")),
    ("broken-trace", include_str!("../../scenarios/broken-trace.yaml")),
    ("checkout-lock", include_str!("../../scenarios/checkout-lock.yaml")),
];

/// The most files of a directory that are looked at.
const MOST_FILES: usize = 200;

/// What can be started.
pub struct Library {
    bundled: Vec<Slot>,
    directory: Option<PathBuf>,
    own: Mutex<Own>,
}

/// What the directory held when it was last looked at.
#[derive(Default)]
struct Own {
    files: BTreeMap<PathBuf, Slot>,
    trouble: Option<String>,
}

/// One file: what it says, or said when it was last right.
#[derive(Clone)]
struct Slot {
    /// As the file is called.
    name: String,
    source: String,
    stamp: Option<Stamp>,
    offered: Option<(Arc<Spec>, Arc<str>)>,
    error: Option<String>,
}

/// By this one tells that a file was changed: when, and how long it is.
type Stamp = (Option<SystemTime>, u64);

/// A scenario as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Listing {
    pub name: String,
    /// Empty, like `story` and `phases`, when the file has never been right.
    pub title: String,
    pub story: String,
    /// `bundled`, or the path of the file.
    pub source: String,
    pub phases: Vec<String>,
    pub lasts_seconds: Option<f64>,
    /// Why the file as it is now cannot be started. With a title, what it said before can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Library {
    /// What comes with the lab, and what is in `directory`.
    pub fn new(directory: Option<PathBuf>) -> Self {
        let bundled = BUNDLED.iter().map(|(name, text)| {
            let source = "bundled".to_owned();
            let mut slot = Slot { name: (*name).to_owned(), source, stamp: None, offered: None, error: None };
            slot.turn(read(&format!("{name}.yaml"), name, text));
            slot
        });
        let library = Library { bundled: bundled.collect(), directory, own: Mutex::default() };
        library.refresh();
        library
    }

    /// The scenario of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Spec>> {
        self.offered(name).map(|(spec, _)| spec)
    }

    /// The text of what [`Library::get`] gives.
    pub fn source(&self, name: &str) -> Option<String> {
        self.offered(name).map(|(_, text)| text.to_string())
    }

    /// All of them: first what comes with the lab, then files by path.
    pub fn list(&self) -> Vec<Listing> {
        let own = self.own();
        self.bundled.iter().chain(own.files.values()).map(Slot::listing).collect()
    }

    /// What to say to somebody who asks for a scenario that is not there.
    pub fn unknown(&self, name: &str) -> String {
        let names: BTreeSet<String> =
            self.list().into_iter().filter(|one| !one.title.is_empty()).map(|one| one.name).collect();
        unknown("scenario", name, names.iter().map(String::as_str))
    }

    /// Whether there is a directory of the user's own.
    pub fn has_directory(&self) -> bool {
        self.directory.is_some()
    }

    /// What keeps the directory as a whole from being read.
    pub fn trouble(&self) -> Option<String> {
        self.own().trouble.clone()
    }

    /// Looks at the directory again. Whether anything is different from before.
    pub fn refresh(&self) -> bool {
        let Some(directory) = &self.directory else { return false };
        let (paths, trouble) = files(directory);
        let mut own = self.own();
        let mut is_changed = own.trouble != trouble;
        own.trouble = trouble;
        let before = own.files.len();
        own.files.retain(|path, _| paths.contains(path));
        is_changed |= own.files.len() != before;
        for path in paths {
            let stamp = fs::metadata(&path).ok().map(|data| (data.modified().ok(), data.len()));
            if own.files.get(&path).is_some_and(|slot| slot.stamp == stamp) {
                continue;
            }
            is_changed = true;
            let name = stem(&path);
            let source = path.display().to_string();
            let loaded = text_file::read(&path, MOST_BYTES as u64);
            let outcome = loaded.map_err(|error| format!("{source}: {error}")).and_then(|text| {
                if BUNDLED.iter().any(|(bundled, _)| *bundled == name) {
                    return Err(format!(
                        "{source}: `{name}` is the name of a scenario that comes with the lab"
                    ));
                }
                read(&source, &name, &text)
            });
            let slot =
                own.files.entry(path).or_insert(Slot { name, source, stamp, offered: None, error: None });
            slot.stamp = stamp;
            slot.turn(outcome);
        }
        is_changed
    }

    fn offered(&self, name: &str) -> Option<(Arc<Spec>, Arc<str>)> {
        let find = |slot: &Slot| slot.offered.clone().filter(|_| slot.name == name);
        self.bundled.iter().find_map(find).or_else(|| self.own().files.values().find_map(find))
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Offers what was read; what could not be read leaves what was offered before.
    fn turn(&mut self, outcome: Result<(Arc<Spec>, Arc<str>), String>) {
        match outcome {
            Ok(offered) => (self.offered, self.error) = (Some(offered), None),
            Err(error) => self.error = Some(error),
        }
    }

    fn listing(&self) -> Listing {
        let spec = self.offered.as_ref().map(|(spec, _)| spec);
        let phases = spec.map(|spec| spec.phases.iter().map(|phase| phase.name.clone()).collect());
        Listing {
            name: self.name.clone(),
            title: spec.map(|spec| spec.title.clone()).unwrap_or_default(),
            story: spec.map(|spec| spec.story.clone()).unwrap_or_default(),
            source: self.source.clone(),
            phases: phases.unwrap_or_default(),
            lasts_seconds: spec.and_then(|spec| spec.lasts).map(|lasts| lasts.0.as_secs_f64()),
            error: self.error.clone(),
        }
    }
}

/// The scenario in `text`, which must be called as its file is.
fn read(source: &str, name: &str, text: &str) -> Result<(Arc<Spec>, Arc<str>), String> {
    let spec = parse::read(source, text)
        .map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<String>().trim_end().to_owned())?;
    if spec.name != name {
        return Err(format!("{source}: the scenario is called `{}`: the file must be, too", spec.name));
    }
    Ok((Arc::new(spec), text.into()))
}

/// The scenarios' files of a directory, and what is to be said of it.
fn files(directory: &Path) -> (BTreeSet<PathBuf>, Option<String>) {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => return (BTreeSet::new(), Some(format!("{}: {error}", directory.display()))),
    };
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|word| word == "yaml" || word == "yml");
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    // What is no file, such as a pipe, might never end.
    let mut paths: BTreeSet<PathBuf> = paths.filter(is_yaml).filter(|path| path.is_file()).collect();
    if let Some(first) = paths.iter().nth(MOST_FILES).cloned() {
        let rest = paths.split_off(&first);
        let why =
            format!("{}: {} files more than the {MOST_FILES} that are read", directory.display(), rest.len());
        return (paths, Some(why));
    }
    (paths, None)
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
