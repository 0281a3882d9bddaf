//! What the clients of a running lab take.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::lab::scenarios::ScenarioCommand;

/// What can be asked of a lab that runs.
#[derive(Debug, Subcommand)]
pub enum Remote {
    /// Ask a service whether it is ready: exit 0 when it is, 1 when not, 2 when nobody answers
    Ready(Ready),
    /// Switch the running lab between a normal evening and Black Friday
    Mode(Mode),
    /// End every fault and surge of the running lab, at once
    Calm(LabFlags),
    /// Check scenario files; list, show, start, stop and steer the scenarios of the running lab
    #[command(subcommand)]
    Scenario(ScenarioVerb),
    /// Set, clear and list faults of the running lab
    #[command(subcommand)]
    Fault(Fault),
    /// Show which alerts burn, who is told and what was told
    #[command(subcommand)]
    Alerts(Alerts),
    /// Show how the running lab is doing
    State(LabFlags),
    /// Show what was changed when, and what it did: a JSON object a line
    Ledger(Ledger),
    /// Ask whether signals arrive: exit 0 when all is fine, 1 when something is not, 2 when the lab cannot be asked
    Doctor(Doctor),
}

/// Which lab, and how its answer is shown.
#[derive(Args, Clone, Debug)]
pub struct LabFlags {
    /// Control address of the lab
    #[arg(long, env = "DOORBUSTER_URL", default_value = "http://127.0.0.1:8010")]
    pub url: String,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// `doorbuster ready`.
#[derive(Args, Clone, Debug)]
pub struct Ready {
    /// Address of the service
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    pub url: String,
}

/// `doorbuster mode`.
#[derive(Args, Clone, Debug)]
pub struct Mode {
    pub mode: ModeName,
    #[command(flatten)]
    pub lab: LabFlags,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ModeName {
    Normal,
    Blackfriday,
}

/// `doorbuster scenario`: some verbs need no lab.
#[derive(Debug, Subcommand)]
pub enum ScenarioVerb {
    #[command(flatten)]
    Here(ScenarioCommand),
    #[command(flatten)]
    There(Scenario),
}

/// What is asked of the lab's scenarios.
#[derive(Debug, Subcommand)]
pub enum Scenario {
    /// List the scenarios that can be started
    List(LabFlags),
    /// Print a scenario's file
    Show(Named),
    /// Start a scenario in place of the one that runs
    Start(Start),
    /// End the scenario; `normal` runs again
    Stop(LabFlags),
    /// Let its time stand still
    Pause(LabFlags),
    /// Let its time go on
    Resume(LabFlags),
    /// Go to the beginning of a phase
    Jump(Jump),
    /// Let its time run so many times as fast
    Speed(Speed),
}

#[derive(Args, Clone, Debug)]
pub struct Named {
    pub name: String,
    #[command(flatten)]
    pub lab: LabFlags,
}

#[derive(Args, Clone, Debug)]
pub struct Start {
    pub name: String,
    /// Replay the show of this seed, from the first visit on
    #[arg(long)]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub lab: LabFlags,
}

#[derive(Args, Clone, Debug)]
pub struct Jump {
    pub phase: String,
    #[command(flatten)]
    pub lab: LabFlags,
}

#[derive(Args, Clone, Debug)]
pub struct Speed {
    pub factor: f64,
    #[command(flatten)]
    pub lab: LabFlags,
}

/// `doorbuster fault`.
#[derive(Debug, Subcommand)]
pub enum Fault {
    /// Set a fault, by flags or from a file
    Set(Box<Set>),
    /// End a fault, or all of them
    Clear(Clear),
    /// List the faults that are active
    List(LabFlags),
}

/// `doorbuster fault set`. Words are passed on as they are: the lab knows which are right, and names the nearest.
#[derive(Args, Clone, Debug)]
pub struct Set {
    /// Its id: 1 to 64 lower-case letters, digits and dashes
    #[arg(required_unless_present = "file")]
    pub id: Option<String>,
    /// What happens, as in a scenario's file: `down`, or `delay: {fixed: 200ms}`
    #[arg(long, value_name = "YAML", required_unless_present = "file")]
    pub effect: Option<String>,
    /// Read the fault from a YAML or JSON file; flags say more, or something else
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How often: of the crossings that match, such as `35%`
    #[arg(long)]
    pub share: Option<String>,
    /// It comes gradually: `{over: 30s, from: 0%}`
    #[arg(long, value_name = "YAML")]
    pub ramp: Option<String>,
    /// It comes and goes: `{period: 60s}`
    #[arg(long, value_name = "YAML")]
    pub wave: Option<String>,
    #[command(flatten)]
    pub on: On,
    #[command(flatten)]
    pub lab: LabFlags,
}

/// Where a fault bites; what is left out matches all.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Where")]
pub struct On {
    #[arg(long)]
    pub service: Option<String>,
    /// inbound, outbound, database or cache
    #[arg(long)]
    pub seam: Option<String>,
    /// Such as `POST /charge`
    #[arg(long)]
    pub route: Option<String>,
    /// Such as `orders.insert`
    #[arg(long)]
    pub query: Option<String>,
    /// Who is asked
    #[arg(long)]
    pub peer: Option<String>,
    #[arg(long, value_delimiter = ',')]
    pub country: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    pub payment_method: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    pub tier: Vec<String>,
    /// Numbers of products
    #[arg(long, value_delimiter = ',')]
    pub product: Vec<i64>,
    #[arg(long, value_delimiter = ',')]
    pub category: Vec<String>,
    /// Only while the service runs as this version
    #[arg(long)]
    pub version: Option<String>,
}

/// `doorbuster fault clear`.
#[derive(Args, Clone, Debug)]
pub struct Clear {
    #[arg(required_unless_present = "all")]
    pub id: Option<String>,
    /// Every fault that is active, those of the scenario as well
    #[arg(long, conflicts_with = "id")]
    pub all: bool,
    #[command(flatten)]
    pub lab: LabFlags,
}

/// `doorbuster alerts`.
#[derive(Debug, Subcommand)]
pub enum Alerts {
    /// List the alerts that are pending or fire, and the last notifications
    List(LabFlags),
}

/// `doorbuster ledger`.
#[derive(Args, Clone, Debug)]
pub struct Ledger {
    /// Only lines about the fault of this id
    #[arg(long)]
    pub fault: Option<String>,
    /// Lines too about the faults that go on underneath every scenario
    #[arg(long)]
    pub baseline: bool,
    /// Only so many of the newest lines
    #[arg(long)]
    pub limit: Option<usize>,
    #[command(flatten)]
    pub lab: LabFlags,
}

/// `doorbuster doctor`.
#[derive(Args, Clone, Debug)]
pub struct Doctor {
    /// Base address of a Prometheus: it must have a fresh sample of every service
    #[arg(long, value_name = "URL")]
    pub prometheus: Option<String>,
    /// Base address of a Loki: it must have the log lines of a recent trace
    #[arg(long, value_name = "URL")]
    pub loki: Option<String>,
    /// Base address of a Tempo: it must have a recent trace, and all of its spans
    #[arg(long, value_name = "URL")]
    pub tempo: Option<String>,
    #[command(flatten)]
    pub lab: LabFlags,
}

impl Remote {
    /// Whether the answer is for a program.
    pub fn wants_json(&self) -> bool {
        let lab = match self {
            Remote::Ready(_) | Remote::Scenario(ScenarioVerb::Here(_)) => return false,
            Remote::Mode(Mode { lab, .. })
            | Remote::Calm(lab)
            | Remote::State(lab)
            | Remote::Alerts(Alerts::List(lab))
            | Remote::Ledger(Ledger { lab, .. })
            | Remote::Doctor(Doctor { lab, .. }) => lab,
            Remote::Scenario(ScenarioVerb::There(verb)) => verb.lab(),
            Remote::Fault(Fault::Set(set)) => &set.lab,
            Remote::Fault(Fault::Clear(Clear { lab, .. }) | Fault::List(lab)) => lab,
        };
        lab.json
    }
}

impl Scenario {
    pub fn lab(&self) -> &LabFlags {
        match self {
            Scenario::List(lab)
            | Scenario::Stop(lab)
            | Scenario::Pause(lab)
            | Scenario::Resume(lab)
            | Scenario::Show(Named { lab, .. })
            | Scenario::Start(Start { lab, .. })
            | Scenario::Jump(Jump { lab, .. })
            | Scenario::Speed(Speed { lab, .. }) => lab,
        }
    }
}
