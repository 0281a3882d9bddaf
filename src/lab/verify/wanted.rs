//! Which scenarios are meant, by what the command line says.

use std::path::Path;

use crate::{
    kernel::text_file,
    scenario::{library::Library, parse, spec::Spec},
};

/// A scenario that is to be verified.
#[derive(Debug)]
pub struct Wanted {
    pub spec: Spec,
    /// The text of a file that the lab does not come with.
    pub text: Option<String>,
}

/// Names and files become scenarios; all that is wrong with them is said at once.
pub fn scenarios(words: &[String]) -> Result<Vec<Wanted>, String> {
    let library = Library::new(None);
    let mut wrong = Vec::new();
    let mut wanted: Vec<Wanted> = Vec::new();
    for word in words {
        match scenario(&library, word) {
            Ok(one) if wanted.iter().any(|other| other.spec.name == one.spec.name) => {
                wrong.push(format!("{word}: `{}` is named twice", one.spec.name));
            }
            Ok(one) if one.spec.expect.is_empty() => {
                wrong.push(format!("{word}: no expectation: nothing can be verified"));
            }
            Ok(one) => wanted.push(one),
            Err(why) => wrong.push(why),
        }
    }
    if wrong.is_empty() { Ok(wanted) } else { Err(wrong.join("\n")) }
}

fn scenario(library: &Library, word: &str) -> Result<Wanted, String> {
    let is_file = word.contains('/') || word.ends_with(".yaml") || word.ends_with(".yml");
    if !is_file {
        let spec = library.get(word).ok_or_else(|| library.unknown(word))?;
        return Ok(Wanted { spec: (*spec).clone(), text: None });
    }
    let text = text_file::read(Path::new(word), parse::MOST_BYTES as u64);
    let text = text.map_err(|error| format!("{word}: {error}"))?;
    let spec = parse::read(word, &text)
        .map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<String>().trim_end().to_owned())?;
    match library.source(&spec.name) {
        Some(bundled) if bundled == text => Ok(Wanted { spec, text: None }),
        Some(_) => Err(format!("{word}: `{}` is the name of a scenario that comes with the lab", spec.name)),
        None => Ok(Wanted { spec, text: Some(text) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let words = ["normall", "service-down", "service-down", "nowhere/at-all.yaml"].map(str::to_owned);
        let why = scenarios(&words).expect_err("three are wrong");
        for part in ["`normal`", "`service-down` is named twice", "nowhere/at-all.yaml: "] {
            assert!(why.contains(part), "{part}: {why}");
        }
    }
}
