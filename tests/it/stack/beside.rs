//! A lab with both beside it, and what there is to ask.

use std::{fs, process::Command, time::Duration};

use serde_json::{Value, json};

use crate::{
    browser::get,
    control::stream::Stream,
    servers::lab::{Lab, Plan},
    waiting::{until, until_some},
};

/// Both start within a second; a debug build on a busy machine makes them wait.
pub const SOON: Duration = Duration::from_secs(30);

/// A lab that brings them.
pub fn with_stack() -> Plan {
    for (program, package) in [("prometheus", "prometheus"), ("amtool", "prometheus-alertmanager")] {
        if crate::servers::process::on_path(&[program]).is_none() {
            crate::servers::process::missing(program, package);
        }
    }
    Plan::up().env("DOORBUSTER_STACK", "auto")
}

/// How the stack stands.
pub fn standing(lab: &Lab) -> Value {
    lab.control("/api/state").send().ok().json()["stack"].clone()
}

/// Waits until both are ready, and says how they stand.
#[track_caller]
pub fn ready(lab: &Lab) -> Value {
    until_some(SOON, "both are ready", || Some(standing(lab)).filter(|now| now["state"] == "ready"))
}

/// The number of a child's process.
pub fn number(lab: &Lab, part: &str) -> u32 {
    let file = lab.data_dir().join("stack").join(format!("{part}.pid"));
    fs::read_to_string(file).expect("its number").parse().expect("a number")
}

/// Whether there is a process of this number; one that has ended and was not waited for counts as gone.
pub fn runs(number: u32) -> bool {
    fs::read(format!("/proc/{number}/cmdline")).is_ok_and(|line| !line.is_empty())
}

/// What Prometheus answers to a query.
pub fn ask(stack: &Value, query: &str) -> Value {
    let query = serde_urlencoded::to_string([("query", query)]).expect("a text");
    let base = stack["prometheus"]["url"].as_str().expect("an address");
    get(format!("{base}/api/v1/query?{query}")).send().ok().json()["data"]["result"].clone()
}

/// What receivers were told.
pub fn told(lab: &Lab, query: &str) -> Vec<Value> {
    let notes = lab.control(&format!("/api/alerts/notifications{query}")).send().ok().json();
    notes.as_array().expect("a list").clone()
}

/// `doorbuster alerts list`.
fn listed(lab: &Lab, more: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    let said =
        command.args(["alerts", "list", "--url", &lab.at(10, "")]).args(more).output().expect("it runs");
    assert!(said.status.success(), "{said:?}");
    String::from_utf8(said.stdout).expect("text")
}

#[test]
fn what_burns_arrives_at_its_receiver_by_way_of_both() {
    let lab = with_stack().start();
    let address = format!("127.0.0.1:{}", lab.port_base + 10).parse().expect("an address");
    let mut events = Stream::open(address, "/api/events", "");
    let stack = ready(&lab);
    assert_eq!((&stack["pace"], &stack["prometheus"]["ours"]), (&json!("talk"), &json!(true)));
    let said = "prometheus http://127.0.0.1:";
    assert!(lab.said().contains("starting, talk pace") && lab.said().contains(said), "{}", lab.said());
    until(SOON, "it is scraped", || ask(&stack, "up{job=\"lab\"}")[0]["value"][1] == "1");
    let has_ours = || ask(&stack, "count(lab_service_expected)")[0]["value"][1].is_string();
    until(SOON, "the lab's own measurements are there", has_ours);
    let note =
        until_some(SOON, "the watchdog is heard", || told(&lab, "?receiver=watchdog").first().cloned());
    assert_eq!(
        (&note["status"], &note["alerts"][0]["labels"]["alertname"]),
        (&json!("firing"), &json!("Watchdog"))
    );
    assert_eq!(told(&lab, "?receiver=nobody"), Vec::<Value>::new());
    let heard = events.next_called("notification").data;
    assert_eq!((&heard["receiver"], &heard["id"]), (&json!("watchdog"), &note["id"]));
    let all = get(lab.at(10, "/api/alerts")).send().ok().json();
    let watchdog =
        all["alerts"].as_array().expect("a list").iter().find(|one| one["labels"]["alertname"] == "Watchdog");
    let watchdog = watchdog.unwrap_or_else(|| panic!("{all}"));
    assert_eq!((&watchdog["state"], &watchdog["receivers"]), (&json!("firing"), &json!(["watchdog"])));
    assert_eq!(watchdog["fingerprint"], note["alerts"][0]["fingerprint"]);
    until(SOON, "it is counted", || standing(&lab)["firing"].as_u64() >= Some(1));
    let shown = listed(&lab, &[]);
    assert!(shown.lines().any(|line| line.starts_with("Watchdog") && line.ends_with("watchdog")), "{shown}");
    let both: Value = serde_json::from_str(&listed(&lab, &["--json"])).expect("JSON");
    assert!(both["alerts"]["alerts"].is_array() && both["notifications"].is_array(), "{both}");
}

#[test]
fn a_lab_that_asks_for_its_token_gives_it_to_its_own_prometheus_and_alertmanager() {
    let plan = with_stack().args(&["--bind", "0.0.0.0"]);
    let lab = plan.env("DOORBUSTER_TOKEN", "0123456789abcdef").start();
    let stack = ready(&lab);
    until(SOON, "it is scraped", || ask(&stack, "up{job=\"lab\"}")[0]["value"][1] == "1");
    let refused = crate::browser::post(lab.at(10, "/receivers/watchdog"), json!({})).send();
    assert_eq!(refused.problem(401), "unauthenticated");
    until(SOON, "the watchdog is heard", || !told(&lab, "?receiver=watchdog").is_empty());
}
