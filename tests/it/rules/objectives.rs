//! Objectives: whether both forms of them say the same, and whether their windows are what a pace can bear.

use std::path::Path;

use serde_json::Value;

use super::files;

const SERVICES: [&str; 3] = ["checkout", "payments", "storefront"];

fn yaml(path: &Path) -> Value {
    serde_saphyr::from_str(&files::read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The objectives of a Sloth file.
fn objectives(path: &Path) -> Vec<Value> {
    yaml(path)["slos"].as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The queries of a Sloth file, with a window in them.
pub fn queries(path: &Path) -> Vec<String> {
    let of = |slo: Value| ["error_query", "total_query"].map(|key| text(&slo["sli"]["events"][key]));
    objectives(path).into_iter().flat_map(of).map(|query| query.replace("{{.window}}", "5m")).collect()
}

/// The documents of a file that has several.
fn documents(path: &Path) -> Vec<Value> {
    let parse = |text: &str| {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    files::read(path).split("\n---\n").map(parse).collect()
}

#[test]
fn every_query_has_a_window_and_survives_silence() {
    for service in SERVICES {
        let path = files::at("slo/sloth").join(format!("{service}.yaml"));
        let slos = objectives(&path);
        assert!(!slos.is_empty(), "{service}");
        for slo in slos {
            let events = &slo["sli"]["events"];
            let (errors, total) = (text(&events["error_query"]), text(&events["total_query"]));
            let name = format!("{service} {}", slo["name"]);
            assert!(errors.contains("{{.window}}") && total.contains("{{.window}}"), "{name}");
            assert!(total.contains(" > 0"), "{name}: nought by nought would poison its period");
            let is_slow = slo["name"] == "latency";
            assert!(
                is_slow || errors.contains("or 0 * ") || errors.contains("or vector(0)"),
                "{name}: no failure yet"
            );
            assert!(!is_slow || errors.contains(r#"le=~"1(\\.0)?""#), "{name}: 1 is stored as 1 or as 1.0");
        }
    }
}

#[test]
fn openslo_says_the_same_as_sloth() {
    for service in SERVICES {
        let ours = objectives(&files::at("slo/sloth").join(format!("{service}.yaml")));
        let theirs = documents(&files::at("slo/openslo").join(format!("{service}.yaml")));
        assert_eq!(theirs[0]["kind"], "Service");
        assert_eq!(theirs[0]["metadata"]["name"], service);
        assert_eq!(theirs.len(), ours.len() + 1, "{service}");
        for (slo, mirror) in ours.iter().zip(&theirs[1..]) {
            assert_eq!(mirror["apiVersion"], "openslo/v1");
            assert_eq!(text(&mirror["metadata"]["name"]), format!("{service}-{}", text(&slo["name"])));
            let target = mirror["spec"]["objectives"][0]["target"].as_f64().expect("a share");
            let objective = slo["objective"].as_f64().expect("a percentage");
            assert!((target * 100.0 - objective).abs() < 1e-9, "{target} {objective}");
            let ratio = &mirror["spec"]["indicator"]["spec"]["ratioMetric"];
            for (key, other) in [("error_query", "bad"), ("total_query", "total")] {
                let query = text(&slo["sli"]["events"][key]).replace("{{.window}}", "5m");
                assert_eq!(
                    text(&ratio[other]["metricSource"]["spec"]["query"]).trim(),
                    query.trim(),
                    "{service}"
                );
            }
        }
    }
}

fn seconds(duration: &Value) -> f64 {
    let duration = text(duration);
    let (number, unit) = duration.split_at(duration.len() - 1);
    let unit = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        other => panic!("{other}"),
    };
    number.parse::<f64>().expect("a number") * unit
}

/// The factors are budget share × period ÷ long window, whatever the pace; and a window under five scrapes is empty
/// every now and then.
#[test]
fn the_windows_of_every_pace_have_the_factors_of_the_month() {
    for (file, scrape) in [("production-30d", 15.0), ("stage-12h", 1.0), ("talk-1h", 1.0)] {
        let windows = yaml(&files::at("slo/windows").join(format!("{file}.yaml")));
        let spec = &windows["spec"];
        let period = seconds(&spec["sloPeriod"]);
        for (kind, pair, factor) in [
            ("page", "quick", 14.4),
            ("page", "slow", 6.0),
            ("ticket", "quick", 3.0),
            ("ticket", "slow", 1.0),
        ] {
            let one = &spec[kind][pair];
            let share = one["errorBudgetPercent"].as_f64().expect("a percentage") / 100.0;
            let found = share * period / seconds(&one["longWindow"]);
            assert!((found - factor).abs() < 1e-9, "{file} {kind} {pair}: {found}");
            assert!(seconds(&one["shortWindow"]) >= 5.0 * scrape, "{file} {kind} {pair}");
            assert!(seconds(&one["longWindow"]) > seconds(&one["shortWindow"]), "{file} {kind} {pair}");
        }
    }
}

/// At 90 % a page would ask for 144 % of failures. What cannot fire must not look as if it could.
#[test]
fn no_burn_rate_asks_for_more_failures_than_requests() {
    for service in SERVICES {
        for slo in objectives(&files::at("slo/sloth").join(format!("{service}.yaml"))) {
            let allowed = 1.0 - slo["objective"].as_f64().expect("a percentage") / 100.0;
            let has_page = slo["alerting"]["page_alert"]["disable"] != true;
            assert!(!has_page || 14.4 * allowed < 1.0, "{service} {}", slo["name"]);
            assert!(3.0 * allowed < 1.0, "{service} {}", slo["name"]);
        }
    }
}
