//! What others have published in the npm registry, as `tests/it/page/node` pins it.

use std::{fs, path::PathBuf};

use crate::rules::files;

/// The file of that path within an installed package.
pub fn file(path: &str) -> Vec<u8> {
    let place = room().join("node_modules").join(path);
    fs::read(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()))
}

/// Where `scripts/setup-tests.sh` installs them.
fn room() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| files::at("target"), PathBuf::from);
    let room = target.join("test-page");
    let wanted = files::read(&files::at("tests/it/page/node/package-lock.json"));
    let there = fs::read_to_string(room.join("package-lock.json")).unwrap_or_default();
    let is_whole = room.join(".installed").exists() && wanted == there;
    assert!(is_whole, "what the page is tried with is not installed: run scripts/setup-tests.sh");
    room
}
