//! Dashboards are what their sources say. `UPDATE=1` writes them anew (`make dashboards`).

use std::{collections::BTreeSet, env, fs};

use super::{
    asked, render,
    source::{self, DASHBOARDS},
};
use crate::rules::files;

#[test]
fn dashboards_are_what_their_sources_say() {
    let mut stale = Vec::new();
    for name in DASHBOARDS {
        let path = format!("grafana/dashboards/{name}.json");
        let (file, text) = (files::at(&path), render::text(name));
        if env::var_os("UPDATE").is_some() {
            fs::write(&file, text).expect("its folder takes a file");
        } else if fs::read_to_string(&file).ok().as_deref() != Some(&text) {
            stale.push(path);
        }
    }
    assert!(stale.is_empty(), "not what their sources say (run `make dashboards`): {}", stale.join(", "));
}

#[test]
fn nothing_lies_about_that_no_dashboard_needs() {
    let stems = |folder: &str, end: &str| -> BTreeSet<String> {
        let names = files::below(folder, end).into_iter();
        names.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect()
    };
    let boards: BTreeSet<String> = DASHBOARDS.map(str::to_owned).into();
    assert_eq!(stems("grafana/dashboards", ".json"), boards);
    let mut sources = boards;
    sources.extend(["panels".to_owned(), "variables".to_owned()]);
    assert_eq!(stems("grafana/sources", ".yaml"), sources);
    let used: Vec<String> = DASHBOARDS
        .into_iter()
        .flat_map(|name| source::dashboard(name).rows)
        .flat_map(|row| row.panels)
        .filter_map(|panel| panel.shared)
        .collect();
    for panel in source::shared() {
        assert!(used.contains(&panel), "panels.yaml: nobody uses `{panel}`");
    }
    let spoken: BTreeSet<String> =
        DASHBOARDS.into_iter().flat_map(|name| source::dashboard(name).variables).collect();
    assert_eq!(spoken, source::variables().into_keys().collect());
}

#[test]
fn no_panel_is_written_twice() {
    let mut seen = BTreeSet::new();
    for asked in asked::all() {
        let is_shared = asked.panel.shared.is_some();
        let is_new =
            seen.insert((asked.target.to_string(), asked.panel.kind.map(|kind| format!("{kind:?}"))));
        assert!(is_new || is_shared, "{} stands elsewhere as well: it belongs in panels.yaml", asked.place());
    }
}
