//! Versions of Alertmanager that refuse what others demand. The real one behind a script: it says that it is another
//! version, and refuses what that one would.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::beside::{SOON, ready, told, with_stack};
use crate::{servers::process::on_path, waiting::until};

/// An Alertmanager that calls itself `version` and ends when its configuration fits `refused`, as if it were wrong.
fn calling_itself(home: &TempDir, version: &str, refused: &str) -> PathBuf {
    let real =
        on_path(&["alertmanager", "prometheus-alertmanager"]).expect("installed: `with_stack` has looked");
    let text = format!(
        "#!/bin/sh\n\
         case \"$1\" in --version) echo 'alertmanager, version {version} (branch: HEAD)'; exit 0;; esac\n\
         for one; do case \"$one\" in --config.file=*) file=\"${{one#*=}}\";; esac; done\n\
         if grep -Eq '{refused}' \"$file\"; then\n\
           echo 'level=ERROR msg=\"Loading configuration file failed\" err=\"event_recorder: refused here\"'; exit 1\n\
         fi\n\
         exec '{}' \"$@\"\n",
        real.display()
    );
    let path = home.path().join("alertmanager");
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("made a program");
    path
}

/// How the stack stands with it, and what the lab said.
fn with(version: &str, refused: &str) -> (Value, String) {
    let plan = with_stack();
    let home = tempfile::tempdir().expect("a folder");
    let program = calling_itself(&home, version, refused);
    let lab = plan.args(&["--alertmanager-bin", program.to_str().expect("plain")]).start();
    let now = ready(&lab);
    until(SOON, "it is said", || lab.said().contains("are ready after"));
    until(SOON, "the watchdog is heard", || !told(&lab, "?receiver=watchdog").is_empty());
    if let Some(events) = now["events_file"].as_str() {
        until(SOON, "it writes down what it does", || {
            fs::read_to_string(events).is_ok_and(|text| !text.is_empty())
        });
    }
    assert_eq!(now["alertmanager"]["restarts"], 0, "{now}");
    (now, lab.said())
}

#[test]
fn the_form_that_this_version_takes_is_found_whatever_its_number_makes_likely() {
    // The real one, 0.33, refuses the name that 0.35 demands: what is tried first, fails.
    let (now, said) = with("0.35.0", "nothing-is-refused-here");
    assert_eq!(now["alertmanager"]["version"], "0.35.0");
    assert!(now["events_file"].is_string() && !said.contains("without"), "{said}");
}

#[test]
fn a_version_that_refuses_every_form_of_the_recorder_runs_without_it_and_one_line_says_so() {
    let (now, said) = with("0.36.0", "event_recorder");
    assert!(now["events_file"].is_null(), "{now}");
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("without the event recorder")).collect();
    assert!(lines.len() == 1 && lines[0].contains("refused here"), "{said}");
}
