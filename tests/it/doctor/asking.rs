//! Asks the doctor, as a person would and as a program would.

use std::process::Command;

use serde_json::Value;

use crate::servers::lab::Lab;

/// What it said, and what it ended with.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub text: String,
    pub complaint: String,
}

/// Asks the doctor about the lab at `url`.
pub fn at(url: &str, args: &[&str]) -> Said {
    knowing(url, args, &[])
}

/// Asks the doctor about the lab at `url`, with these variables and no others that name somebody.
pub fn knowing(url: &str, args: &[&str], variables: &[(&str, &str)]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    for name in ["DOORBUSTER_TOKEN", "LOKI_USERNAME", "LOKI_PASSWORD", "LOKI_BEARER_TOKEN", "LOKI_ORG_ID"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).args(["doctor", "--url", url]).args(args);
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let code = output.status.code().expect("it ended by itself");
    Said { code, text: text(output.stdout), complaint: text(output.stderr) }
}

/// Asks the doctor about `lab`.
pub fn of(lab: &Lab, args: &[&str]) -> Said {
    at(&lab.at(10, ""), args)
}

impl Said {
    /// The line that speaks of a signal and a destination, or of a backend.
    #[track_caller]
    pub fn line(&self, words: &[&str]) -> &str {
        let is_it =
            |line: &&str| line.split_whitespace().zip(words).filter(|(one, word)| one == *word).count();
        let found = self.text.lines().find(|line| is_it(line) == words.len());
        found.unwrap_or_else(|| panic!("nothing of {words:?}: {self:?}"))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
