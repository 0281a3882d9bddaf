//! The runbooks that the lab serves are those that stand in `docs/runbooks`.

use std::{fs, path::Path};

use crate::{browser::get, control::engine::Plan};

const TABLE: &str = "src/console/pages.rs";
const HEAD: &str = "//! Every page of `docs/runbooks`, by its name. Generated: `UPDATE=1 make test ARGS=every_runbook` writes it anew.

/// Names, and texts in Markdown.
pub const PAGES: &[(&str, &str)] = &[
";

fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbooks");
    let files = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").file_name());
    let name = |file: std::ffi::OsString| file.to_str()?.strip_suffix(".md").map(str::to_owned);
    let mut names: Vec<String> = files.filter_map(name).filter(|name| name != "README").collect();
    names.sort();
    names
}

#[test]
fn every_runbook_is_in_the_table() {
    let entry = |name: &String| {
        let line = format!("    (\"{name}\", include_str!(\"../../docs/runbooks/{name}.md\")),\n");
        match line.chars().count() > 111 {
            false => line,
            true => format!(
                "    (\n        \"{name}\",\n        include_str!(\"../../docs/runbooks/{name}.md\"),\n    ),\n"
            ),
        }
    };
    let expected = format!("{HEAD}{}];\n", names().iter().map(entry).collect::<String>());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &expected).expect("written");
    }
    let table = fs::read_to_string(&file).expect("a file");
    assert!(table == expected, "{TABLE} is stale: UPDATE=1 make test ARGS=every_runbook");
}

#[test]
fn a_runbook_is_served_by_the_name_of_its_alert_and_nothing_else_is() {
    let engine = Plan::here().start();
    let page = get(engine.url("/runbooks/ServiceDown")).send().ok();
    assert_eq!(page.content_type, "text/markdown; charset=utf-8");
    assert!(page.body.contains("ServiceDown"), "{page:?}");
    let near = get(engine.url("/runbooks/ServiceDwn")).send();
    assert_eq!(near.problem(404), "not_found");
    assert!(near.body.contains("did you mean `ServiceDown`?"), "{near:?}");
    for path in ["..%2F..%2FCargo.toml", "%2Fetc%2Fpasswd", "ServiceDown%00"] {
        assert_eq!(get(engine.url(&format!("/runbooks/{path}"))).send().problem(404), "not_found", "{path}");
    }
}
