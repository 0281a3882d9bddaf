//! What we build upon: under which licences, from where, and what we keep out. (Known vulnerabilities are not looked up:
//! that needs a database from the network, and a test has none.)

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// Licences that ask for no more than their text and their authors' names.
const LICENCES: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0", // webpki-roots: data, not code
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Kept out, and why.
const BANNED: [(&str, &str); 6] = [
    ("openssl", "TLS is rustls with ring: nothing to install on the user's machine"),
    ("openssl-sys", "as openssl"),
    ("native-tls", "as openssl"),
    ("aws-lc-sys", "needs cmake and minutes to build; ring does"),
    ("serde_yaml", "no longer maintained"),
    ("serde_yml", "no longer maintained"),
];

/// Two versions of one of these meet at a boundary sooner or later, and the types do not fit. (`prost` and `reqwest` are
/// there more than once: tracing-loki and pyroscope_pprofrs keep their own inside.)
const SINGLE: [&str; 16] = [
    "axum",
    "bytes",
    "http",
    "hyper",
    "hyper-util",
    "libsqlite3-sys", // links a C library: two would not link
    "opentelemetry",
    "opentelemetry-proto",
    "opentelemetry_sdk",
    "rustls",
    "serde",
    "sqlx",
    "tokio",
    "tower",
    "tracing",
    "tracing-subscriber",
];

struct Package {
    name: String,
    version: String,
    licence: String,
    source: Option<String>,
}

/// Every package of the lock file that is built for this platform.
fn packages() -> Vec<Package> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let run = |program: &str, args: &[&str]| {
        let ran = Command::new(program).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        let ran = ran.unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        assert!(ran.status.success(), "{program} failed: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).expect("UTF-8")
    };
    // The packages of other platforms have never been fetched.
    let version = run(&cargo, &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host");
    let metadata =
        run(&cargo, &["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", host]);
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let text = |package: &Value, field: &str| package[field].as_str().map(str::to_owned);
    let package = |package: &Value| Package {
        name: text(package, "name").unwrap_or_default(),
        version: text(package, "version").unwrap_or_default(),
        licence: text(package, "license").unwrap_or_default(),
        source: text(package, "source"),
    };
    metadata["packages"].as_array().expect("packages").iter().map(package).collect()
}

#[test]
fn every_dependency_has_a_licence_we_may_use() {
    let wrong: Vec<String> = packages()
        .iter()
        .filter(|package| !may_use(&package.licence))
        .map(|package| format!("{} {}: `{}`", package.name, package.version, package.licence))
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_dependency_comes_from_crates_io() {
    let wrong: Vec<String> = packages()
        .into_iter()
        .filter_map(|package| Some((package.name, package.source?)))
        .filter(|(_, source)| source != SOURCE)
        .map(|(name, source)| format!("{name} comes from {source}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn what_was_ruled_out_stays_out() {
    let here: BTreeSet<String> = packages().into_iter().map(|package| package.name).collect();
    let wrong: Vec<String> = BANNED
        .iter()
        .filter(|(name, _)| here.contains(*name))
        .map(|(name, why)| format!("{name}: {why}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn no_key_crate_is_there_twice() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        versions.entry(package.name).or_default().push(package.version);
    }
    let wrong: Vec<String> = SINGLE
        .iter()
        .filter_map(|name| Some((name, versions.get(*name)?)))
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| format!("{name}: {}", versions.join(", ")))
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Whether a licence expression (SPDX, and the older `MIT/Apache-2.0`) leaves us a way. AND binds tighter than OR.
fn may_use(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(&mut rest) && rest.is_empty()
}

fn any(rest: &mut &[&str]) -> bool {
    let mut good = all(rest);
    while rest.first() == Some(&"OR") {
        *rest = &rest[1..];
        good |= all(rest);
    }
    good
}

fn all(rest: &mut &[&str]) -> bool {
    let mut good = one(rest);
    while rest.first() == Some(&"AND") {
        *rest = &rest[1..];
        good &= one(rest);
    }
    good
}

fn one(rest: &mut &[&str]) -> bool {
    match **rest {
        ["(", ..] => {
            *rest = &rest[1..];
            let good = any(rest);
            let closed = rest.first() == Some(&")");
            *rest = rest.get(1..).unwrap_or_default();
            good && closed
        }
        [name, "WITH", exception, ..] => {
            *rest = &rest[3..];
            LICENCES.contains(&format!("{name} WITH {exception}").as_str())
        }
        [name, ..] => {
            *rest = &rest[1..];
            LICENCES.contains(&name)
        }
        [] => false,
    }
}

#[test]
fn a_licence_expression_is_read_as_it_is_meant() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
    ] {
        assert!(may_use(good), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT OR GPL-3.0 )", "(MIT", "MIT WITH strings", "CDDL-1.0"]
    {
        assert!(!may_use(bad), "{bad}");
    }
}
