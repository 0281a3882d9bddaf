//! The tokens by which a lab that listens beyond this machine tells its callers apart: the presenter's, which may do
//! anything, and the trainees', which reads signals and takes part in exercises.

use anyhow::{Result, bail};

use super::table::Row;

/// The variable of the presenter's. There is no flag: others on the machine can read a command line.
pub const VARIABLE: &str = "DOORBUSTER_TOKEN";
/// The variable of the trainees'. Without it there are none.
pub const TRAINEE_VARIABLE: &str = "DOORBUSTER_TRAINEE_TOKEN";
/// Characters below which a token can be guessed within an evening.
const FEW_CHARACTERS: usize = 16;

/// The tokens of this run.
pub struct Token {
    word: String,
    is_given: bool,
    trainee: Option<String>,
}

impl Token {
    /// Those that were given; without a presenter's, a new one that nobody can guess.
    pub fn read() -> Result<Self> {
        let (presenter, trainee) = (given(), variable(TRAINEE_VARIABLE));
        if presenter.is_some() && presenter == trainee {
            bail!("{TRAINEE_VARIABLE} is the same as {VARIABLE}: every trainee would be a presenter");
        }
        let is_given = presenter.is_some();
        let word = presenter.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
        Ok(Token { word, is_given, trainee })
    }

    pub fn word(&self) -> &str {
        &self.word
    }

    /// The trainees', if there is one.
    pub fn trainee(&self) -> Option<&str> {
        self.trainee.as_deref()
    }

    /// The one that was given, for whoever asks others.
    pub fn given(&self) -> Option<String> {
        self.is_given.then(|| self.word.clone())
    }

    /// What the start-up table says; one that was made just now is shown here and nowhere else.
    pub fn rows(&self) -> Vec<Row> {
        let presenter = match self.is_given {
            true => {
                let note = format!("needed to change anything{}", caution(&self.word));
                Row::new("token", format!("as {VARIABLE} says"), note)
            }
            false => Row::new("token", &self.word, format!("for this run; {VARIABLE} sets a lasting one")),
        };
        let trainee = self.trainee.as_ref().map(|word| {
            let note = format!("reads signals and takes part in exercises{}", caution(word));
            Row::new("trainees", format!("as {TRAINEE_VARIABLE} says"), note)
        });
        [presenter].into_iter().chain(trainee).collect()
    }
}

/// What the environment says.
pub fn given() -> Option<String> {
    variable(VARIABLE)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty())
}

/// What is to be said of a token that is short.
fn caution(word: &str) -> String {
    match word.chars().count() < FEW_CHARACTERS {
        true => format!("; WARNING: with fewer than {FEW_CHARACTERS} characters it can be guessed"),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_token_is_warned_of_and_never_shown() {
        let token = |word: &str| Token {
            word: word.to_owned(),
            is_given: true,
            trainee: Some("0123456789abcdef".to_owned()),
        };
        let rows = token("short").rows();
        assert!(rows[0].note.contains("WARNING: with fewer than 16 characters"), "{}", rows[0].note);
        assert!(!rows[1].note.contains("WARNING"), "{}", rows[1].note);
        assert!(rows.iter().all(|row| !format!("{} {}", row.place, row.note).contains("short ")));
        assert!(!token("0123456789abcdef").rows()[0].note.contains("WARNING"));
    }
}
