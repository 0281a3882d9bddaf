//! The scenarios that come with the lab.

use std::path::Path;

use doorbuster::scenario::parse;

#[test]
fn every_bundled_file_is_read() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in std::fs::read_dir(directory).expect("scenarios") {
        let path = entry.expect("entry").path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).expect("text");
            if let Err(wrong) = parse::read(&path.display().to_string(), &text) {
                panic!("{}", wrong.iter().map(ToString::to_string).collect::<String>());
            }
        }
    }
}
