//! The files the laws look at: those of this package, or made up ones in a law's own test.

use std::{fs, path::Path};

use super::source;

/// Source files, in the order of their paths.
pub struct House {
    pub files: Vec<File>,
}

/// One source file.
pub struct File {
    /// From the root of the package, with slashes: `src/kernel/money.rs`.
    pub path: String,
    pub text: String,
    /// `text` without comments and without what stands in literals; as long, so that places stay the same.
    pub code: String,
}

impl House {
    /// Every Rust file of `src`, `tests` and `benches`.
    pub fn ours() -> House {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        ["src", "tests", "benches"]
            .into_iter()
            .for_each(|folder| collect(root, &root.join(folder), &mut files));
        assert!(!files.is_empty(), "no source files under {}", root.display());
        House::of(files)
    }

    /// A made-up house: paths and texts.
    pub fn of<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> House {
        let file = |(path, text): (P, T)| {
            let text = text.into();
            File { path: path.into(), code: source::code(&text), text }
        };
        let mut files: Vec<File> = files.into_iter().map(file).collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        House { files }
    }

    /// The files that make up the program.
    pub fn program(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.starts_with("src/"))
    }
}

impl File {
    /// Its place in the tree of modules: `["kernel", "money"]`; a `mod.rs` stands for its folder, `lib.rs` for the root.
    pub fn module(&self) -> Vec<String> {
        let inside = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
        if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            module.pop();
        }
        module
    }

    /// The layer it belongs to; none for `lib.rs` and `main.rs`.
    pub fn layer(&self) -> Option<String> {
        self.module().into_iter().next()
    }

    /// Whether it is there to list other files.
    pub fn is_contents(&self) -> bool {
        self.path.ends_with("/mod.rs") || self.path == "src/lib.rs"
    }

    /// Every module path the file names: in its code, and in its tests (which are a module inside it).
    pub fn paths(&self) -> Vec<Vec<String>> {
        let (code, tests) = source::split_tests(&self.code);
        let mut paths = source::paths(&code, &self.module());
        let inner = [self.module(), vec!["tests".to_owned()]].concat();
        paths.extend(source::paths(&tests, &inner));
        paths
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let inside = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            files.push((inside, fs::read_to_string(&path).expect("a source file can be read")));
        }
    }
}

/// Fails with all offences at once.
#[track_caller]
pub fn kept(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n  {}\n", offences.join("\n  "));
}

#[test]
fn our_own_files_are_found() {
    let house = House::ours();
    let is_there = |path: &str| house.files.iter().any(|file| file.path == path);
    assert!(is_there("src/kernel/money.rs") && is_there("tests/it/tidy/house.rs"));
}

#[test]
fn a_file_knows_its_place() {
    let house = House::of([("src/lib.rs", ""), ("src/shop/cart/api.rs", ""), ("src/shop/cart/mod.rs", "")]);
    let modules: Vec<String> = house.files.iter().map(|file| file.module().join("::")).collect();
    assert_eq!(modules, ["", "shop::cart::api", "shop::cart"]);
    assert_eq!(house.files[1].layer().as_deref(), Some("shop"));
}
