//! What is sent is a profile to the format's own tool: Go's `pprof`.

use std::{fs, path::Path, process::Command};

use super::{
    hotspot::{plan, visit_until},
    pushes::{all, share},
};
use crate::{
    servers::process::{home, missing, on_path},
    sink::Sink,
};

/// What `go tool pprof` says of `file`.
fn pprof(arguments: &[&str], file: &Path) -> String {
    let Some(go) = on_path(&["go"]) else { missing("Go's pprof", "golang-go") };
    let home = home("pprof");
    let told = Command::new(go)
        .args(["tool", "pprof"])
        .args(arguments)
        .arg(file)
        .env("HOME", home.path())
        .env("PPROF_TMPDIR", home.path())
        .output()
        .expect("go runs");
    let (said, complained) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success(), "{complained}");
    said.into_owned()
}

#[test]
fn an_independent_reader_finds_functions_times_and_routes() {
    let sink = Sink::start();
    let mut lab = plan(&sink).start();
    visit_until(&lab, "a profile of the storefront arrives", || share(&all(&sink), "storefront", "").0 >= 10);
    assert!(lab.terminate().success());
    let profiles = all(&sink);
    let of_storefront = profiles.iter().filter(|one| one.service() == "storefront");
    let fullest = of_storefront.max_by_key(|one| one.samples.iter().map(|sample| sample.count).sum::<i64>());
    let fullest = fullest.expect("a profile");
    let home = home("profile");
    let file = home.path().join("storefront.pprof");
    fs::write(&file, &fullest.raw).expect("a file");

    let top = pprof(&["-top", "-cum", "-nodecount=500"], &file);
    assert!(top.contains("Type: cpu") && top.contains("Duration: "), "{top}");
    assert!(top.contains("doorbuster::"), "{top}");
    let tags = pprof(&["-tags"], &file);
    assert!(tags.contains("route:") && tags.contains("GET /products"), "{tags}");
    // Nanoseconds, as the reader adds them up: a ninety-ninth of a second each.
    let raw = pprof(&["-raw"], &file);
    let total: i64 = raw
        .lines()
        .skip_while(|line| !line.starts_with("cpu/nanoseconds"))
        .skip(1)
        .take_while(|line| !line.starts_with("Locations"))
        .filter_map(|line| line.split_once(':')?.0.trim().parse::<i64>().ok())
        .sum();
    let counted: i64 = fullest.samples.iter().map(|sample| sample.count).sum();
    assert_eq!(total, counted * (1_000_000_000 / 99), "{raw}");
}
