//! No circle among files: each can be read after those it uses.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    house::{File, House, kept},
    source,
};

/// Files by their paths, and the files each of them uses.
type Uses<'h> = BTreeMap<&'h str, BTreeSet<&'h str>>;

/// Tests are left out, in a file of their own or not: a test may use whoever uses what it tests.
fn uses(house: &House) -> Uses<'_> {
    let is_program = |file: &&File| file.module().last().is_none_or(|name| name != "tests");
    let program: Vec<&File> = house.program().filter(is_program).collect();
    let files: BTreeMap<Vec<String>, &str> =
        program.iter().map(|file| (file.module(), file.path.as_str())).collect();
    let children = |folder: &[String]| -> Vec<&str> {
        let is_child = |module: &[String]| module.len() == folder.len() + 1 && module.starts_with(folder);
        files.iter().filter(|(module, _)| is_child(module)).map(|(_, path)| *path).collect()
    };
    let mut uses = Uses::new();
    for file in program {
        let me = file.module();
        let used = uses.entry(file.path.as_str()).or_default();
        if file.is_contents() {
            // To use a folder is to use every file it lists.
            used.extend(children(&me));
            continue;
        }
        let (code, _) = source::split_tests(&file.code);
        for path in source::paths(&code, &me) {
            // Without a root it is a foreign crate, an imported name (whose import counts) or a child of this file.
            let absolute = match path[0].as_str() {
                "crate" => path[1..].to_vec(),
                _ => [&me[..], &path[..]].concat(),
            };
            // The longest beginning that is a file is what is used. The root itself lists the layers; to name it is not
            // to use them all.
            let target = (1..=absolute.len()).rev().find_map(|end| files.get(&absolute[..end]).copied());
            used.extend(target.filter(|target| *target != file.path));
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
        ("src/shop/mod.rs", "pub mod api;\n#[cfg(test)]\nmod tests;"),
        ("src/shop/tests.rs", "use crate::shop;"),
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
