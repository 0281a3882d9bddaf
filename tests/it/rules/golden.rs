//! Objectives become the rules that Sloth makes of them.
//!
//! The facts below are those of Sloth's first example, `examples/getting-started.yml` and what it generates,
//! `examples/_gen/getting-started.yml` (github.com/slok/sloth at 886f97a, Apache-2.0): its names, labels and expressions,
//! written our way and compared as parsed. Of its own making are three labels: `cmd`, which its script adds, and how and
//! by which version `sloth_slo_info` was made. The alerts' expressions are those that Sloth writes since v0.11.0, without the
//! window among their labels.

use std::collections::BTreeMap;

use doorbuster::rules::{
    burn,
    file::{Kind, Rule, RuleFile},
    flaw::Source,
    pace::Pace,
    promql, render, slo,
};

const SPEC: &str = r#"
version: prometheus/v1
service: myservice
labels: { owner: myteam, repo: myorg/myservice, tier: "2" }
slos:
  - name: requests-availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_request_duration_seconds_count{job="myservice"}[{{.window}}]))
    alerting:
      name: MyServiceHighErrorRate
      labels: { category: availability }
      annotations: { summary: "High error rate on 'myservice' requests responses" }
      page_alert: { labels: { severity: pageteam, routing_key: myteam } }
      ticket_alert: { labels: { severity: slack, slack_channel: '#alerts-myteam' } }
"#;

/// Stands for the selector of the objective in the expressions below.
const OWN: &str = r#"{sloth_id="myservice-requests-availability", sloth_service="myservice", sloth_slo="requests-availability"}"#;

fn rendered(spec: &str, pace: Pace) -> RuleFile {
    let source = Source { name: "spec.yaml", text: spec };
    let windows = render::bundled_windows(pace).expect("windows");
    let specs = slo::parse(source.name, source.text).unwrap_or_else(|flaws| panic!("{flaws}"));
    burn::render(&specs[0], source, &windows).unwrap_or_else(|flaws| panic!("{flaws}"))
}

fn record<'f>(file: &'f RuleFile, name: &str) -> &'f Rule {
    let found = file.rules().find(|rule| rule.kind == Kind::Record(name.to_owned()));
    found.unwrap_or_else(|| panic!("no record {name}"))
}

fn is_same(rule: &Rule, expected: &str) {
    let expected = promql::read(&expected.replace("OWN", OWN)).expect("the expectation can be read");
    // Sloth writes brackets that make no difference; what is compared is the text of the parsed expression without them.
    let bare = |text: String| text.replace(['(', ')', ' '], "");
    assert_eq!(bare(rule.expr.to_string()), bare(expected.to_string()), "{:?}", rule.kind);
    assert_eq!(rule.expr, expected, "{:?}", rule.kind);
}

fn labels(rule: &Rule) -> BTreeMap<&str, &str> {
    let own = ["sloth_mode", "sloth_version"];
    let labels = rule.labels.iter().map(|(key, word)| (key.as_str(), word.as_str()));
    labels.filter(|(key, _)| !own.contains(key)).collect()
}

fn with<'a>(more: &[(&'a str, &'a str)]) -> BTreeMap<&'a str, &'a str> {
    let ids = [
        ("owner", "myteam"),
        ("repo", "myorg/myservice"),
        ("sloth_id", "myservice-requests-availability"),
        ("sloth_service", "myservice"),
        ("sloth_slo", "requests-availability"),
        ("tier", "2"),
    ];
    ids.into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn groups_and_rules_have_sloths_names_and_stand_in_its_order() {
    let file = rendered(SPEC, Pace::Production);
    let names: Vec<&str> = file.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(
        names,
        ["sli-recordings", "meta-recordings", "alerts"]
            .map(|part| format!("sloth-slo-{part}-myservice-requests-availability"))
    );
    let rules: Vec<&str> = file.rules().map(|rule| rule.kind.name()).collect();
    let windows = ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"];
    let expected: Vec<String> = windows
        .map(|window| format!("slo:sli_error:ratio_rate{window}"))
        .into_iter()
        .chain(
            [
                "slo:objective:ratio",
                "slo:error_budget:ratio",
                "slo:time_period:days",
                "slo:current_burn_rate:ratio",
                "slo:period_burn_rate:ratio",
                "slo:period_error_budget_remaining:ratio",
                "sloth_slo_info",
                "MyServiceHighErrorRate",
                "MyServiceHighErrorRate",
            ]
            .map(str::to_owned),
        )
        .collect();
    assert_eq!(rules, expected);
}

