//! The binary behind the image's walls, and what `docker/Dockerfile` promises of them.

use std::{fs, os::unix::fs::chown, path::Path, process::Command, time::Duration};

use rustix::process::geteuid;

use super::compose::at;
use crate::{
    browser::get,
    servers::{
        ports,
        process::{Process, home},
    },
};

const OPENING: Duration = Duration::from_secs(30);
/// `nonroot` of the base image.
const NOBODY: u32 = 65532;

fn dockerfile() -> String {
    fs::read_to_string(at("docker/Dockerfile")).expect("Dockerfile")
}

/// The libraries that the binary names, the loader among them.
fn libraries(binary: &str) -> Vec<String> {
    let said = Command::new("ldd").arg(binary).output().expect("ldd runs");
    let said = String::from_utf8(said.stdout).expect("text");
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(str::to_owned);
    said.lines().filter_map(path).collect()
}

/// `doorbuster ARGUMENTS` in a sealed root, with `data` as its one folder.
fn sealed(root: &Path, data: &Path, arguments: &[&str]) -> Command {
    let binary = env!("CARGO_BIN_EXE_doorbuster");
    let mut command = Command::new("unshare");
    if !geteuid().is_root() {
        // Without root, a namespace of users has to do: then who runs is whoever runs the tests.
        command.args(["--user", "--map-root-user"]).env("MAPPED", "1");
    }
    command.args(["--mount", "sh"]).arg(at("tests/it/docker/sealed.sh"));
    command.args([root, data]).arg(binary).args(libraries(binary)).arg("--").args(arguments);
    command.env_remove("DOORBUSTER_TOKEN");
    command
}

#[test]
fn nobody_in_a_root_that_cannot_be_written_to_opens_the_shop_and_says_that_it_is_ready() {
    let home = home("sealed");
    let (root, data, port) = (home.path().join("root"), home.path().join("data"), ports::block());
    fs::create_dir_all(&root).and_then(|()| fs::create_dir_all(&data)).expect("folders");
    if geteuid().is_root() {
        chown(&data, Some(NOBODY), Some(NOBODY)).expect("handed over");
    }
    let base = port.to_string();
    let mut command =
        sealed(&root, &data, &["up", "--port-base", &base, "--visits-per-minute", "0", "--profile"]);
    // The image's own.
    for (name, value) in
        [("DOORBUSTER_BIND", "0.0.0.0"), ("DOORBUSTER_DATA_DIR", "/data"), ("TMPDIR", "/data")]
    {
        assert!(dockerfile().contains(&format!("{name}={value}")));
        command.env(name, value);
    }
    let mut lab = Process::start("the sealed lab", command, home.path());
    lab.await_ready(OPENING, || {
        get(format!("http://127.0.0.1:{}/health", port + 10))
            .try_send()
            .is_ok_and(|answer| answer.status == 200)
    });
    let health = get(format!("http://127.0.0.1:{}/health", port + 14)).send().ok().json();
    assert_eq!((&health["status"], &health["database"]), (&"ok".into(), &"up".into()), "{health}");

    // The script has become the lab: the number is still the same.
    let seen = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", lab.id())).expect("its process");
    let status = seen("status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    if geteuid().is_root() {
        assert!(field("Uid:").iter().chain(&field("Gid:")).all(|id| *id == NOBODY.to_string()), "{status}");
        assert_eq!((&field("NoNewPrivs:")[0], field("Groups:").len()), (&"1".to_owned(), 0), "{status}");
        assert_eq!(field("CapEff:"), ["0000000000000000"], "{status}");
    }
    let mounts = seen("mountinfo");
    let options = |place: &str| {
        let mut words = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let found = words.rfind(|words| words[4] == place);
        found.unwrap_or_else(|| panic!("{place}: {mounts}"))[5].to_owned()
    };
    assert!(options("/").starts_with("ro"), "{mounts}");
    assert!(options("/data").starts_with("rw"), "{mounts}");
    assert!(data.join("doorbuster.db").exists() && data.join("ledger.jsonl").exists());

    // The image's health check, behind the same walls; and of a place where nobody is.
    for (place, code) in [(port + 10, 0), (ports::one(), 2)] {
        let url = format!("http://127.0.0.1:{place}");
        let asked = sealed(&root, &data, &["ready", "--url", &url]).output().expect("it runs");
        assert_eq!(asked.status.code(), Some(code), "{}", String::from_utf8_lossy(&asked.stderr));
    }
}

#[test]
fn the_image_is_built_as_make_run_builds_and_belongs_to_nobody() {
    let text = dockerfile();
    let build = "cargo build --locked --profile lab";
    assert!(text.contains(build) && fs::read_to_string(at("Makefile")).expect("Makefile").contains(build));
    let last = text.rsplit("\nFROM ").next().expect("a stage");
    for line in [
        "USER 65532:65532",
        "VOLUME [\"/data\"]",
        "ENTRYPOINT [\"/usr/bin/doorbuster\"]",
        "    CMD [\"/usr/bin/doorbuster\", \"ready\", \"--url\", \"http://127.0.0.1:8010\"]",
    ] {
        assert!(last.lines().any(|one| one == line), "{line}");
    }
    // Nothing is run where there is no shell.
    assert!(!last.contains("\nRUN "), "{last}");
    for line in text.lines().filter_map(|line| line.strip_prefix("ARG ")).filter(|line| line.contains('=')) {
        let (_, image) = line.split_once('=').expect("a default");
        assert!(image.contains(':') && !image.ends_with(":latest"), "{line}");
    }
    // The tool chain is one that the package can be built with.
    let wanted = env!("CARGO_PKG_RUST_VERSION").split('.').nth(1).expect("a minor").parse::<u32>();
    let has = text.split("rust:1.").nth(1).and_then(|rest| rest.split('.').next()).expect("a version");
    assert!(has.parse::<u32>().expect("a number") >= wanted.expect("a number"), "{has}");
}

#[test]
fn whatever_is_compiled_in_goes_along_to_the_builder() {
    let ignored = fs::read_to_string(at(".dockerignore")).expect(".dockerignore");
    let folders: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('/')).collect();
    assert!(folders.contains(&"target") && folders.contains(&".git") && folders.contains(&"data"));
    // Cargo looks for every target it is told of, the tests' and benches' among them.
    for needed in
        ["Cargo.toml", "Cargo.lock", "askama.toml", "src", "benches", "tests", "alerts", "slo", "scenarios"]
    {
        assert!(!folders.iter().any(|folder| needed.starts_with(folder)), "{needed}");
    }
    let mut sources = Vec::new();
    walk(&at("src"), &mut sources);
    for file in sources {
        let text = fs::read_to_string(&file).expect("a source");
        for included in text.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let path = file.parent().expect("a folder").join(included).canonicalize().expect(included);
            let path = path.strip_prefix(at("").canonicalize().expect("the root")).expect("ours");
            let path = path.display().to_string();
            assert!(!folders.iter().any(|folder| path.starts_with(&format!("{folder}/"))), "{path}");
            assert!(!path.ends_with(".png"), "{path}");
        }
    }
}

fn walk(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => walk(&path, found),
            false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
            false => {}
        }
    }
}
