//! The files of the page: all of them are served, nothing else gets in, and what others wrote is what they published.

use std::{collections::BTreeSet, fs, path::Path};

use super::published;
use crate::{browser::get, control::engine::Plan};

const TABLE: &str = "src/console/page_files.rs";
const FOLDER: &str = "src/console/page";
const HEAD: &str = "//! Every file of `src/console/page`, by its path. Generated: `UPDATE=1 make test ARGS=every_file_of_the_page` writes it
//! anew.

/// What is served at `/`.
pub const INDEX: &str = \"index.html\";

/// Paths, and what the files hold.
pub const FILES: &[(&str, &[u8])] = &[
";
const LINES_MAX: usize = 300;

fn at(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn names() -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![at(FOLDER)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(at(FOLDER)).expect("below it").to_str().expect("a name");
                names.push(name.to_owned());
            }
        }
    }
    names.sort();
    names
}

fn text(name: &str) -> String {
    fs::read_to_string(at(FOLDER).join(name)).expect("text")
}

/// Those that we wrote.
fn ours() -> Vec<(String, String)> {
    let names = names().into_iter().filter(|name| !name.starts_with("vendor/"));
    names.map(|name| (name.clone(), text(&name))).collect()
}

#[test]
fn every_file_of_the_page_is_in_the_table() {
    let entry = |name: &String| {
        let line = format!("    (\"{name}\", include_bytes!(\"page/{name}\")),\n");
        match line.chars().count() > 111 {
            false => line,
            true => format!("    (\n        \"{name}\",\n        include_bytes!(\"page/{name}\"),\n    ),\n"),
        }
    };
    let expected = format!("{HEAD}{}];\n", names().iter().map(entry).collect::<String>());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(at(TABLE), &expected).expect("written");
    }
    let table = fs::read_to_string(at(TABLE)).expect("a file");
    assert!(table == expected, "{TABLE} is stale: UPDATE=1 make test ARGS=every_file_of_the_page");
}

/// What `name` imports, and what that imports.
fn needs(name: &str, all: &mut BTreeSet<String>) {
    let folder = Path::new(name).parent().expect("a folder");
    let source = text(name);
    let imported = source.lines().filter_map(|line| line.split_once(" from '.")?.1.strip_suffix("';"));
    for path in imported {
        let mut whole = folder.to_path_buf();
        for part in format!(".{path}").split('/') {
            match part {
                "." => {}
                ".." => assert!(whole.pop(), "{name}: .{path}"),
                part => whole.push(part),
            }
        }
        let whole = whole.to_str().expect("text").to_owned();
        if all.insert(whole.clone()) {
            needs(&whole, all);
        }
    }
}

#[test]
fn all_that_the_stage_needs_is_asked_for_at_once() {
    let mut expected = BTreeSet::from(["views/stage.js".to_owned()]);
    needs("app.js", &mut expected);
    needs("views/stage.js", &mut expected);
    let page = text("index.html");
    let links =
        page.lines().filter_map(|line| line.trim().strip_prefix("<link rel=\"modulepreload\" href=\""));
    let links: BTreeSet<String> = links.map(|rest| rest.trim_end_matches("\">").to_owned()).collect();
    assert_eq!(links, expected, "the links of index.html");
}

#[test]
fn every_file_is_served_under_a_policy_that_lets_nothing_else_in() {
    let engine = Plan::here().start();
    for name in names().into_iter().chain([String::new()]) {
        let answer = ureq::get(engine.url(&format!("/{name}"))).call().expect("it is served");
        let says = |header: &str| answer.headers()[header].to_str().expect("text").to_owned();
        let policy = says("content-security-policy");
        assert!(
            policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!((&*says("x-content-type-options"), &*says("cache-control")), ("nosniff", "no-cache"));
        let tag = says("etag");
        let again = ureq::get(engine.url(&format!("/{name}"))).header("if-none-match", &tag).call();
        assert_eq!(again.expect("an answer").status(), 304, "{name}");
    }
    assert_eq!(get(engine.url("/views/none.js")).send().problem(404), "not_found");
}

#[test]
fn nothing_in_the_page_reads_html_or_asks_for_anything_from_elsewhere() {
    let banned = [
        ("innerHTML", "lib/dom.js"), // where it is refused
        ("outerHTML", ""),
        ("insertAdjacentHTML", ""),
        ("document.write", ""),
        ("DOMParser", ""),
        ("eval(", ""),
        ("new Function", ""),
        (" style=\"", ""),
        (" onclick=", ""),
    ];
    for (name, text) in ours() {
        for (word, but) in banned {
            assert!(name == but || !text.contains(word), "{name} has `{word}`");
        }
        let links = text.match_indices("http://").chain(text.match_indices("https://"));
        for (at, _) in links {
            let rest = &text[at..];
            let is_name = rest.starts_with("http://www.w3.org/");
            let is_word = rest.split("//").nth(1).is_none_or(|rest| !rest.starts_with(char::is_alphanumeric));
            assert!(
                is_name || is_word,
                "{name} leads elsewhere: {}",
                rest.lines().next().unwrap_or_default()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_and_is_short() {
    for (name, text) in ours() {
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{name}: {lines} lines");
        let is_titled = match name.rsplit_once('.').expect("an ending").1 {
            "js" => text.starts_with("// "),
            "css" => text.starts_with("/* "),
            _ => true,
        };
        assert!(is_titled, "{name} does not begin with what it is");
    }
}

#[test]
fn what_others_wrote_is_what_they_published() {
    let from = |name: &str| match name {
        "LICENSE" => "uplot/LICENSE".to_owned(),
        other => format!("uplot/dist/{other}"),
    };
    let vendored: Vec<String> =
        names().iter().filter_map(|name| name.strip_prefix("vendor/")).map(str::to_owned).collect();
    assert!(vendored.contains(&"LICENSE".to_owned()), "{vendored:?}");
    for name in vendored {
        let ours = fs::read(at(FOLDER).join("vendor").join(&name)).expect("a file");
        assert!(ours == published::file(&from(&name)), "{name} is not what its package holds");
    }
}
