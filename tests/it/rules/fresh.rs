//! What is generated is what would be generated now. `UPDATE=1` writes it anew (`make rules`).

use std::{env, fs};

use doorbuster::rules::{
    bundle::{self, File},
    flaw::Source,
    pace::Pace,
    render,
};

use super::files;

/// From the working tree, not from the binary: the sources may have changed since it was built.
fn rendered(source: &File, pace: Pace) -> String {
    let text = files::read(&files::at(source.path));
    let windows = files::read(&files::at(bundle::windows(pace).path));
    let catalogue = doorbuster::rules::windows::Catalogue::parse("windows", &windows).expect("a catalogue");
    let source = Source { name: source.path, text: &text };
    match render::render(source, pace, Some(&catalogue)) {
        Ok(text) => text.expect("a text"),
        Err(flaws) => panic!("{flaws}"),
    }
}

#[test]
fn generated_files_are_what_their_sources_say() {
    let mut stale = Vec::new();
    for pace in Pace::ALL {
        for source in bundle::SOURCES {
            let Some(path) = bundle::rendered_path(&source, pace) else { continue };
            let text = rendered(&source, pace);
            let file = files::at(&path);
            if env::var_os("UPDATE").is_some() {
                fs::write(&file, text).expect("its folder takes a file");
            } else if fs::read_to_string(&file).ok().as_deref() != Some(&text) {
                stale.push(path);
            }
        }
    }
    assert!(stale.is_empty(), "not what their sources say (run `make rules`): {}", stale.join(", "));
}

#[test]
fn every_source_is_in_the_bundle_and_nothing_lies_about_that_no_source_makes() {
    let bundled: Vec<&str> = bundle::SOURCES.iter().map(|file| file.path).collect();
    for (folder, end) in [("alerts", ".rules.yml"), ("slo/sloth", ".yaml")] {
        for path in files::below(folder, end) {
            let path = path.strip_prefix(files::at("")).expect("below the root").display().to_string();
            let is_made = path.contains("/generated/");
            assert!(is_made || bundled.contains(&path.as_str()), "{path} is not in src/rules/bundle.rs");
        }
    }
    let made: Vec<String> = Pace::ALL
        .into_iter()
        .flat_map(|pace| bundle::SOURCES.iter().filter_map(move |source| bundle::rendered_path(source, pace)))
        .collect();
    for folder in ["alerts/generated", "slo/generated"] {
        for path in files::below(folder, ".yml") {
            let path = path.strip_prefix(files::at("")).expect("below the root").display().to_string();
            assert!(made.contains(&path), "nothing makes {path}");
        }
    }
}

#[test]
fn every_pace_has_the_same_files_and_the_same_alerts() {
    let names = |pace| bundle::rule_files(pace).iter().map(|file| file.name).collect::<Vec<_>>();
    let alerts = |pace| {
        let parse = |file: &File| {
            doorbuster::rules::file::RuleFile::parse(file.name, file.text).expect("rules").alerts()
        };
        let mut all: Vec<_> =
            bundle::rule_files(pace).iter().flat_map(parse).map(|alert| alert.name).collect();
        all.sort();
        all
    };
    for pace in Pace::ALL {
        assert_eq!(names(pace), names(Pace::Production));
        assert_eq!(alerts(pace), alerts(Pace::Production));
    }
    assert!(alerts(Pace::Talk).len() >= 19 + 5);
}
