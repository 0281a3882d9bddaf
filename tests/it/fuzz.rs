//! The fuzz targets over their seeds and over seeds with random changes: a target that no longer builds or no longer
//! reads its own seeds is found here, and so is the shallowest of what libFuzzer would find.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proptest::{
    collection::vec,
    prelude::any,
    sample::Index,
    test_runner::{Config, TestRunner},
};

#[path = "../../fuzz/src/targets.rs"]
mod targets;

use targets::{ALL, Target};

/// libFuzzer's own bound in the Makefile.
const MAX_BYTES: usize = 16 * 1024;
const CASES: u32 = 24;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder").flatten() {
            files(&entry.path(), found);
        }
    } else {
        found.push(path.to_owned());
    }
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    target.seeds.iter().for_each(|folder| files(&root().join(folder), &mut found));
    found.sort();
    let read = found.iter().map(|file| fs::read(file).expect("a file"));
    let seeds: Vec<Vec<u8>> = read.filter(|seed| seed.len() <= MAX_BYTES).collect();
    assert!(!seeds.is_empty(), "{} has no seeds", target.name);
    seeds
}

#[test]
fn every_fuzz_target_returns_for_its_seeds_and_for_changed_ones() {
    for target in &ALL {
        let seeds = seeds(target);
        for seed in seeds.iter().take(40) {
            (target.run)(seed);
        }
        let mut runner =
            TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
        let changes =
            (any::<Index>(), vec((any::<Index>(), any::<u8>()), 0..6), any::<Index>(), any::<bool>());
        let outcome = runner.run(&changes, |(seed, changes, end, is_cut)| {
            let mut bytes = seed.get(&seeds).clone();
            for (place, byte) in changes.iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            if is_cut && !bytes.is_empty() {
                bytes.truncate(end.index(bytes.len()));
            }
            (target.run)(&bytes);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{}: {error}", target.name));
        let mut runner =
            TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&vec(any::<u8>(), 0..256), |bytes| {
            (target.run)(&bytes);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{}: {error}", target.name));
    }
}

#[test]
fn the_fuzz_crate_and_the_makefile_have_every_target() {
    let read = |file: &str| fs::read_to_string(root().join(file)).expect("a file");
    let (makefile, manifest) = (read("Makefile"), read("fuzz/Cargo.toml"));
    let line = makefile.lines().find_map(|line| line.strip_prefix("FUZZ_TARGETS := ")).expect("a list");
    assert_eq!(line, ALL.map(|target| target.name).join(" "));
    for target in &ALL {
        let name = target.name;
        let program = read(&format!("fuzz/fuzz_targets/{name}.rs"));
        assert!(program.contains(&format!("targets::{name}(bytes)")), "{name}");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        for folder in target.seeds {
            let variable = format!("FUZZ_SEEDS_{name} := {folder}");
            assert!(*folder == format!("fuzz/seeds/{name}") || makefile.contains(&variable), "{variable}");
        }
    }
}
