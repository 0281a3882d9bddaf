//! A real compose tool, asked what it makes of `docker/compose.yaml`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

pub const PROFILES: [&str; 3] = ["lite", "full", "split"];

/// A file of the package.
pub fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What it makes of a profile with the example's variables.
pub fn profile(name: &str) -> Value {
    let asked = config(name, &at("docker/.env.example"));
    let said = String::from_utf8_lossy(&asked.stderr);
    assert!(asked.status.success(), "{name}: {said}");
    // A variable that nobody set is a warning.
    assert!(said.is_empty(), "{name}: {said}");
    serde_json::from_slice(&asked.stdout).expect("JSON")
}

/// The services of a profile by name.
pub fn services(name: &str) -> BTreeMap<String, Value> {
    let services = profile(name)["services"].as_object().expect("services").clone();
    services.into_iter().collect()
}

/// `config`, with the variables of a file and of nobody else.
pub fn config(profile: &str, variables: &Path) -> Output {
    let mut command = tool();
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.arg("--env-file").arg(variables).arg("--file").arg(at("docker/compose.yaml"));
    command.args(["--profile", profile, "config", "--format", "json"]).output().expect("it starts")
}

/// The one that `scripts/setup-compose.sh` sees to: the engine's plugin, one on the PATH, or one of our own.
fn tool() -> Command {
    let ours = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-compose/docker-compose");
    for words in [&["docker", "compose"][..], &["docker-compose"], &[&ours.display().to_string()]] {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        let version = command.args(["version", "--short"]).output();
        let is_two = version.is_ok_and(|said| {
            let version = String::from_utf8_lossy(&said.stdout).trim().trim_start_matches('v').to_owned();
            said.status.success() && version.starts_with(|first: char| ('2'..='9').contains(&first))
        });
        if is_two {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]);
            return command;
        }
    }
    panic!("docker compose 2 is not installed: run scripts/setup-tests.sh")
}

/// The texts of a list, or none.
pub fn words(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
