//! How findings are told: the table, JUnit XML and JSON.

use doorbuster::verify::{
    junit,
    report::{About, Report, summary},
};

use super::recorded::{all, timeline, timing};

const EXPECT: &str = r#"  - alert: { alertname: CardsFail, country: BR }
    fires_within: 10s
    notified: { receiver: tickets, within: 12s, exactly: 1 }
  - { alert: { alertname: NoTraffic }, inhibited_by: { alertname: ServiceDown } }
  - { metric: sum(errors), rises_above: 5, within: 10s }"#;

fn report() -> Report {
    let about = About {
        doorbuster: "0.1.0".to_owned(),
        prometheus: "2.42.0".to_owned(),
        alertmanager: "0.25.0".to_owned(),
        event_recorder: false,
        pace: "talk".to_owned(),
        seed: Some(42),
    };
    Report::new("Cards fail", all(EXPECT, &timeline()), about, timing(), timeline())
}

#[test]
fn a_person_reads_a_table_and_a_summary() {
    insta::assert_snapshot!(format!("{}{}", report().table(), summary(&[report()])));
}

#[test]
fn a_build_server_reads_junit() {
    let text = junit::document(&[report()]).expect("XML");
    // The timeline is as long as it is; that it is there is enough here.
    let (before, rest) = text.split_once("<system-out>").expect("the timeline");
    let (out, after) = rest.split_once("</system-out>").expect("its end");
    assert!(out.contains("CardsFail"), "{out}");
    insta::assert_snapshot!(format!("{before}…{after}"));
}

#[test]
fn a_program_reads_verdicts_with_their_reasons() {
    let value = serde_json::to_value(report()).expect("JSON");
    assert_eq!(value["outcome"], "broken");
    assert_eq!(value["findings"][0]["verdict"], "kept");
    assert_eq!(value["findings"][1]["why"], "wrong-receiver");
    assert_eq!(value["findings"][1]["receivers"][0], "payments");
    assert_eq!(value["timeline"]["phases"]["outage"], 1_010_000);
}
