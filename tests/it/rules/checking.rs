//! `doorbuster rules check`: what it finds in a broken set of files, and that it finds nothing in ours.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Command, Output},
    thread,
};

use serde_json::Value;

use crate::servers::process::home;

const RULES: &str = r#"groups:
  - name: mine
    rules:
      - record: mine:requests:rate10s
        expr: sum by (service_name) (rate(http_server_request_duration_seconds_count[10s]))
      - alert: Slow
        expr: histogram_quantile(0.9, sum by (le, servce_name) (rate(http_server_request_duration_seconds_bucket[5m]))) > 1
        for: 5s
        labels: { severity: critical, team: shop }
        annotations:
          description: "{{ $labels.country }} is slow"
          runbook_url: http://127.0.0.1:8010/runbooks/HighLatencyP59
      - alert: Errors
        expr: sum(rate(http_server_request_duration_second_count{http_response_statuscode=~"5.."}[5m])) > 1
        labels: { severity: warning, team: shop }
"#;

const SLO: &str = r#"version: prometheus/v1
service: mine
slos:
  - name: rough
    objective: 50
    sli: { raw: { error_ratio_query: 'avg(avg_over_time(mine:requests:rate10s[{{.window}}]))' } }
    alerting: { name: Rough, annotations: { runbook_url: 'https://example.com' }, ticket_alert: { disable: true } }
"#;

const ROUTES: &str = r#"route:
  receiver: default
  routes:
    - receiver: team-shop
      matchers: ['team="shop"']
    - receiver: critical
      matchers: ['team="shop"', 'severity="critical"']
    - receiver: nobdy
      matchers: ['sloth_severity="page"']
inhibit_rules:
  - source_matchers: ['alertname="Slwo"']
    target_matchers: ['alertname="Errors"']
    equal: [country]
receivers:
  - name: default
  - name: team-shop
  - name: critical
  - name: nobody
"#;

fn check(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(["rules", "check"]).args(arguments).output().expect("the binary runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8") + &String::from_utf8_lossy(&output.stderr)
}

fn broken(folder: &Path) {
    for (name, text) in [("rules.yml", RULES), ("slo.yaml", SLO), ("routes.yml", ROUTES)] {
        fs::write(folder.join(name), text).expect("written");
    }
}

#[test]
fn nothing_is_wrong_with_what_is_bundled_at_any_pace() {
    for pace in ["production", "stage", "talk"] {
        let output = check(&["--strict", "--pace", pace]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(text(&output).ends_with("11 files: nothing is wrong\n"));
    }
}

#[test]
fn everything_that_is_wrong_with_a_set_of_files_is_said_at_once() {
    let home = home("check");
    broken(home.path());
    let output = check(&["--json", &home.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let shown: Vec<String> = findings
        .iter()
        .map(|flaw| {
            let file = flaw["file"].as_str().and_then(|file| file.rsplit('/').next()).expect("a file");
            let word = |key: &str| flaw[key].as_str().expect(key).to_owned();
            format!("{file}:{} {} {}: {}", flaw["line"], word("severity"), word("kind"), word("message"))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn a_person_is_told_with_the_line_and_a_summary() {
    let home = home("check");
    broken(home.path());
    let pattern = home.path().join("r*.yml").display().to_string();
    let said = text(&check(&[&pattern]));
    assert!(
        said.contains(
            "rules.yml:5:15: error: http_server_request_duration_seconds_count[10s] is under five scrapes"
        ),
        "{said}"
    );
    assert!(said.contains("5 |         expr: sum by (service_name)"), "{said}");
    assert!(
        said.lines().last().is_some_and(|line| line.starts_with("2 files: ") && line.ends_with("warnings")),
        "{said}"
    );
}

#[test]
fn warnings_alone_are_no_failure_unless_asked_for() {
    let home = home("check");
    let file = home.path().join("a.yml");
    fs::write(&file, "groups: [{name: g, rules: [{alert: A, expr: 'my_own_metric > 1'}]}]\n")
        .expect("written");
    let file = file.display().to_string();
    assert_eq!(check(&[&file]).status.code(), Some(0));
    assert_eq!(check(&["--strict", &file]).status.code(), Some(1));
    assert_eq!(check(&[&file, "/does/not/exist"]).status.code(), Some(2));
}

#[test]
fn what_a_running_system_has_decides_when_it_is_asked() {
    let home = home("check");
    let file = home.path().join("a.yml");
    fs::write(&file, "groups: [{name: g, rules: [{alert: A, expr: 'my_own_metrik > 1'}]}]\n")
        .expect("written");
    let file = file.display().to_string();
    let url = page("# TYPE my_own_metric gauge\nmy_own_metric{a=\"b\"} 1\n# EOF\n");
    let output = check(&["--metrics-from", &url, &file]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(
        said.contains("error: nobody has a metric `my_own_metrik`, did you mean `my_own_metric`?"),
        "{said}"
    );
    let output = check(&["--metrics-from", "http://127.0.0.1:1", &file]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
}

/// A page of metrics at the address that is returned, for two who ask: whether it is a Prometheus, and for the page.
fn page(text: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.expect("somebody who asks");
            let lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
            let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let (status, body) =
                if head[0].contains("/api/") { ("404 Not Found", "") } else { ("200 OK", text) };
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
            .expect("an answer");
        }
    });
    format!("http://{address}/metrics")
}
