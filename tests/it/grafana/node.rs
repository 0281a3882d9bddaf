//! Grafana's own libraries from the npm registry, asked by a script: JSON in, JSON out.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{rules::files, servers::process};

/// Where `scripts/setup-tests.sh` installs them.
fn room() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| files::at("target"), PathBuf::from);
    let room = target.join("test-node");
    let wanted = files::read(&files::at("tests/it/grafana/node/package-lock.json"));
    let there = std::fs::read_to_string(room.join("package-lock.json")).unwrap_or_default();
    let is_whole = room.join(".installed").exists() && wanted == there;
    assert!(is_whole, "Grafana's parsers and types are not installed: run scripts/setup-tests.sh");
    room
}

/// What the script of that name says of `input`.
pub fn run(script: &str, input: &Value) -> Value {
    let node = process::on_path(&["node"]).unwrap_or_else(|| process::missing("Node.js", "nodejs"));
    let mut child = Command::new(node)
        .arg(files::at(&format!("tests/it/grafana/node/{script}")))
        .arg(room())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut stdin = child.stdin.take().expect("it listens");
    stdin.write_all(input.to_string().as_bytes()).expect("it listens");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}
