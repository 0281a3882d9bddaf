//! The word that whoever changes a lab must know, where the lab listens beyond this machine.

use super::table::Row;

/// The variable that holds it. There is no flag: others on the machine can read a command line.
pub const VARIABLE: &str = "DOORBUSTER_TOKEN";

/// The token of this run.
pub struct Token {
    word: String,
    is_given: bool,
}

impl Token {
    /// The one that was given, or a new one that nobody can guess.
    pub fn read() -> Self {
        match given() {
            Some(word) => Token { word, is_given: true },
            None => Token { word: format!("{:032x}", rand::random::<u128>()), is_given: false },
        }
    }

    pub fn word(&self) -> &str {
        &self.word
    }

    /// The one that was given, for whoever asks others.
    pub fn given(&self) -> Option<String> {
        self.is_given.then(|| self.word.clone())
    }

    /// What the start-up table says; one that was made just now is shown here and nowhere else.
    pub fn row(&self) -> Row {
        match self.is_given {
            true => Row::new("token", format!("as {VARIABLE} says"), "needed to change anything"),
            false => Row::new("token", &self.word, format!("for this run; {VARIABLE} sets a lasting one")),
        }
    }
}

/// What the environment says.
pub fn given() -> Option<String> {
    std::env::var(VARIABLE).ok().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty())
}
