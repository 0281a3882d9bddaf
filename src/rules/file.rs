//! A rule file as it came.

use super::{flaw::Flaws, pace::Pace};

pub struct RuleFile(String);

impl RuleFile {
    pub fn parse(_: &str, text: &str) -> Result<RuleFile, Flaws> {
        Ok(RuleFile(text.to_owned()))
    }

    pub fn at(self, _: Pace) -> Result<RuleFile, Flaws> {
        Ok(self)
    }

    pub fn text(&self) -> String {
        self.0.clone()
    }
}
