//! What `doorbuster rules` takes.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};

use crate::rules::{pace::Pace, span};

/// `doorbuster rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Make rules, objectives or routes fit a pace: production, stage or talk
    Render(Render),
    /// Say all that is wrong with rules, objectives and routes: exit 0 when nothing is, 1 when something is, 2 when a
    /// file cannot be read
    Check(Check),
}

/// `doorbuster rules render`.
#[derive(Args, Clone, Debug)]
pub struct Render {
    /// Rule files, Sloth files, alertmanager.yml, window catalogues; folders and patterns such as `rules/*.yml` (default:
    /// the bundled ones)
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How fast time passes: production, stage or talk
    #[arg(long, env = "DOORBUSTER_PACE", default_value = "talk")]
    pub pace: Pace,
    /// Write files into this folder instead of printing them
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Let every receiver of an alertmanager.yml be the lab at this address, and nobody else; what DOORBUSTER_TOKEN says is
    /// put beside it, for Alertmanager to show
    #[arg(long, value_name = "URL", requires = "out")]
    pub sink: Option<String>,
}

/// `doorbuster rules check`.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// Rule files, Sloth files, alertmanager.yml, window catalogues; folders and patterns such as `rules/*.yml` (default:
    /// the bundled ones)
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The pace the files are meant for; how often is scraped and evaluated follows from it
    #[arg(long, default_value = "production")]
    pub pace: Pace,
    /// How often your Prometheus scrapes, such as 30s, when it is not as the pace has it
    #[arg(long, value_name = "DURATION", value_parser = span::read)]
    pub scrape_interval: Option<Duration>,
    /// How often your Prometheus evaluates rules, when it is not as the pace has it
    #[arg(long, value_name = "DURATION", value_parser = span::read)]
    pub evaluation_interval: Option<Duration>,
    /// Which series there are: the address of a Prometheus, or of a page of metrics (default: the lab's own, as known
    /// when it was built; then what is unknown is only a warning)
    #[arg(long, value_name = "URL")]
    pub metrics_from: Option<String>,
    /// Whether promtool and amtool are asked too, where they are installed
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Tools::Auto)]
    pub tools: Tools,
    /// Warnings count too
    #[arg(long)]
    pub strict: bool,
    /// Print JSON: an object with what was found and how many files were looked at
    #[arg(long)]
    pub json: bool,
}

/// Whether the servers' own tools are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tools {
    /// Those that are installed
    Auto,
    /// None of them
    Off,
}
