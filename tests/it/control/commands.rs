//! The command line's clients: what they show, and what they end with.

use std::process::{Command, Output};

use serde_json::{Value, json};

use super::engine::{Engine, Plan, TOKEN};
use crate::servers::ports;

fn doorbuster(args: &[&str], url: &str, token: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("DOORBUSTER_") || name.ends_with("_URL"))
    {
        command.env_remove(name);
    }
    command.env("DOORBUSTER_URL", url).args(args);
    if let Some(token) = token {
        command.env("DOORBUSTER_TOKEN", token);
    }
    command.output().expect("it runs")
}

/// Its exit code and what it said: the answer, then the rest.
fn ask(engine: &Engine, args: &[&str]) -> (i32, String, String) {
    said(doorbuster(args, &engine.url(""), None))
}

fn said(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("it ended by itself"), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn yes(engine: &Engine, args: &[&str]) -> String {
    let (code, answer, rest) = ask(engine, args);
    assert_eq!((code, rest.as_str()), (0, ""), "{args:?}: {answer}");
    answer
}

#[test]
fn a_presenter_s_evening() {
    let engine = Plan::here().start();
    assert_eq!(yes(&engine, &["mode", "blackfriday"]), "blackfriday, phase doors-open, seed 42\n");
    assert!(yes(&engine, &["scenario", "list"]).contains("payment-outage         Cards fail"));
    assert!(yes(&engine, &["scenario", "show", "payment-outage"]).contains("# as it stands in the file"));
    assert_eq!(
        yes(&engine, &["scenario", "start", "payment-outage", "--seed", "7"]),
        "payment-outage, phase calm, seed 7\n"
    );
    assert_eq!(yes(&engine, &["scenario", "jump", "outage"]), "payment-outage, phase outage, seed 7\n");
    yes(&engine, &["scenario", "speed", "2"]);
    yes(&engine, &["scenario", "pause"]);
    let state = yes(&engine, &["state"]);
    for word in
        ["mode payment-outage", "Cards fail", "paused", "2 times as fast", "seed 7", "no fault is active"]
    {
        assert!(state.contains(word), "{word}: {state}");
    }
    yes(&engine, &["scenario", "resume"]);
    assert_eq!(yes(&engine, &["scenario", "stop"]), "normal, phase evening, seed 42\n");
    assert_eq!(yes(&engine, &["calm"]), "calm\n");
    assert_eq!(yes(&engine, &["ledger", "--limit", "2"]).lines().count(), 2);
}

#[test]
fn faults_by_hand() {
    let engine = Plan::here().start();
    let set = [
        "fault",
        "set",
        "br-cards",
        "--service",
        "payment-provider",
        "--route",
        "POST /charge",
        "--country",
        "BR,US",
        "--share",
        "35%",
        "--effect",
        "fail: {status: {500: 2, 503: 1}}",
    ];
    assert!(yes(&engine, &set).starts_with("br-cards set: fail"), "first");
    assert!(yes(&engine, &set).starts_with("br-cards replaced"), "second");
    yes(&engine, &["fault", "set", "down", "--service", "catalog", "--effect", "down"]);
    let list = yes(&engine, &["fault", "list"]);
    assert!(
        list.contains("payment-provider country BR,US POST /charge") && list.contains("manual"),
        "{list}"
    );
    assert_eq!(yes(&engine, &["fault", "clear", "down"]), "down cleared\n");
    let json: Value = serde_json::from_str(&yes(&engine, &["fault", "list", "--json"])).expect("JSON");
    assert_eq!(json[0]["effect"], json!({"fail": {"status": {"500": 2.0, "503": 1.0}}}));
    assert_eq!(yes(&engine, &["fault", "clear", "--all"]), "br-cards cleared\n");
    assert_eq!(yes(&engine, &["fault", "clear", "--all"]), "no fault is active\n");
}

#[test]
fn a_refusal_is_1_and_says_the_field_and_the_nearest_word() {
    let engine = Plan::here().start();
    for (args, words) in [
        (&["scenario", "start", "payment-outag"][..], "did you mean `payment-outage`?"),
        (&["scenario", "pause"], "no scenario runs"),
        (&["fault", "clear", "nothing"], "no fault `nothing` is active"),
        (&["fault", "set", "a", "--effect", "dwn"], "effect: "),
        (&["fault", "set", "a", "--effect", "down", "--service", "catalogue"], "did you mean `catalog`?"),
        (&["fault", "set", "a", "--effect", "down"], "on.service: down needs"),
    ] {
        let (code, answer, rest) = ask(&engine, args);
        assert_eq!((code, answer.as_str()), (1, ""), "{args:?}: {rest}");
        assert!(rest.contains(words), "{args:?}: {rest}");
    }
    let (code, answer, _) = ask(&engine, &["scenario", "pause", "--json"]);
    let problem: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!((code, &problem["status"]), (1, &json!(409)));
}

#[test]
fn no_answer_and_bad_arguments_are_2() {
    let engine = Plan::here().start();
    for args in [
        &["mode", "sometimes"][..],
        &["fault", "set", "a"],
        &["fault", "set", "a", "--effect", "{a: ["],
        &["fault", "set", "--file", "/nowhere/at/all"],
        &["fault", "clear"],
        &["scenario"],
        &["state", "--url", "nonsense"],
    ] {
        let (code, _, rest) = ask(&engine, args);
        assert_eq!(code, 2, "{args:?}: {rest}");
        assert!(!rest.is_empty());
    }
    let nobody = format!("http://127.0.0.1:{}", ports::one());
    let (code, answer, rest) = said(doorbuster(&["calm"], &nobody, None));
    assert_eq!((code, answer.as_str()), (2, ""));
    assert!(rest.contains("no lab can be reached"), "{rest}");
}

#[test]
fn beyond_loopback_the_token_comes_from_the_environment_and_is_never_shown() {
    let engine = Plan::beyond().start();
    let with = |token| said(doorbuster(&["mode", "normal"], &engine.url(""), token));
    assert_eq!((with(None).0, with(Some("wrong")).0), (1, 1));
    let (code, answer, rest) = with(Some(TOKEN));
    assert_eq!((code, rest.as_str()), (0, ""), "{answer}");
    let (_, _, rest) = with(Some("wrong-word"));
    assert!(!rest.contains("wrong-word"), "{rest}");
}
