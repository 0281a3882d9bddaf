//! Files with something wrong in them, and the exact words in which that is said.

use doorbuster::scenario::parse;

const GOOD: &str = r#"name: outage
title: Cards fail
story: Cards fail for some.
audience: One line rises.
phases:
  - at: 0s
    name: calm
  - at: 60s
    name: outage
    faults:
      - id: br-cards
        on: { service: payment-provider, route: POST /charge, country: [BR] }
        share: 35%
        effect: { fail: { status: { 500: 2, 503: 1 } } }
  - at: 4m
    name: recovery
    clear: [br-cards]
expect:
  - alert: { alertname: HighErrorRate }
    fires_within: 60s
"#;

/// What is said of the good file with `old` replaced by `new`.
fn said(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "`{old}` is not in the file");
    said_of(&GOOD.replacen(old, new, 1))
}

fn said_of(text: &str) -> String {
    match parse::read("outage.yaml", text) {
        Ok(_) => "nothing is wrong\n".to_owned(),
        Err(wrong) => wrong.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_good_file_is_good() {
    assert_eq!(said_of(GOOD), "nothing is wrong\n");
}

#[test]
fn a_file_that_has_no_form_says_where_it_ends_to_have_one() {
    let cases = [
        ("name: outage", "name: [outage"),
        ("title: Cards fail", "title: Cards: fail"),
        ("    name: calm", "   name: calm"),
        ("title: Cards fail", "\ttitle: Cards fail"),
        ("title: Cards fail", "title: !!str Cards fail"),
        ("phases:", "...\n---\nphases:"),
    ];
    insta::assert_snapshot!(table(&cases));
}

#[test]
fn a_field_that_does_not_fit_is_named_with_the_nearest_right_word() {
    let cases = [
        ("title:", "titel:"),
        ("title: Cards fail\n", ""),
        ("title: Cards fail", "title: Cards fail\ntitle: Again"),
        ("title: Cards fail", "title: 42"),
        ("title: Cards fail", "title:"),
        ("phases:", "seed: -1\nphases:"),
        ("phases:", "baseline: maybe\nphases:"),
        ("service: payment-provider", "service: payment-providr"),
        ("[BR]", "[BZ]"),
        ("[BR]", "[BR, XX, 7]"),
        ("[BR]", "BR"),
        ("POST /charge", "POST /chrage"),
        ("share: 35%", "share: 135%"),
        ("share: 35%", "share: 35"),
        ("share: 35%", "share: a third"),
        ("share:", "shar:"),
        ("fail: {", "dealy: {"),
        ("effect: { fail: { status: { 500: 2, 503: 1 } } }", "effect: delay"),
        ("effect: { fail: { status: { 500: 2, 503: 1 } } }", "effect: explode"),
        ("effect: { fail: { status: { 500: 2, 503: 1 } } }", "effect: { delay: { fixd: 1s } }"),
        ("effect: { fail: { status: { 500: 2, 503: 1 } } }", "effect: { hang: now }"),
        ("effect: { fail: { status: { 500: 2, 503: 1 } } }", "effect: { hang: , down: }"),
        ("effect: { fail: { status: { 500: 2, 503: 1 } } }", "effct: hang"),
        ("500: 2", "5oo: 2"),
        ("500: 2", "500: many"),
        ("at: 60s", "at: 60"),
        ("at: 60s", "at: soon"),
        ("at: 60s", "at: 9weeks"),
        ("  - at: 4m\n", "  - later\n  - at: 4m\n"),
        ("clear: [br-cards]", "clear: everything"),
        ("name: calm", "name: calm\n    load: { countries: { BZ: 1 }, visits: 3 }"),
        ("name: calm", "name: calm\n    releases: { payment: 1.1.0 }"),
        ("fires_within", "fires_withn"),
        ("fires_within: 60s", "inhibited_by: ServiceDown"),
        ("fires_within: 60s", "inhibitd_by: { alertname: ServiceDown }"),
        ("expect:", "allow: Watchdog\nexpect:"),
    ];
    insta::assert_snapshot!(table(&cases));
}

#[test]
fn what_can_be_read_but_cannot_be_is_refused() {
    let cases = [
        ("name: outage\n", "name: stop\n"),
        ("name: outage\n", "name: An Outage\n"),
        ("title: Cards fail", "title: ''"),
        ("at: 0s", "at: 5s"),
        ("at: 4m", "at: 60s"),
        ("name: recovery", "name: calm"),
        ("phases:", "loop: true\nphases:"),
        ("phases:", "lasts: 3m\nphases:"),
        ("phases:", "load: { visits_per_minute: -3, think_time_scale: 1000, countries: { US: 0 } }\nphases:"),
        ("name: calm", "name: calm\n    load: {}"),
        ("clear: [br-cards]", "clear: [br-crads]"),
        ("clear: [br-cards]", "clear: []"),
        ("name: calm", "name: calm\n    clear: [br-cards]"),
        ("    faults:\n", "    faults:\n      - { id: br-cards, effect: hang }\n"),
        ("id: br-cards", "id: BR cards"),
        (
            "[br-cards]\n",
            "[br-cards]\n    faults: [{ id: a, on: { service: ads }, effect: { leak_memory: { per_crossing: 1GiB, cap: 9GiB } } }]\n",
        ),
        (
            "phases:\n  - at: 0s",
            "lasts: 5m\nphases:\n  - at: 0s\n    load: { visits_per_minute: 9, ramp: 8m }",
        ),
        ("share: 35%\n", "share: 35%\n        ramp: { over: 30s }\n"),
        ("share: 35%\n", "share: 35%\n        ramp: { over: 0s, steps: 0, from: 0% }\n"),
        ("share: 35%\n", "share: 35%\n        ramp: { over: 30s, from_effect: hang }\n"),
        (
            "share: 35%\n",
            "share: 35%\n        ramp: { over: 30s, from_effect: { fail: { status: { 500: 1 } } } }\n",
        ),
        ("share: 35%\n", "share: 35%\n        ramp: { over: 40h, from: 0% }\n"),
        ("share: 35%\n", "share: 35%\n        wave: { period: 10ms, low: 50% }\n"),
        ("fires_within: 60s", "after: recovry\n    fires_within: 60s"),
        ("\n    fires_within: 60s", ""),
        ("fires_within: 60s", "fires_within: 60s\n    never: true"),
        ("fires_within: 60s", "rises_above: 3"),
        ("alertname: HighErrorRate", "severity: page"),
        ("alert: { alertname: HighErrorRate }\n    fires_within: 60s", "metric: up\n    never: true"),
        (
            "alert: { alertname: HighErrorRate }\n    fires_within: 60s",
            "metric: up\n    alert: { alertname: A }",
        ),
        ("alert: { alertname: HighErrorRate }\n    fires_within: 60s", "after: calm"),
        (
            "alert: { alertname: HighErrorRate }\n    fires_within: 60s",
            "metric: up\n    falls_below: 1\n    rises_above: 2\n    within: 3s",
        ),
    ];
    insta::assert_snapshot!(table(&cases));
}

#[test]
fn ten_different_errors_are_all_told_at_once() {
    let text = r#"name: Ten Errors
title: 10
story: All at once.
audence: Everybody.
seed: 42
seed: 43
phases:
  - at: 5s
    name: one
    faults:
      - id: a
        on: { service: payment-providr, country: [BR, BZ] }
        share: 135%
        effect: { dealy: { fixed: 1s } }
  - at: 60s
    name: one
    clear: [b]
    faults:
      - on: { service: ads, country: [US] }
        effect: { delay: { fixed: 2h } }
expect:
  - after: two
    metric: up
"#;
    let wrong = parse::read("ten.yaml", text).expect_err("ten errors");
    let fields: Vec<&str> = wrong.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "name",
            "title",
            "audence",
            "seed",
            "phases[0].at",
            "phases[0].faults[0].on.service",
            "phases[0].faults[0].on.country[1]",
            "phases[0].faults[0].share",
            "phases[0].faults[0].effect.dealy",
            "phases[1].name",
            "phases[1].clear[0]",
            "phases[1].faults[0].id",
            "phases[1].faults[0].effect.delay.fixed",
            "expect[0]",
            "expect[0]",
            "expect[0].after",
        ]
    );
    insta::assert_snapshot!(said_of(text));
}

#[test]
fn a_fault_that_is_asked_for_is_refused_by_the_name_of_its_field() {
    let read = |text: &str| parse::read_fault("body", text, Some("br-cards"));
    assert_eq!(read(r#"{"effect":"hang"}"#).expect("good").id, "br-cards");
    for (text, field) in [
        (r#"{"id":"other","effect":"hang"}"#, "id"),
        (r#"{"effect":"hng"}"#, "effect"),
        (r#"{"share":"1%"}"#, "effect"),
        (r#"{"effect":"hang","ramp":{"over":"1s"}}"#, "ramp"),
        (r#"{"effect":{"delay":{"fixed":"2h"}}}"#, "effect.delay.fixed"),
        (r#"["effect"]"#, ""),
        ("", ""),
    ] {
        let wrong = read(text).expect_err(text);
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, [field], "{text}");
    }
}

fn table(cases: &[(&str, &str)]) -> String {
    let shown = cases.iter().map(|(old, new)| {
        let words = |text: &str| text.trim().replace('\n', "⏎");
        format!("── {}  →  {}\n{}\n", words(old), words(new), said(old, new))
    });
    shown.collect()
}
