//! What is to be started: said by the lab, made into files and flags by `prometheus` and `alertmanager`.

use std::path::PathBuf;

use crate::rules::pace::Pace;

/// A Prometheus and an Alertmanager of the lab's own.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where everything of theirs is kept: configuration, data, what they said.
    pub dir: PathBuf,
    pub pace: Pace,
    /// Whose measurements are fetched: `host:port`, with `/metrics` understood.
    pub targets: Vec<String>,
    /// Names and texts; the names are plain file names.
    pub rule_files: Vec<(String, String)>,
    /// The text of `alertmanager.yml`.
    pub alertmanager: String,
    /// A program instead of the one on the PATH.
    pub prometheus_bin: Option<PathBuf>,
    /// The same.
    pub alertmanager_bin: Option<PathBuf>,
    /// The port that Prometheus is to have; Alertmanager has the next. Others, near by, where these are taken.
    pub first_port: u16,
    /// The word that opens the lab to Alertmanager's webhooks, where the lab asks for one.
    pub token: Option<String>,
}
