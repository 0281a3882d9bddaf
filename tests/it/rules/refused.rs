//! `doorbuster rules check` of files that Prometheus or Alertmanager would refuse.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
    process::Command,
    thread,
};

use serde_json::Value;

use crate::servers::process::home;

const RULES: &str = r#"groups:
  - name: mine
    rules:
      - record: "x-y"
        expr: up
      - alert: Down
        expr: up == 0
        labels: { bad-label: x }
        annotations: { runbook_url: 'docs/down.md' }
      - alert: Down
        expr: up==0
        labels: { bad-label: x }
        annotations: { runbook_url: 'https://example.com/down' }
"#;

const ROUTES: &str = r#"route:
  receiver: mine
  group_wiat: 30s
  mute_time_intervals: [nigth]
receivers:
  - name: mine
    slak_configs: []
time_intervals:
  - name: night
"#;

/// What is found in a file of this name and text: its line, rule and words.
fn found(name: &str, text: &str, arguments: &[&str]) -> Vec<String> {
    let home = home("refused");
    let file = home.path().join(name);
    fs::write(&file, text).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    let output = command.args(["rules", "check", "--json"]).args(arguments).arg(&file).output();
    let report: Value = serde_json::from_slice(&output.expect("the binary runs").stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    findings
        .iter()
        .map(|flaw| {
            let word = |key: &str| flaw[key].as_str().expect(key).to_owned();
            format!("{} {}: {}", flaw["line"], word("kind"), word("message"))
        })
        .collect()
}

#[track_caller]
fn has(found: &[String], beginnings: &[&str]) {
    for beginning in beginnings {
        assert!(found.iter().any(|one| one.starts_with(beginning)), "{beginning} is not in {found:#?}");
    }
}

#[test]
fn names_that_prometheus_refuses_and_rules_that_are_there_twice_are_found() {
    has(
        &found("a.rules.yml", RULES, &[]),
        &[
            "4 bad-name: `x-y` is no name of a series",
            "6 bad-name: `bad-label` is no name of a label",
            "6 no-runbook: the `runbook_url` of `Down` is no whole address (`docs/down.md`)",
            "10 twice: `Down` is there twice: the rule in line 6",
        ],
    );
}

#[test]
fn words_that_alertmanager_refuses_are_found_with_the_nearest_one() {
    has(
        &found("alertmanager.yml", ROUTES, &[]),
        &[
            "3 unknown-field: a route has no field `group_wiat`, did you mean `group_wait`?",
            "4 unknown-interval: there is no time interval `nigth`, did you mean `night`?",
            "7 unknown-field: a receiver has no field `slak_configs`, did you mean `slack_configs`?",
        ],
    );
}

/// A slip in a template, and a field of a receiver: we know neither grammar.
const TEMPLATE: &str = r#"groups:
  - name: mine
    rules:
      - alert: Fine
        expr: up == 0
      - alert: Down
        expr: up == 0
        annotations: { summary: '{{ $lables.x }}' }
"#;
const FIELD: &str = r#"route: { receiver: mine }
receivers:
  - name: mine
    webhook_configs:
      - { url: 'http://127.0.0.1:1', bogus: 1 }
"#;

#[test]
fn what_only_the_servers_own_tools_know_is_found_by_asking_them() {
    has(
        &found("a.rules.yml", TEMPLATE, &[]),
        &[
            "6 promtool: promtool refuses it: group \"mine\", rule 2, \"Down\": annotation \"summary\": template",
        ],
    );
    has(&found("alertmanager.yml", FIELD, &[]), &["5 amtool: amtool refuses it: field bogus not found"]);
}

#[test]
fn the_tools_do_not_repeat_what_was_found_and_can_be_left_alone() {
    let by_tools = |name, text, arguments: &[&str]| {
        let found = found(name, text, arguments);
        found.into_iter().filter(|one| one.contains("tool refuses it")).collect::<Vec<_>>()
    };
    assert_eq!(by_tools("a.rules.yml", RULES, &[]), [""; 0]);
    assert_eq!(by_tools("alertmanager.yml", ROUTES, &[]), [""; 0]);
    assert_eq!(by_tools("alertmanager.yml", FIELD, &["--tools", "off"]), [""; 0]);
    let unreadable = "groups: [{name: g, rules: [{alert: A, expr: 'rate(up)'}]}]";
    assert_eq!(by_tools("a.rules.yml", unreadable, &[]), [""; 0]);
}

#[test]
fn tools_that_are_not_there_are_spoken_of_once_and_only_when_they_would_be_asked() {
    let home = home("refused");
    for (name, text) in [("a.rules.yml", TEMPLATE), ("alertmanager.yml", FIELD)] {
        fs::write(home.path().join(name), text).expect("written");
    }
    let said = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
        command.args(["rules", "check"]).args(arguments).arg(home.path()).env("PATH", "/nowhere");
        String::from_utf8(command.output().expect("the binary runs").stderr).expect("UTF-8")
    };
    let expected =
        "doorbuster: promtool and amtool are not installed: what only they would refuse is not said here\n";
    assert_eq!(said(&[]), expected);
    assert_eq!(said(&["--tools", "off"]), "");
}

/// What one says that is at odds with itself is heard whole, and nothing is left behind.
#[test]
fn a_tool_that_fails_without_a_known_word_is_heard_whole() {
    let home = home("refused");
    let (tools, left) = (home.path().join("tools"), home.path().join("left"));
    [&tools, &left].iter().for_each(|folder| fs::create_dir(folder).expect("a folder"));
    let tool = tools.join("promtool");
    fs::write(&tool, "#!/bin/sh\necho 'out of order' >&2\nexit 3\n").expect("written");
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).expect("a program");
    let file = home.path().join("a.rules.yml");
    fs::write(&file, TEMPLATE).expect("written");
    let path = env::join_paths([&tools]).expect("a path");
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    let output = command.args(["rules", "check"]).arg(&file).env("PATH", path).env("TMPDIR", &left).output();
    let said = String::from_utf8(output.expect("the binary runs").stdout).expect("UTF-8");
    assert!(said.contains("a.rules.yml:1:1: error: promtool refuses it: out of order"), "{said}");
    assert_eq!(fs::read_dir(&left).expect("a folder").count(), 0);
}

#[test]
fn a_part_of_a_whole_that_should_be_more_than_it_is_found() {
    let text = "groups: [{name: g, rules: [{alert: A, expr: 'slo:sli_error:ratio_rate5m > (14.4 * 0.1)'}]}]";
    has(
        &found("a.rules.yml", text, &[]),
        &["1 never-fires: this ratio is never above 1, so `> 1.44` never holds"],
    );
}

/// A Prometheus that knows one name.
#[test]
fn names_alone_say_nothing_of_labels_and_a_person_hears_that() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody who asks");
        let lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
        assert!(lines.map_while(Result::ok).take_while(|line| !line.is_empty()).count() > 0);
        let body = r#"{"status":"success","data":["mine"]}"#;
        let length = body.len();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
            .expect("an answer");
    });
    let home = home("refused");
    let file = home.path().join("a.rules.yml");
    fs::write(&file, "groups: [{name: g, rules: [{record: r, expr: 'mine{a=\"b\"}'}]}]").expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(["rules", "check", "--metrics-from", &format!("http://{address}")]).arg(&file);
    let output = command.output().expect("the binary runs");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(said, "doorbuster: --metrics-from: a Prometheus lists names only: labels were not checked\n");
    assert_eq!(output.status.code(), Some(0));
}
