//! How they end: by themselves, with the lab, and after it.

use std::{fs, os::unix::fs::PermissionsExt, time::Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::beside::{SOON, number, ready, runs, standing, with_stack};
use crate::{browser::get, servers::lab::Plan, waiting::until};

const PARTS: [&str; 2] = ["prometheus", "alertmanager"];

#[test]
fn a_prometheus_that_dies_is_started_again_and_both_end_with_the_lab() {
    let mut lab = with_stack().start();
    let url = ready(&lab)["prometheus"]["url"].clone();
    let first = number(&lab, "prometheus");
    let pid = i32::try_from(first).ok().and_then(Pid::from_raw).expect("a number");
    kill_process(pid, Signal::KILL).expect("it ran");
    until(SOON, "it runs again", || {
        let now = standing(&lab);
        now["state"] == "ready" && now["prometheus"]["restarts"] == 1
    });
    let second = number(&lab, "prometheus");
    assert!(second != first && runs(second) && !runs(first));
    assert_eq!(
        (&standing(&lab)["prometheus"]["url"], &standing(&lab)["alertmanager"]["restarts"]),
        (&url, &json!(0))
    );
    let numbers = PARTS.map(|part| number(&lab, part));
    let asked = Instant::now();
    assert!(lab.terminate().success(), "{}", lab.said());
    assert!(asked.elapsed().as_secs() < 5, "{:?}", asked.elapsed());
    assert_eq!(numbers.map(runs), [false, false]);
    assert!(!lab.data_dir().join("stack/prometheus.pid").exists());
}

#[test]
fn what_a_killed_lab_left_is_ended_by_the_next() {
    let mut lab = with_stack().start();
    let url = ready(&lab)["prometheus"]["url"].clone();
    let left = PARTS.map(|part| number(&lab, part));
    // The lab alone, as the kernel does when memory is short.
    lab.signal(Signal::KILL);
    lab.wait(SOON);
    assert_eq!(left.map(runs), [true, true], "nobody was there to end them");
    let data = lab.data_dir();
    let next = with_stack().env("DOORBUSTER_DATA_DIR", data.to_str().expect("plain")).start();
    let now = ready(&next);
    assert_eq!(left.map(runs), [false, false]);
    assert_ne!(now["prometheus"]["url"], url, "it was not the old one that answered");
}

#[test]
fn a_folder_that_another_lab_holds_is_left_to_it() {
    let lab = with_stack().start();
    ready(&lab);
    let data = lab.data_dir();
    let second = with_stack().env("DOORBUSTER_DATA_DIR", data.to_str().expect("plain")).start();
    until(SOON, "it has given up", || standing(&second)["state"] == "failed");
    assert!(second.said().contains("another lab's Prometheus"), "{}", second.said());
    assert_eq!(standing(&lab)["state"], "ready");
}

#[test]
fn without_the_programs_one_line_says_what_is_missing_and_the_lab_runs() {
    let nothing = tempfile::tempdir().expect("a folder");
    let lab = Plan::up().env("DOORBUSTER_STACK", "auto").env("PATH", nothing.path().to_str().expect("plain"));
    let lab = lab.start();
    let said = lab.said();
    let lines: Vec<_> = said.lines().filter(|line| line.contains("make setup-stack")).collect();
    let [line] = &lines[..] else { panic!("{said}") };
    assert!(line.contains("missing") && line.contains("no prometheus and alertmanager"), "{line}");
    assert_eq!(standing(&lab)["state"], "missing");
    get(lab.shop("/products")).send().ok();
    let none = get(lab.at(10, "/api/alerts")).send();
    assert_eq!(none.problem(503), "unavailable");
    assert!(none.body.contains("make setup-stack"), "{none:?}");
    assert!(!lab.data_dir().join("stack").exists());
}

#[test]
fn a_version_that_is_not_supported_is_refused_in_one_line() {
    let home = tempfile::tempdir().expect("a folder");
    let fake = home.path().join("prometheus");
    fs::write(&fake, "#!/bin/sh\necho 'prometheus, version 2.41.0 (branch: HEAD)'\n").expect("written");
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).expect("ours");
    let lab = with_stack().args(&["--prometheus-bin", fake.to_str().expect("plain")]).start();
    until(SOON, "it has given up", || standing(&lab)["state"] == "failed");
    let said = lab.said();
    let lines: Vec<_> = said.lines().filter(|line| line.contains("no alerts")).collect();
    let [line] = &lines[..] else { panic!("{said}") };
    assert!(line.contains("prometheus 2.41.0 is not supported; 2.42.0 to 3.5.3 are"), "{line}");
    get(lab.shop("/products")).send().ok();
}

#[test]
fn a_program_that_was_named_and_is_not_there_is_a_mistake() {
    let mut lab = with_stack().args(&["--alertmanager-bin", "/nowhere/alertmanager"]).start_unready();
    assert_eq!(lab.wait(SOON).code(), Some(2));
    assert!(lab.said().contains("--alertmanager-bin: /nowhere/alertmanager is no program"), "{}", lab.said());
}

#[test]
fn a_program_that_ends_at_once_is_named_with_its_last_words() {
    let home = tempfile::tempdir().expect("a folder");
    let fake = home.path().join("alertmanager");
    let script = "#!/bin/sh\ncase $1 in --version) echo 'alertmanager, version 0.27.0 (x)';; \
                  *) echo 'level=error msg=\"no such route\"' >&2; exit 1;; esac\n";
    fs::write(&fake, script).expect("written");
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).expect("ours");
    let mut lab = with_stack().args(&["--alertmanager-bin", fake.to_str().expect("plain")]).start();
    until(SOON, "it has given up", || standing(&lab)["state"] == "failed");
    assert!(lab.said().contains("alertmanager ended at once"), "{}", lab.said());
    assert!(lab.said().contains("msg=\"no such route\""), "{}", lab.said());
    assert!(lab.terminate().success());
}
