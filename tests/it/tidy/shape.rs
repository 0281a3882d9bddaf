//! What a file looks like, wherever it stands.

use super::{
    house::{House, kept},
    source,
};

const LINES_MAX: usize = 400;

/// Names that say nothing about what is inside; the noun that is missing makes a better one.
const EMPTY_NAMES: [&str; 9] =
    ["common", "helper", "helpers", "manager", "managers", "misc", "util", "utilities", "utils"];

fn contents_with_code(house: &House) -> Vec<String> {
    let is_entry = |statement: &str| {
        let statement = statement.strip_prefix("pub").unwrap_or(statement).trim_start();
        let statement = match statement.strip_prefix('(') {
            Some(rest) => rest.split_once(')').map_or("", |(_, rest)| rest).trim_start(),
            None => statement,
        };
        statement.starts_with("use ") || statement.starts_with("mod ") && !statement.contains('{')
    };
    let has_code = |code: &str| {
        let code = source::without_attributes(code);
        code.split(';').map(str::trim).any(|statement| !statement.is_empty() && !is_entry(statement))
    };
    house
        .program()
        .filter(|file| file.is_contents() && has_code(&file.code))
        .map(|file| format!("{}: is a table of contents; the code wants a file with a name", file.path))
        .collect()
}

fn untitled(house: &House) -> Vec<String> {
    let is_untitled = |text: &str| text.strip_prefix("//!").is_none_or(|rest| !rest.starts_with(' '));
    let untitled = house.files.iter().filter(|file| is_untitled(&file.text));
    untitled.map(|file| format!("{}: does not begin with `//! ` and what it is", file.path)).collect()
}

fn too_long(house: &House) -> Vec<String> {
    let long = |lines: usize| lines > LINES_MAX;
    house
        .files
        .iter()
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| long(*lines))
        .map(|(file, lines)| format!("{}: {lines} lines; a noun wants out ({LINES_MAX} at most)", file.path))
        .collect()
}

fn badly_named(house: &House) -> Vec<String> {
    let is_empty = |part: &str| EMPTY_NAMES.contains(&part.trim_end_matches(".rs"));
    let bad = house.files.iter().filter(|file| file.path.split('/').any(is_empty));
    bad.map(|file| format!("{}: the name says nothing about what is inside", file.path)).collect()
}

fn exceptions_without_reason(house: &House) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in &house.files {
        for (line, attribute) in source::attributes(&file.code) {
            let is_exception = ["allow", "expect"].iter().any(|word| {
                source::names(attribute, word) && attribute.replace(' ', "").contains(&format!("{word}("))
            });
            if is_exception && !source::names(attribute, "reason") {
                wrong.push(format!("{}:{line}: an exception without a reason", file.path));
            }
        }
    }
    wrong
}

#[test]
fn a_mod_rs_is_a_table_of_contents() {
    kept(contents_with_code(&House::ours()));
}

#[test]
fn code_in_a_mod_rs_is_caught() {
    let caught = |text: &str| contents_with_code(&House::of([("src/shop/mod.rs", text)])).len();
    for bad in
        ["pub fn f() {}", "mod a;\nstruct S;", "mod a { fn f() {} }", "const A: u8 = 1;", "macro_rules! m {}"]
    {
        assert_eq!(caught(bad), 1, "{bad}");
    }
    for good in [
        "//! x\n#![deny(missing_docs)]\npub mod a;\npub(crate) mod b;\npub use a::{B, C};",
        "",
        "#[cfg(test)]\nmod t;",
    ] {
        assert_eq!(caught(good), 0, "{good}");
    }
    assert_eq!(contents_with_code(&House::of([("src/lib.rs", "fn f() {}")])).len(), 1);
}

#[test]
fn every_file_begins_with_what_it_is() {
    kept(untitled(&House::ours()));
}

#[test]
fn a_file_that_does_not_say_what_it_is_is_caught() {
    let house =
        House::of([("src/a.rs", "use b;\n//! late"), ("src/b.rs", "//!\n"), ("src/c.rs", "//! Fine.\n")]);
    assert_eq!(untitled(&house).len(), 2);
}

#[test]
fn no_file_is_long() {
    kept(too_long(&House::ours()));
}

#[test]
fn a_long_file_is_caught() {
    let house = House::of([("src/a.rs", "\n".repeat(LINES_MAX + 1)), ("src/b.rs", "\n".repeat(LINES_MAX))]);
    assert_eq!(too_long(&house), ["src/a.rs: 401 lines; a noun wants out (400 at most)"]);
}

#[test]
fn every_name_says_what_is_inside() {
    kept(badly_named(&House::ours()));
}

#[test]
fn a_name_that_says_nothing_is_caught() {
    let house = House::of([("src/shop/utils/a.rs", ""), ("tests/common.rs", ""), ("src/uncommon.rs", "")]);
    assert_eq!(badly_named(&house).len(), 2);
}

#[test]
fn every_exception_has_a_reason() {
    kept(exceptions_without_reason(&House::ours()));
}

#[test]
fn an_exception_without_a_reason_is_caught() {
    let text = "#[allow(dead_code)]\n#[expect(a, reason = \"b\")]\n#![cfg_attr(c, allow(d))]\n\
                fn f() { Some(1).expect(\"e\"); }\n#[should_panic(expected = \"f\")]\n";
    let expected = ["src/a.rs:1: an exception without a reason", "src/a.rs:3: an exception without a reason"];
    assert_eq!(exceptions_without_reason(&House::of([("src/a.rs", text)])), expected);
}
