//! What `doorbuster verify` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `doorbuster verify`.
#[derive(Args, Clone, Debug)]
pub struct Verify {
    /// Scenarios by name, or files of your own
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<String>,
    /// Control address of a lab that runs already, with its Prometheus and Alertmanager (default: one is started, and
    /// ended afterwards)
    #[arg(long, value_name = "URL", conflicts_with_all = ["pace", "rules", "alertmanager_config"])]
    pub url: Option<String>,
    /// How fast alerts are in the lab that is started
    #[arg(long, value_enum, default_value = "talk")]
    pub pace: QuickPace,
    /// What visits and faults follow from (default: the scenario's own)
    #[arg(long)]
    pub seed: Option<u64>,
    /// Your own rule files in place of those that come with the lab: files, folders or patterns such as `'my/*.yml'`
    #[arg(long, value_name = "FILES")]
    pub rules: Vec<String>,
    /// Your own `alertmanager.yml`: its routes and the names of its receivers as they are, and nobody but the lab is told
    #[arg(long, value_name = "FILE")]
    pub alertmanager_config: Option<PathBuf>,
    /// Go on to the next phase as soon as all that the one before promises has been seen
    #[arg(long)]
    pub hurry: bool,
    /// Stop at the first scenario that does not keep its promises
    #[arg(long)]
    pub fail_fast: bool,
    /// Write the findings as JUnit XML too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Print JSON, with everything that was seen
    #[arg(long)]
    pub json: bool,
    /// Write what was found as a page of Markdown
    #[arg(long, value_name = "FILE", hide = true)]
    pub page: Option<PathBuf>,
}

/// The paces that a person can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum QuickPace {
    /// Objectives over one hour: alerts within seconds
    Talk,
    /// Objectives over twelve hours, with the factors of production
    Stage,
}

impl QuickPace {
    pub fn name(self) -> &'static str {
        match self {
            QuickPace::Talk => "talk",
            QuickPace::Stage => "stage",
        }
    }
}
