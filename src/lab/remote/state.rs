//! `doorbuster state` and `doorbuster ledger`.

use serde::Serialize;
use serde_json::Value;

use super::{
    fault,
    flags::Ledger,
    lab::{Answer, Lab, No, cell},
};
use crate::lab::table::{Row, render};

pub async fn state(lab: &Lab) -> Answer {
    let state: Value = lab.ask(Lab::get("/api/state")).await?;
    Ok(lab.show(&state, summary))
}

pub async fn ledger(flags: &Ledger) -> Answer {
    #[derive(Serialize)]
    struct Wanted<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<&'a str>,
        baseline: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    }
    let wanted = Wanted { fault: flags.fault.as_deref(), baseline: flags.baseline, limit: flags.limit };
    let lines = Lab::new(&flags.lab)?.read(Lab::get("/api/ledger").query(&wanted)).await?;
    String::from_utf8(lines.into()).map_err(|_| No::CouldNot("the answer is no text".to_owned()))
}

/// The state on one screen.
fn summary(state: &Value) -> String {
    let scenario = &state["scenario"];
    let mut rows = Vec::new();
    if scenario.is_object() {
        rows.push(Row::new("scenario", cell(&scenario["name"]), cell(&scenario["title"])));
        rows.push(Row::new("phase", cell(&scenario["phase"]), cell(&scenario["cue"])));
        if scenario["next_phase"].is_string() {
            let next_in = scenario["next_in_seconds"].as_f64();
            let note = next_in.map_or("paused".to_owned(), |seconds| format!("in {seconds:.0} s"));
            rows.push(Row::new("next", cell(&scenario["next_phase"]), note));
        }
        let elapsed = scenario["elapsed_seconds"].as_f64().unwrap_or_default();
        let paused = if scenario["paused"] == true { ", paused" } else { "" };
        let speed = scenario["speed"].as_f64().filter(|speed| *speed != 1.0);
        let speed = speed.map(|speed| format!(", {speed} times as fast")).unwrap_or_default();
        rows.push(Row::new("elapsed", format!("{elapsed:.0} s{paused}{speed}"), ""));
    }
    let load = &state["load"];
    let per_minute = load["visits_per_minute"].as_f64().unwrap_or_default();
    rows.push(Row::new(
        "load",
        format!("{per_minute:.0} visits a minute"),
        format!("seed {}", cell(&state["seed"])),
    ));
    let requests = &state["shoppers"]["requests"];
    let bad: u64 = ["server_error", "lost"].iter().filter_map(|name| requests[name].as_u64()).sum();
    let ok = requests["ok"].as_u64().unwrap_or_default();
    rows.push(Row::new(
        "requests",
        format!("{ok} fine"),
        format!("{bad} failed or lost, since the lab opened"),
    ));
    for follower in state["followers"].as_array().into_iter().flatten() {
        rows.push(Row::new(
            "follower",
            cell(&follower["process"]),
            format!("since {}", cell(&follower["since"])),
        ));
    }
    let faults = state["faults"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mode = format!("mode {}, setting {}", cell(&state["mode"]), cell(&state["revision"]));
    let text = render(&mode, &rows);
    if faults.is_empty() { format!("{text}  no fault is active\n\n") } else { text + &fault::faults(faults) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_state_fits_a_screen_and_says_what_a_presenter_needs() {
        let shown = summary(&json!({
            "mode": "payment-outage-brazil", "seed": 42, "revision": "1-7",
            "scenario": {"name": "payment-outage-brazil", "title": "Cards fail in Brazil", "phase": "calm",
                "cue": "This is a normal evening.", "next_phase": "outage", "next_in_seconds": 41.6,
                "elapsed_seconds": 18.4, "paused": false, "speed": 2.0},
            "load": {"visits_per_minute": 240.0}, "faults": [],
            "shoppers": {"requests": {"ok": 12, "server_error": 1, "lost": 1}},
            "followers": [{"process": "checkout-1", "since": "now"}],
        }));
        for word in [
            "Cards fail",
            "normal evening",
            "outage",
            "in 42 s",
            "2 times as fast",
            "240 visits",
            "2 failed",
            "checkout-1",
            "no fault",
        ] {
            assert!(shown.contains(word), "{word}: {shown}");
        }
    }
}
