//! `doorbuster verify` as a person or a pipeline runs it, from the fault to the receiver: with a lab, a real Prometheus and
//! a real Alertmanager of its own. In a hurry, so that a phase ends when all that it promises has been seen.

use std::{fs, process::Command, time::Duration};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    servers::{
        lab::Plan,
        process::{Process, home},
    },
    waiting::until,
};

/// Longer than any of these takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);
/// Ten minutes, and what comes before and after on a busy machine.
const EVENING: Duration = Duration::from_secs(20 * 60);

/// A verification that has come to its end.
pub struct Played {
    pub code: Option<i32>,
    pub said: String,
    pub printed: String,
    pub home: TempDir,
}

impl Played {
    /// What was printed with `--json`.
    #[track_caller]
    fn reports(&self) -> Value {
        serde_json::from_str(&self.printed)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.printed, self.said))
    }

    /// All promises were kept; else the table of what was not.
    #[track_caller]
    pub fn kept(&self) {
        assert_eq!(self.code, Some(0), "{}\n{}", self.printed, self.said);
    }

    /// The finding about `about` and `claim`.
    #[track_caller]
    fn finding(&self, about: &str, claim: &str) -> Value {
        let reports = self.reports();
        let mut findings =
            reports.as_array().into_iter().flatten().flat_map(|one| one["findings"].as_array());
        let all = findings.next().cloned().unwrap_or_default();
        let found = all.iter().find(|one| one["about"] == about && one["claim"] == claim);
        found.cloned().unwrap_or_else(|| panic!("nothing about {about} {claim} in {all:?}"))
    }
}

/// A verification that is under way. The process is declared before the folder: it ends before the folder goes.
struct Playing {
    process: Process,
    home: TempDir,
}

impl Playing {
    fn ended(mut self, patience: Duration) -> Played {
        let code = self.process.wait(patience).code();
        let (said, printed) = (self.process.stderr(), self.process.stdout());
        Played { code, said, printed, home: self.home }
    }
}

/// Runs `doorbuster verify` with `arguments` to its end.
pub fn verify(arguments: &[&str], variables: &[(&str, &str)], patience: Duration) -> Played {
    begin(arguments, variables).ended(patience)
}

/// Starts it, with nothing of what the machine says about labs.
fn begin(arguments: &[&str], variables: &[(&str, &str)]) -> Playing {
    let home = home("verify");
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("DOORBUSTER_") || name.ends_with("_URL"))
    {
        command.env_remove(name);
    }
    command.arg("verify").args(arguments).current_dir(home.path()).envs(variables.iter().copied());
    let process = Process::start("doorbuster verify", command, home.path());
    Playing { process, home }
}

/// The same, without more time than it needs.
pub fn hurried(arguments: &[&str]) -> Played {
    verify(&[&["--hurry"], arguments].concat(), &[], PATIENCE)
}

#[test]
#[ignore = "long: make test-long"]
fn ten_minutes_of_normal_are_silent_but_for_the_watchdog() {
    verify(&["normal"], &[], EVENING).kept();
}

#[test]
#[ignore = "long: make test-long"]
fn a_service_that_is_down_is_told_once_its_symptom_is_held_back_and_in_the_end_all_is_over() {
    let played = hurried(&["service-down"]);
    played.kept();
    let told =
        ["NoTrafficDetected{service_name=shipping}", "held back by ServiceDown{service_name=shipping}"];
    for part in told.iter().chain(&["told to platform once", "resolved", "is over at the end"]) {
        assert!(played.printed.contains(part), "{part}: {}", played.printed);
    }
    assert!(played.said.contains("→ platform: ServiceDown{service_name=shipping} fires"), "{}", played.said);
}

#[test]
#[ignore = "long: make test-long"]
fn a_country_that_cannot_pay_pages_those_who_can_help() {
    hurried(&["payment-outage-brazil"]).kept();
}

#[test]
#[ignore = "long: make test-long"]
fn a_pool_that_runs_out_is_told_of_until_it_is_full_again() {
    hurried(&["pool-exhaustion"]).kept();
}

#[test]
fn a_scenario_that_promises_only_metrics_is_judged_by_queries() {
    hurried(&["crm-down", "broken-trace"]).kept();
}

/// Everything that it promises is wrong in a way of its own.
const BROKEN: &str = r#"
name: every-promise-broken
title: Promises that nobody keeps
story: Shipping is down, and whoever wrote this expected something else.
audience: A table without one good line.
phases:
  - { at: 0s, name: calm, cue: "Calm." }
  - at: 20s
    name: down
    cue: "Down."
    faults: [{ id: shipping-listener, on: { service: shipping }, effect: down }]
  - { at: 60s, name: recovery, cue: "Up.", clear: all }
expect:
  - alert: { alertname: ServiceDown, service_name: shipping }
    fires_within: 1s
    notified: { receiver: business, within: 30s }
  - { alert: { alertname: ServiceDown }, inhibited_by: { alertname: Watchdog } }
  - { alert: { alertname: ServiceDown }, after: recovery, resolved_within: 100ms }
  - { metric: vector(1), rises_above: 2, within: 5s }
allow: []
"#;

