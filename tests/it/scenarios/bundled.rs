//! The scenarios that come with the lab, and the schema that an editor knows them by. `UPDATE=1` writes the schema anew.

use std::{collections::BTreeSet, fs, path::PathBuf};

use doorbuster::scenario::{library, parse, schema};
use serde_json::Value;

const FIRST_LINE: &str = "# yaml-language-server: $schema=scenario.schema.json\n";

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Name and text of each file.
fn files() -> Vec<(String, String)> {
    let paths = fs::read_dir(directory()).expect("scenarios").map(|entry| entry.expect("entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("text"))
        })
        .collect()
}

/// What keeps a file from being valid by the schema.
fn flaws(text: &str) -> Option<String> {
    let mut compiler = boon::Compiler::new();
    let mut schemas = boon::Schemas::new();
    compiler.add_resource("scenario.schema.json", schema::schema()).expect("JSON");
    let index = compiler.compile("scenario.schema.json", &mut schemas).expect("a schema by draft 2020-12");
    schemas.validate(&tree(text), index).err().map(|error| error.to_string())
}

fn tree(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("YAML")
}

#[test]
fn every_file_can_be_read_and_is_called_as_its_scenario() {
    for (name, text) in files() {
        assert!(text.starts_with(FIRST_LINE), "{name}: an editor finds its schema by the first line");
        match parse::read(&format!("{name}.yaml"), &text) {
            Ok(spec) => assert_eq!(spec.name, name),
            Err(wrong) => panic!("{}", wrong.iter().map(ToString::to_string).collect::<String>()),
        }
    }
}

#[test]
fn every_file_comes_with_the_lab() {
    let here: BTreeSet<String> = files().into_iter().map(|(name, _)| name).collect();
    let listed: BTreeSet<String> = library::BUNDLED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(here, listed);
    let library = library::Library::new(None);
    for listing in library.list() {
        assert_eq!((listing.error, listing.source.as_str()), (None, "bundled"), "{}", listing.name);
    }
}

#[test]
fn the_schema_is_that_of_the_types() {
    let path = directory().join("scenario.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, schema::text()).expect("written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == schema::text(),
        "scenarios/scenario.schema.json is stale: run this test with UPDATE=1"
    );
}

#[test]
fn every_file_is_valid_by_the_schema() {
    for (name, text) in files() {
        assert_eq!(flaws(&text), None, "{name}");
    }
}

#[test]
fn what_the_reader_refuses_the_schema_mostly_refuses_too() {
    let (_, good) = files().into_iter().find(|(name, _)| name == "payment-outage-brazil").expect("the file");
    assert_eq!(flaws(&good), None);
    for (old, new) in [
        ("title:", "titel:"),
        ("title: Cards fail in Brazil", "title: 42"),
        ("at: 60s", "at: 60"),
        ("at: 60s", "at: soon"),
        ("name: outage", "name: An Outage"),
        ("service: payment-provider", "service: payment-providr"),
        ("service: payment-provider", "service: lab"),
        ("POST /charge", "POST /chrage"),
        ("[BR]", "[BZ]"),
        ("share: 60%", "share: 135%"),
        ("share: 60%", "share: 35"),
        ("{ fail:", "{ dealy:"),
        ("{ fail:", "{ hang: , fail:"),
        ("503: 1,", "200: 1,"),
        ("US: 40", "XX: 40"),
        ("US: 40", "US: -40"),
        ("browse: 50", "brows: 50"),
        ("clear: [br-cards]", "clear: everything"),
        ("never: true", "never: maybe"),
        ("visits_per_minute: 480", "visits_per_minute: -1"),
    ] {
        let broken = good.replacen(old, new, 1);
        assert_ne!(broken, good, "{old}");
        assert!(parse::read("broken.yaml", &broken).is_err(), "{new}");
        assert!(flaws(&broken).is_some(), "{new}");
    }
}