#[test]
fn records_have_sloths_expressions_and_labels() {
    let file = rendered(SPEC, Pace::Production);
    for window in ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] {
        let rule = record(&file, &format!("slo:sli_error:ratio_rate{window}"));
        let of = |more: &str| {
            format!("(sum(rate(http_request_duration_seconds_count{{job=\"myservice\"{more}}}[{window}])))")
        };
        is_same(rule, &format!("{} / {}", of(",code=~\"(5..|429)\""), of("")));
        assert_eq!(labels(rule), with(&[("sloth_window", window)]));
    }
    let period = record(&file, "slo:sli_error:ratio_rate30d");
    is_same(
        period,
        "sum_over_time(slo:sli_error:ratio_rate5mOWN[30d]) / ignoring (sloth_window)
         count_over_time(slo:sli_error:ratio_rate5mOWN[30d])",
    );
    // Sloth says only the window at 886f97a and all of them at 1c3336e; the series is the same.
    assert_eq!(labels(period), with(&[("sloth_window", "30d")]));
    let burn = |window: &str| {
        format!(
            "slo:sli_error:ratio_rate{window}OWN / on (sloth_id, sloth_slo, sloth_service) group_left \
             slo:error_budget:ratioOWN"
        )
    };
    for (name, expected) in [
        ("slo:objective:ratio", "vector(0.9990000000000001)".to_owned()),
        ("slo:error_budget:ratio", "vector(1-0.9990000000000001)".to_owned()),
        ("slo:time_period:days", "vector(30)".to_owned()),
        ("slo:current_burn_rate:ratio", burn("5m")),
        ("slo:period_burn_rate:ratio", burn("30d")),
        ("slo:period_error_budget_remaining:ratio", "1 - slo:period_burn_rate:ratioOWN".to_owned()),
        ("sloth_slo_info", "vector(1)".to_owned()),
    ] {
        let rule = record(&file, name);
        is_same(rule, &expected);
        let info = [("sloth_objective", "99.9"), ("sloth_spec", "prometheus/v1")];
        assert_eq!(labels(rule), with(if name == "sloth_slo_info" { &info } else { &[] }), "{name}");
    }
}

#[test]
fn the_two_alerts_are_sloths() {
    let file = rendered(SPEC, Pace::Production);
    let alerts: Vec<&Rule> = file.rules().filter(|rule| matches!(rule.kind, Kind::Alert(_))).collect();
    let pair = |short: &str, long: &str, factor: &str| {
        let over = |window: &str| {
            format!(
                "max(slo:sli_error:ratio_rate{window}OWN > ({factor} * 0.0009999999999999432)) without (sloth_window)"
            )
        };
        format!("({} and {})", over(short), over(long))
    };
    let page = format!("{} or {}", pair("5m", "1h", "14.4"), pair("30m", "6h", "6"));
    let ticket = format!("{} or {}", pair("2h", "1d", "3"), pair("6h", "3d", "1"));
    for (rule, severity, expected, own) in [
        (alerts[0], "page", page, [("routing_key", "myteam"), ("severity", "pageteam")]),
        (alerts[1], "ticket", ticket, [("severity", "slack"), ("slack_channel", "#alerts-myteam")]),
    ] {
        is_same(rule, &expected);
        let both = [("category", "availability"), ("sloth_severity", severity)];
        assert_eq!(labels(rule), both.into_iter().chain(own).collect());
        let title = format!(
            "({severity}) {{{{$labels.sloth_service}}}} {{{{$labels.sloth_slo}}}} SLO error budget burn rate is too fast."
        );
        let expected =
            [("summary", "High error rate on 'myservice' requests responses"), ("title", title.as_str())];
        let annotations: Vec<(&str, &str)> =
            rule.annotations.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
        assert_eq!(annotations, expected);
        assert_eq!((rule.hold, rule.keep_firing), (None, None));
    }
}

#[test]
fn without_words_of_its_own_an_alert_has_sloths() {
    let spec = SPEC.replace(
        "      annotations: { summary: \"High error rate on 'myservice' requests responses\" }\n",
        "",
    );
    let file = rendered(&spec, Pace::Production);
    let rule = file.rules().last().expect("a rule");
    assert_eq!(
        rule.annotation("summary"),
        Some("{{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error budget burn rate is over expected.")
    );
}

#[test]
fn a_raw_ratio_and_a_disabled_alert_are_as_sloth_has_them() {
    let (head, rest) = SPEC.split_once("      events:").expect("events");
    let (_, alerting) = rest.split_once("    alerting:").expect("alerting");
    let raw = "      raw: { error_ratio_query: '1 - avg(avg_over_time(ok[{{ .window }}]))' }\n    alerting:";
    let alerting = alerting.replace("ticket_alert: {", "ticket_alert: { disable: true,");
    let file = rendered(&format!("{head}{raw}{alerting}"), Pace::Talk);
    is_same(record(&file, "slo:sli_error:ratio_rate15s"), "(1 - avg(avg_over_time(ok[15s])))");
    assert_eq!(file.rules().filter(|rule| matches!(rule.kind, Kind::Alert(_))).count(), 1);
    assert_eq!(record(&file, "slo:time_period:days").expr.to_string(), "vector(0.041666666666666664)");
}