#[test]
#[ignore = "long: make test-long"]
fn a_route_of_one_s_own_that_looks_right_is_found_to_lead_nowhere_as_the_page_says() {
    let at = |file: &str| format!("{}/docs/verify/{file}", env!("CARGO_MANIFEST_DIR"));
    let (scenario, routes) = (at("my-service-down.yaml"), at("alertmanager.broken.yml"));
    let played = hurried(&[&scenario, "--alertmanager-config", &routes, "--json"]);
    assert_eq!(played.code, Some(1), "{}\n{}", played.printed, played.said);
    let finding = played.finding("ServiceDown{service_name=shipping}", "told to platform-pager once");
    assert_eq!(finding["why"], "wrong-receiver", "{finding:#}");
    assert_eq!(finding["receivers"], serde_json::json!(["mailbox-nobody-reads"]));
    assert!(played.said.contains("smtp_smarthost"), "what is left out is named: {}", played.said);
}

#[test]
#[ignore = "long: make test-long"]
fn each_way_to_break_a_promise_is_found_in_a_real_run_and_written_for_a_build_server() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("every-promise-broken.yaml");
    fs::write(&file, BROKEN).expect("written");
    let file = file.display().to_string();
    let played = verify(&[&file, "--json", "--junit", "found.xml"], &[], PATIENCE);
    assert_eq!(played.code, Some(1), "{}\n{}", played.printed, played.said);
    let down = "ServiceDown{service_name=shipping}";
    for (about, claim, why) in [
        (down, "fires", "late"),
        (down, "told to business", "wrong-receiver"),
        ("ServiceDown", "held back by Watchdog", "not-inhibited"),
        ("ServiceDown", "resolved", "late"),
        ("vector(1)", "rises above 2", "missing"),
        ("any other alert", "never fires", "unexpected"),
    ] {
        let finding = played.finding(about, claim);
        assert_eq!(finding["why"], why, "{finding:#}");
    }
    let wrong = played.finding(down, "told to business");
    assert_eq!(wrong["receivers"], serde_json::json!(["oncall", "platform"]));
    let junit = fs::read_to_string(played.home.path().join("found.xml")).expect("written");
    for part in ["<testsuite name=\"every-promise-broken\"", "type=\"wrong-receiver\"", "type=\"unexpected\""]
    {
        assert!(junit.contains(part), "{part}: {junit}");
    }
}

#[test]
fn what_is_not_ready_is_no_pass() {
    let none = verify(&["service-down"], &[("DOORBUSTER_PROMETHEUS_BIN", "/does/not/exist")], PATIENCE);
    assert_eq!(none.code, Some(2), "{}", none.said);
    assert!(none.said.contains("/does/not/exist"), "{}", none.said);
    let lab = Plan::up().start();
    let off = verify(&["service-down", "--url", &lab.at(10, "")], &[], PATIENCE);
    assert_eq!(off.code, Some(2), "{}", off.said);
    assert!(off.said.contains("--stack is off"), "{}", off.said);
    let nobody = verify(&["service-dwn"], &[], PATIENCE);
    assert_eq!(nobody.code, Some(2), "{}", nobody.said);
    assert!(nobody.said.contains("did you mean `service-down`"), "{}", nobody.said);
}

/// Whose process it is, by the file in which the lab of this verification keeps it.
fn child_of(verification: u32, part: &str) -> Option<Pid> {
    let home = std::env::temp_dir().join(format!("doorbuster-verify-{verification}"));
    let number = fs::read_to_string(home.join("data/stack").join(format!("{part}.pid"))).ok()?;
    Pid::from_raw(number.trim().parse().ok()?)
}

#[test]
fn a_prometheus_that_stops_answering_is_no_pass_and_nothing_is_left_behind() {
    let playing = begin(&["--hurry", "cache-outage", "--json"], &[]);
    until(PATIENCE, "the scenario is played", || playing.process.stderr().contains("  outage"));
    let prometheus = child_of(playing.process.id(), "prometheus").expect("a number");
    kill_process(prometheus, Signal::STOP).expect("it is there");
    let played = playing.ended(PATIENCE);
    assert_eq!(played.code, Some(2), "{}\n{}", played.printed, played.said);
    let finding = played.finding("any other alert", "never fires");
    assert_eq!(finding["verdict"], "could_not_tell", "{finding:#}");
    until(PATIENCE, "Prometheus has ended", || test_kill_process(prometheus).is_err());
}

#[test]
fn one_that_is_interrupted_says_so_to_the_build_server_too_and_leaves_nothing_behind() {
    let playing = begin(&["crm-down", "service-down", "--junit", "found.xml"], &[]);
    until(PATIENCE, "the lab is ready", || playing.process.stderr().contains("waiting until all is calm"));
    let number = playing.process.id();
    let prometheus = child_of(number, "prometheus").expect("a number");
    playing.process.signal(Signal::INT);
    let played = playing.ended(PATIENCE);
    assert_eq!(played.code, Some(2), "{}", played.said);
    let junit = fs::read_to_string(played.home.path().join("found.xml")).expect("written");
    for part in ["<testsuite name=\"crm-down\"", "<testsuite name=\"service-down\"", "interrupted"] {
        assert!(junit.contains(part), "{part}: {junit}");
    }
    assert!(test_kill_process(prometheus).is_err(), "Prometheus has ended");
    assert!(!std::env::temp_dir().join(format!("doorbuster-verify-{number}")).exists());
}
