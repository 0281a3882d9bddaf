//! A Prometheus that has stopped scraping, and a ledger that cannot be written: the shop goes on, and the lab says so.

use std::{fs, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::beside::{SOON, number, ready, with_stack};
use crate::{browser::get, doctor::asking::of, servers::lab::Lab, waiting::until};

/// Five seconds without a move, on a busy machine.
const NAMED: Duration = Duration::from_secs(60);

/// The status of `/ready`, and the parts that stand still.
fn still(lab: &Lab) -> (u16, Vec<Value>) {
    let answer = get(lab.at(10, "/ready")).send();
    let all = answer.json()["components"].as_array().cloned().unwrap_or_default();
    (answer.status, all.into_iter().filter(|one| one["stalled"] == true).collect())
}

fn is_named(lab: &Lab, part: &str) -> bool {
    let (status, still) = still(lab);
    status == 503 && still.len() == 1 && still[0]["component"] == part
}

#[test]
fn a_prometheus_that_hangs_and_a_ledger_that_cannot_be_written_are_named_until_they_move_again() {
    let lab = with_stack().start();
    ready(&lab);
    until(SOON, "it is scraped", || {
        let body = get(lab.at(10, "/ready")).send().json();
        body["components"].as_array().into_iter().flatten().any(|one| one["component"] == "scrape")
    });
    let prometheus =
        i32::try_from(number(&lab, "prometheus")).ok().and_then(Pid::from_raw).expect("a number");
    kill_process(prometheus, Signal::STOP).expect("it runs");
    until(NAMED, "the scrape is named", || is_named(&lab, "scrape"));
    let said = of(&lab, &[]);
    assert_eq!(said.code, 1, "{said:?}");
    said.line(&["scrape", "stalled"]);
    kill_process(prometheus, Signal::CONT).expect("it runs");
    until(NAMED, "it is scraped again", || still(&lab) == (200, Vec::new()));

    let file = lab.data_dir().join("ledger.jsonl");
    fs::remove_file(&file).expect("it is there");
    fs::create_dir(&file).expect("made");
    until(NAMED, "the ledger is named", || is_named(&lab, "ledger"));
    let (_, parts) = still(&lab);
    assert!(parts[0]["reason"].as_str().is_some_and(|why| why.starts_with("ledger.jsonl: ")), "{parts:?}");
    assert_eq!(get(lab.shop("/products/1")).send().status, 200, "the shop needs neither");
    fs::remove_dir(&file).expect("empty");
    until(NAMED, "it is written again", || still(&lab) == (200, Vec::new()));
    assert!(file.is_file());
}
