//! A real browser, without a window: takes pictures of pages and tells what became of a page.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::process::{self, Process};

const DEADLINE: Duration = Duration::from_secs(60);

/// Nothing but the page: no first-run visits, no updates, no accounts, and TCP only. No sandbox, because it refuses to
/// run as root with one; the pages are ours. Screenshots are the same on every screen.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
];

/// Names under which distributions install it. The variable `CHROMIUM` comes before all.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Where a picture called `name` goes: the folder `SCREENSHOTS` when it is to be kept (`make screenshots`), else one
/// under `target`.
pub fn picture(name: &str) -> PathBuf {
    let folder = std::env::var_os("SCREENSHOTS").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots"),
        |folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
    );
    std::fs::create_dir_all(&folder).expect("the folder for pictures can be made");
    folder.join(format!("{name}.png"))
}

/// Takes a picture of the page at `url`, `width` by `height` pixels, as a PNG file.
pub fn screenshot(url: &str, (width, height): (u32, u32), file: &Path) {
    let shot = format!("--screenshot={}", file.display());
    browse(&[&shot, &format!("--window-size={width},{height}"), url]);
    assert!(file.is_file(), "Chromium took no picture of {url}");
}

/// The page at `url` after its scripts have run, as HTML.
pub fn dump_dom(url: &str) -> String {
    browse(&["--dump-dom", url])
}

/// Runs the browser with a profile of its own until it is done; returns what it printed.
fn browse(args: &[&str]) -> String {
    let home = process::home("chromium");
    let mut command = Command::new(program());
    at_home(&mut command, home.path()).args(args);
    let mut browser = Process::start("Chromium", command, home.path());
    let status = browser.wait(DEADLINE);
    assert!(status.success(), "Chromium ended with {status}:\n{}", browser.stderr());
    browser.stdout()
}

/// With a profile of its own in `home`, and with the flags that every test wants.
pub fn at_home<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command.args(FLAGS).arg(format!("--user-data-dir={}", home.join("profile").display()));
    command.env("HOME", home).env("XDG_CONFIG_HOME", home).env("XDG_CACHE_HOME", home);
    // No bus: without one it would look for a desktop's for a while.
    command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
}

pub fn program() -> PathBuf {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    named.or_else(|| process::on_path(&NAMES)).unwrap_or_else(|| process::missing("Chromium", "chromium"))
}

#[test]
fn the_browser_takes_a_picture_of_the_size_asked_for() {
    let file = picture("blank");
    let _ = std::fs::remove_file(&file);
    screenshot("data:text/html,<h1>open</h1>", (320, 200), &file);
    let png = std::fs::read(&file).expect("the picture is there");
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    // The header chunk: width and height, big-endian.
    assert_eq!(png[16..24], [0, 0, 1, 64, 0, 0, 0, 200]);
}

#[test]
fn the_browser_runs_a_page_s_scripts() {
    let page = "data:text/html,<p id=sum></p><script>sum.textContent=20%2B22</script>";
    assert!(dump_dom(page).contains(r#"<p id="sum">42</p>"#));
}
