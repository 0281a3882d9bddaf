//! A directory of the user's own beside what comes with the lab.

use std::{fs, path::Path};

use doorbuster::scenario::library::{Library, Listing};
use tempfile::TempDir;

fn file(name: &str, title: &str) -> String {
    format!(
        "name: {name}\ntitle: {title}\nstory: s\naudience: a\nphases: [{{ at: 0s, name: one }}, {{ at: 1m, name: two }}]\n"
    )
}

fn own(library: &Library) -> Vec<Listing> {
    library.list().into_iter().filter(|listing| listing.source != "bundled").collect()
}

fn only(library: &Library) -> Listing {
    let [listing] = own(library).try_into().expect("one file");
    listing
}

#[test]
fn a_file_is_offered_from_when_it_is_there_until_it_is_gone() {
    let directory = TempDir::new().expect("directory");
    let library = Library::new(Some(directory.path().to_owned()));
    assert!(library.get("normal").is_some(), "what comes with the lab is there");
    assert!(own(&library).is_empty() && !library.refresh());

    let path = directory.path().join("mine.yaml");
    fs::write(&path, file("mine", "First")).expect("written");
    assert!(library.refresh() && !library.refresh(), "one change is told once");
    let listing = only(&library);
    assert_eq!((listing.title.as_str(), listing.phases.len(), listing.error), ("First", 2, None));
    assert_eq!(listing.source, path.display().to_string());
    assert!(library.source("mine").expect("text").contains("First"));

    fs::remove_file(&path).expect("removed");
    assert!(library.refresh() && library.get("mine").is_none());
}

#[test]
fn a_file_that_was_broken_is_offered_as_it_was_before_and_says_why() {
    let directory = TempDir::new().expect("directory");
    let path = directory.path().join("mine.yaml");
    fs::write(&path, file("mine", "First")).expect("written");
    let library = Library::new(Some(directory.path().to_owned()));

    fs::write(&path, file("mine", "Second").replace("at: 1m", "at: soon")).expect("written");
    assert!(library.refresh());
    let error = only(&library).error.expect("an error");
    assert!(error.contains("mine.yaml:5") && error.contains("phases[1].at"), "{error}");
    assert_eq!(library.get("mine").expect("still there").title, "First");
    assert!(library.source("mine").expect("text").contains("First"));

    fs::write(&path, file("mine", "The third")).expect("written");
    assert!(library.refresh());
    assert_eq!(
        (library.get("mine").expect("there").title.as_str(), only(&library).error),
        ("The third", None)
    );
}

#[test]
fn what_cannot_be_offered_says_why() {
    let cases: [(&str, &str, &str); 6] = [
        (
            "normal.yaml",
            &file("normal", "Mine"),
            "`normal` is the name of a scenario that comes with the lab",
        ),
        ("mine.yaml", &file("other", "Mine"), "the scenario is called `other`"),
        ("stop.yaml", &file("stop", "Mine"), "`stop` means something else already"),
        ("mine.yml", "name: [", "mine.yml:1:"),
        ("large.yaml", &"#".repeat(300_000), "larger than 256 KiB"),
        ("empty.yaml", "", "the file is empty"),
    ];
    for (name, text, why) in cases {
        let directory = TempDir::new().expect("directory");
        fs::write(directory.path().join(name), text).expect("written");
        let library = Library::new(Some(directory.path().to_owned()));
        let listing = only(&library);
        assert!(listing.error.as_deref().is_some_and(|error| error.contains(why)), "{name}: {listing:?}");
        assert!(listing.title.is_empty());
        assert_eq!(library.get("normal").expect("bundled").title, "An ordinary evening");
    }
    let directory = TempDir::new().expect("directory");
    fs::write(directory.path().join("bytes.yaml"), [0xff, 0xfe, 0x00]).expect("written");
    let library = Library::new(Some(directory.path().to_owned()));
    assert!(only(&library).error.is_some_and(|error| error.contains("is not UTF-8")));
}

#[test]
fn a_directory_that_is_away_or_too_full_says_so_and_what_is_bundled_stays() {
    let library = Library::new(Some(Path::new("/does/not/exist").to_owned()));
    assert!(library.trouble().is_some_and(|trouble| trouble.starts_with("/does/not/exist: ")));
    assert!(library.get("normal").is_some());

    let directory = TempDir::new().expect("directory");
    for number in 0..203 {
        let name = format!("mine-{number:03}");
        fs::write(directory.path().join(format!("{name}.yaml")), file(&name, "Mine")).expect("written");
    }
    fs::create_dir(directory.path().join("folder.yaml")).expect("made");
    let library = Library::new(Some(directory.path().to_owned()));
    assert_eq!(own(&library).len(), 200);
    assert!(library.trouble().is_some_and(|trouble| trouble.contains("3 files more than the 200")));
}

#[test]
fn who_asks_for_what_is_not_there_is_told_the_nearest() {
    let library = Library::new(None);
    assert_eq!(library.unknown("nromal"), "unknown scenario `nromal`; did you mean `normal`?");
}
