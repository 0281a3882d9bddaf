//! The ledger survives what kills the lab, and is never a signal.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use super::desk::{calm, count, ledger, set_fault};
use crate::{browser::get, otlp::receiver::Receiver, servers::lab::Plan, waiting::until};

#[test]
fn who_did_what_is_there_after_kill_9_and_in_no_signal() {
    let receiver = Receiver::start();
    let endpoint = receiver.endpoint();
    let mut lab =
        Plan::up().env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint).env("OTEL_LOGS_EXPORTER", "otlp").start();
    let fault = json!({"on": {"service": "ads"}, "share": "50%", "effect": {"fail": {"status": {"503": 1}}}});
    set_fault(&lab, "quaint-marker", fault);
    for _ in 0..200 {
        get(lab.at(17, "/ads")).send();
    }
    let (matched, hit) = count(&lab, "quaint-marker");
    assert_eq!(matched, 200);
    assert!((60..140).contains(&hit), "{hit}");
    until(Duration::from_secs(5), "the counts are entered", || {
        ledger(&lab).iter().any(|line| line["what"] == "counted" && line["hit"] == hit)
    });
    let lines = ledger(&lab);
    let set = lines.iter().find(|line| line["what"] == "set").expect("it was set");
    assert_eq!((&set["fault"], &set["by"]), (&json!("quaint-marker"), &json!("manual")));
    assert_eq!(set["definition"]["effect"]["fail"]["status"]["503"], 1.0);
    assert!(lines.iter().any(|line| line["what"] == "command" && line["by"] == "api"));
    let counted = lines.iter().rfind(|line| line["what"] == "counted").expect("counted");
    assert_eq!(counted["trace_ids"].as_array().expect("a list").len().min(100), hit.min(100) as usize);
    until(Duration::from_secs(5), "the spans are sent", || receiver.received().spans.len() > 150);
    calm(&lab);
    until(Duration::from_secs(5), "its end is entered", || {
        ledger(&lab).iter().any(|line| line["what"] == "cleared" && line["hit"] == hit)
    });
    lab.kill();

    let file = fs::read_to_string(lab.data_dir().join("ledger.jsonl")).expect("a ledger");
    let kept: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(kept.iter().any(|line| line["what"] == "cleared" && line["fault"] == "quaint-marker"));
    let lines = format!("{:?}", lab.lines());
    assert!(!lines.contains("quaint-marker") && !lines.contains("fault"), "a log line speaks of it");
    let received = format!("{:?}", receiver.received());
    assert!(!received.contains("quaint-marker"), "a signal speaks of it");
}
