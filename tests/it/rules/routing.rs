//! Routes of one's own: timed, and told to the sink instead of to people. Alertmanager's own tool judges the result.

use std::fs;

use doorbuster::rules::{pace::Pace, routing::Routing};

use super::{files, tool::Tool};
use crate::servers::process::home;

/// What people have: integrations, secrets in files, templates, the old way of writing matchers, a receiver that tells
/// nobody.
const THEIRS: &str = r#"
global:
  resolve_timeout: 5m
  smtp_smarthost: mail.example:587
  smtp_from: lab@example.com
  slack_api_url_file: /etc/secrets/slack
templates: ['/etc/alertmanager/*.tmpl']
route:
  receiver: "null"
  group_by: [alertname]
  group_interval: 1m
  routes:
    - receiver: team X/pager
      match: { severity: page }
      match_re: { team: a|b }
      group_wait: 0s
    - receiver: mail
      matchers: ['severity=~"warning|info"', 'owner!=""']
      repeat_interval: 12h
      continue: true
receivers:
  - name: "null"
  - name: team X/pager
    pagerduty_configs: [{ service_key_file: /etc/secrets/pagerduty }]
    slack_configs: [{ channel: '#a' }]
  - name: mail
    email_configs: [{ to: somebody@example.com }]
inhibit_rules:
  - source_match: { severity: page }
    target_match: { severity: warning }
    equal: [alertname]
"#;

fn theirs() -> Routing {
    Routing::parse("theirs.yml", THEIRS).unwrap_or_else(|flaws| panic!("{flaws}"))
}

#[test]
fn nobody_is_told_but_the_sink_and_everything_else_is_as_it_was() {
    let routing = theirs().timed(Pace::Talk).into_sink("http://127.0.0.1:8010/");
    let home = home("routing");
    let file = home.path().join("alertmanager.yml");
    fs::write(&file, routing.text()).expect("written");
    Tool::amtool(&["check-config"]).on(&file).agrees();
    let text = routing.text();
    for word in ["mail.example", "secrets", "slack", "pagerduty", "email", ".tmpl", "somebody"] {
        assert!(!text.contains(word), "{word} is still in\n{text}");
    }
    for name in ["null", "team%20X%2Fpager", "mail"] {
        assert!(
            text.contains(&format!("url: http://127.0.0.1:8010/receivers/{name}\n")),
            "{name} is not in\n{text}"
        );
    }
    assert_eq!(text.matches("send_resolved: true").count(), 3);
    assert_eq!(routing.receivers(), ["null", "team X/pager", "mail"]);
    for line in [
        "group_wait: 2s",
        "group_wait: 0s",
        "group_interval: 1s",
        "repeat_interval: 10m",
        "repeat_interval: 30m",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert_eq!(
        routing.left_out(),
        [
            "theirs.yml:24: receiver `team X/pager`: pagerduty_configs",
            "theirs.yml:25: receiver `team X/pager`: slack_configs",
            "theirs.yml:27: receiver `mail`: email_configs",
            "theirs.yml:4: global: smtp_smarthost",
            "theirs.yml:5: global: smtp_from",
            "theirs.yml:6: global: slack_api_url_file",
            "theirs.yml:7: templates",
        ]
    );
}

#[test]
fn alerts_take_the_same_way_as_before() {
    let home = home("routing");
    // Theirs cannot be asked as it is: amtool would want the files it names.
    let file = home.path().join("alertmanager.yml");
    fs::write(&file, theirs().into_sink("http://127.0.0.1:1").text()).expect("written");
    for (labels, receiver) in [
        (vec!["severity=page", "team=a"], "team X/pager"),
        (vec!["severity=page", "team=c"], "null"),
        (vec!["severity=info", "owner=x"], "mail"),
    ] {
        let config = format!("--config.file={}", file.display());
        let expected = format!("--verify.receivers={receiver}");
        let mut arguments = vec!["config", "routes", "test", &config, &expected];
        arguments.extend(labels.iter().copied());
        Tool::amtool(&arguments).agrees();
    }
}

#[test]
fn our_own_routes_are_told_to_the_sink_at_any_address() {
    let ours = files::read(&files::at("alerts/alertmanager.yml"));
    let routing = Routing::parse("alertmanager.yml", &ours).expect("ours").into_sink("http://[::1]:9010");
    assert_eq!(routing.text().matches("http://[::1]:9010/receivers/").count(), 8);
    assert!(!routing.text().contains("8010"));
    let home = home("routing");
    let file = home.path().join("alertmanager.yml");
    fs::write(&file, routing.text()).expect("written");
    Tool::amtool(&["check-config"]).on(&file).agrees();
}

#[test]
fn routes_that_make_no_sense_are_refused_with_their_places() {
    let wrong =
        "route:\n  group_wait: soon\n  routes:\n    - matchers: ['severity']\nreceivers:\n  - nme: a\n";
    let flaws = Routing::parse("a.yml", wrong).expect_err("wrong");
    let said: Vec<String> = flaws.0.iter().map(|flaw| format!("{}: {}", flaw.line, flaw.message)).collect();
    assert_eq!(
        said,
        [
            "2: `receiver` is missing",
            "2: `group_wait`: `soon` is no duration such as 30s, 5m or 1h30m",
            "4: `severity` is no matcher such as severity=\"critical\"",
            "6: `name` is missing",
        ]
    );
}
