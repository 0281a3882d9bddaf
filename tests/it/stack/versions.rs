//! Versions of Alertmanager that refuse what others demand. The real one behind a script: it says that it is another
//! version, and refuses what that one would.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::beside::{SOON, ready, told, with_stack};
use crate::{servers::process::on_path, waiting::until};

/// An Alertmanager that calls itself `version` and ends when its configuration fits `refused`, as if it were wrong. What
/// the real one may be too old for is kept from it.
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
         sed '/^event_recorder:/d' \"$file\" > \"$file.real\"\n\
         for one; do\n\
           shift\n\
           case \"$one\" in\n\
             --config.file=*) set -- \"$@\" \"$one.real\";;\n\
             --enable-feature=*) ;;\n\
             *) set -- \"$@\" \"$one\";;\n\
           esac\n\
         done\n\
         exec '{}' \"$@\"\n",
        real.display()
    );
    let path = home.path().join("alertmanager");
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("made a program");
    path
}

/// How the stack stands with it, what the lab said, and what it wrote.
fn with(version: &str, refused: &str) -> (Value, String, String) {
    let plan = with_stack();
    let home = tempfile::tempdir().expect("a folder");
    let program = calling_itself(&home, version, refused);
    let lab = plan.args(&["--alertmanager-bin", program.to_str().expect("plain")]).start();
    let now = ready(&lab);
    until(SOON, "it is said", || lab.said().contains("are ready after"));
    until(SOON, "the watchdog is heard", || !told(&lab, "?receiver=watchdog").is_empty());
    assert_eq!(now["alertmanager"]["restarts"], 0, "{now}");
    let file = lab.data_dir().join("stack").join("alertmanager.yml");
    (now, lab.said(), fs::read_to_string(file).expect("its configuration"))
}

#[test]
fn the_form_that_a_version_takes_is_found_whatever_its_number_makes_likely() {
    const WITHOUT_NAME: &str = r#"file_outputs":\[\{"path""#;
    const WITH_NAME: &str = r#""name":"doorbuster""#;
    // What 0.35 refuses is what is tried first with 0.34, and the other way round.
    for (version, refused, taken) in
        [("0.34.0", WITHOUT_NAME, "\"name\":\"doorbuster\""), ("0.35.0", WITH_NAME, "[{\"path\"")]
    {
        let (now, said, configuration) = with(version, refused);
        assert_eq!(now["alertmanager"]["version"], version);
        assert!(now["events_file"].is_string() && !said.contains("without"), "{said}");
        assert!(configuration.contains(taken), "{configuration}");
    }
}

#[test]
fn a_version_that_refuses_every_form_of_the_recorder_runs_without_it_and_one_line_says_so() {
    let (now, said, configuration) = with("0.36.0", "event_recorder");
    assert!(now["events_file"].is_null() && !configuration.contains("event_recorder"), "{now}");
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("without the event recorder")).collect();
    assert!(lines.len() == 1 && lines[0].contains("refused here"), "{said}");
}
