//! No circle among files: each can be read after those it uses.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    house::{House, kept},
    source,
};

/// Files by their paths, and the files each of them uses.
type Uses<'h> = BTreeMap<&'h str, BTreeSet<&'h str>>;

/// Tests are left out: a test may use whoever uses what it tests.
fn uses(house: &House) -> Uses<'_> {
    let files: BTreeMap<Vec<String>, &str> =
        house.program().map(|file| (file.module(), file.path.as_str())).collect();
    let contents: BTreeSet<&str> =
        house.program().filter(|file| file.is_contents()).map(|file| file.path.as_str()).collect();
    let children = |folder: &[String]| -> Vec<&str> {
        let is_child = |module: &[String]| module.len() == folder.len() + 1 && module.starts_with(folder);
        files.iter().filter(|(module, _)| is_child(module)).map(|(_, path)| *path).collect()
    };
    let mut uses = Uses::new();
    for file in house.program() {
        let me = file.module();
        let used = uses.entry(file.path.as_str()).or_default();
        if file.is_contents() {
            // To use a folder is to use every file it lists.
            used.extend(children(&me));
            continue;
        }
        let (code, _) = source::split_tests(&file.code);
        for path in source::paths(&code, &me) {
            // A path that begins with a name of this file's own children needs no `self`.
            let absolute = [me.clone(), path.clone()].concat();
            let known =
                |path: &[String]| (1..=path.len()).rev().find_map(|end| files.get(&path[..end]).copied());
            let is_child = absolute.len() > me.len() && files.contains_key(&absolute[..=me.len()]);
            let Some(target) = known(if is_child { &absolute } else { &path }) else { continue };
            // The root lists the layers; to name it is not to use them all.
            if target != file.path && !(contents.contains(target) && path.is_empty()) {
                used.insert(target);
            }
        }
    }
    uses
}

fn reach<'h>(uses: &Uses<'h>, from: &str) -> BTreeSet<&'h str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = uses[from].iter().copied().collect();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(uses.get(next).into_iter().flatten());
        }
    }
    seen
}

/// Each circle once, by the files that use one another.
fn circles(house: &House) -> Vec<String> {
    let uses = uses(house);
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|file| (*file, reach(&uses, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        let members: Vec<&str> =
            others.iter().copied().filter(|other| reached[other].contains(file)).collect();
        if others.contains(file) {
            circles.insert(describe(&uses, &members));
        }
    }
    circles.into_iter().collect()
}

fn describe(uses: &Uses<'_>, members: &[&str]) -> String {
    let edge = |from: &str| {
        let to: Vec<&str> = uses[from].iter().copied().filter(|to| members.contains(to)).collect();
        format!("{from} uses {}", to.join(", "))
    };
    format!("a circle: {}", members.iter().map(|member| edge(member)).collect::<Vec<_>>().join("; "))
}

#[test]
fn no_files_use_one_another() {
    kept(circles(&House::ours()));
}

#[test]
fn files_that_use_one_another_are_caught() {
    let house = House::of([
        ("src/kernel/a.rs", "use super::b::B;"),
        ("src/kernel/b.rs", "use super::{c::C, d};"),
        ("src/kernel/c.rs", "use crate::kernel::a::A;"),
        ("src/kernel/d.rs", "#[cfg(test)]\nmod tests {\n use super::super::a::A;\n}"),
    ]);
    let expected = "a circle: src/kernel/a.rs uses src/kernel/b.rs; src/kernel/b.rs uses src/kernel/c.rs; \
                    src/kernel/c.rs uses src/kernel/a.rs";
    assert_eq!(circles(&house), [expected]);
}

#[test]
fn a_file_that_uses_its_own_folder_is_caught() {
    let house = House::of([
        ("src/shop/cart/mod.rs", "pub mod api;\npub use api::Cart;"),
        ("src/shop/cart/api.rs", "use super::Cart;"),
        ("src/shop/cart/model.rs", "use super::api::Cart;"),
    ]);
    let circles = circles(&house);
    assert_eq!(circles.len(), 1, "{circles:?}");
    assert!(circles[0].contains("src/shop/cart/api.rs uses src/shop/cart/mod.rs"), "{circles:?}");
}
