//! What amtool says of the routes: whom each alert reaches, and that each receiver is reached.

use std::{collections::BTreeSet, path::Path};

use super::{files, tool::Tool};

/// Labels of an alert, and the receivers that hear it, in order.
const ROUTES: [(&[&str], &str); 15] = [
    (&["alertname=Watchdog", "severity=info", "team=observability"], "watchdog"),
    (
        &[
            "alertname=StorefrontAvailabilityBurnRate",
            "sloth_severity=page",
            "severity=critical",
            "team=platform",
        ],
        "oncall",
    ),
    (
        &[
            "alertname=StorefrontAvailabilityBurnRate",
            "sloth_severity=ticket",
            "severity=warning",
            "team=platform",
        ],
        "tickets",
    ),
    (
        &["alertname=PaymentSuccessBurnRate", "sloth_severity=ticket", "severity=warning", "team=payments"],
        "tickets",
    ),
    (&["alertname=HighPaymentFailureRate", "severity=critical", "team=payments"], "oncall,payments"),
    (
        &[
            "alertname=CriticalPaymentFailureRateByCountry",
            "severity=critical",
            "team=payments",
            "country=BR",
        ],
        "oncall,payments",
    ),
    (&["alertname=SlowPaymentProcessing", "severity=warning", "team=payments"], "payments"),
    (&["alertname=ServiceDown", "severity=critical", "team=platform"], "oncall,platform"),
    (&["alertname=HighLatencyP95", "severity=warning", "team=platform"], "platform"),
    (&["alertname=NoTrafficDetected", "severity=critical", "team=business"], "oncall,business"),
    (&["alertname=LowCheckoutConversionRate", "severity=warning", "team=business"], "business"),
    (&["alertname=OTELCollectorHighMemory", "severity=warning", "team=observability"], "observability"),
    (&["alertname=PaymentSLOBreach", "severity=critical", "team=payments", "slo=success"], "oncall,payments"),
    (&["alertname=SomebodyElses", "severity=critical"], "oncall"),
    (&["alertname=SomebodyElses", "severity=warning"], "default"),
];

fn configurations() -> Vec<std::path::PathBuf> {
    let files = files::below("alerts", "alertmanager.yml");
    assert!(!files.is_empty());
    files
}

/// The receivers of an alert with these labels, as amtool says them: `oncall,payments`.
fn receivers(file: &Path, labels: &[&str]) -> String {
    let config = format!("--config.file={}", file.display());
    let said = Tool::amtool(&[&["config", "routes", "test", &config], labels].concat()).agrees();
    said.trim().to_owned()
}

#[test]
fn amtool_takes_every_configuration() {
    for file in configurations() {
        let said = Tool::amtool(&["check-config"]).on(&file).agrees();
        assert!(said.contains("SUCCESS"), "{said}");
    }
}

#[test]
fn each_alert_reaches_whom_it_should() {
    for file in configurations() {
        for (labels, wanted) in ROUTES {
            assert_eq!(receivers(&file, labels), wanted, "{labels:?} in {}", file.display());
        }
    }
}

#[test]
fn each_receiver_is_reached() {
    let reached: BTreeSet<&str> = ROUTES.iter().flat_map(|(_, receivers)| receivers.split(',')).collect();
    for file in configurations() {
        let text = files::read(&file);
        let (_, receivers) = text.split_once("\nreceivers:").expect("it has receivers");
        let named: BTreeSet<&str> = between(receivers, "name:");
        assert_eq!(named, reached, "{}", file.display());
    }
}

/// Each word after `key`, without quotes.
fn between<'a>(text: &'a str, key: &str) -> BTreeSet<&'a str> {
    let words = text.split(key).skip(1).filter_map(|rest| rest.split_whitespace().next());
    words.map(|word| word.trim_matches(['\'', '"', ','])).collect()
}

/// Whoever takes the file as it is must not page anybody by it.
#[test]
fn each_receiver_is_the_labs_own_sink() {
    for file in configurations() {
        let text = files::read(&file);
        let (_, receivers) = text.split_once("\nreceivers:").expect("it has receivers");
        for url in between(receivers, "url:") {
            let name = url.strip_prefix("http://127.0.0.1:8010/receivers/");
            assert!(
                name.is_some_and(|name| between(receivers, "name:").contains(name)),
                "{url} in {}",
                file.display()
            );
        }
        assert_eq!(between(receivers, "url:").len(), between(receivers, "name:").len(), "{}", file.display());
    }
}

/// A symptom that is renamed would no longer be held back, and nobody would notice.
#[test]
fn each_symptom_that_is_held_back_is_an_alert() {
    let alerts = files::alerts();
    for file in configurations() {
        let text = files::read(&file);
        let (_, symptoms) = text.split_once("alertname=~\"").expect("symptoms of a service that is down");
        let symptoms = symptoms.split('"').next().unwrap_or_default();
        assert!(symptoms.split('|').count() > 5, "{symptoms}");
        for symptom in symptoms.split('|') {
            let end = symptom.strip_prefix(".+");
            let is_one = |name: &str| end.map_or(name == symptom, |end| name.ends_with(end));
            let known = alerts.iter().any(|(_, rule)| is_one(rule.name()));
            // Those of objectives are in files that are made.
            assert!(known || end == Some("BurnRate"), "{symptom} in {}", file.display());
        }
    }
}

/// An alert with labels that no route knows would end up nowhere in particular.
#[test]
fn no_alert_of_ours_is_left_to_the_default() {
    let [file, ..] = &configurations()[..] else { panic!("there is one") };
    let alerts = files::alerts();
    let kinds: BTreeSet<Vec<String>> = alerts
        .iter()
        .map(|(_, rule)| {
            let kept = rule
                .labels
                .iter()
                .filter(|(key, _)| ["severity", "team", "sloth_severity"].contains(&&***key));
            let is_watchdog = (rule.name() == "Watchdog").then(|| "alertname=Watchdog".to_owned());
            is_watchdog.into_iter().chain(kept.map(|(key, value)| format!("{key}={value}"))).collect()
        })
        .collect();
    for kind in kinds {
        let labels: Vec<&str> = kind.iter().map(String::as_str).collect();
        let heard = receivers(file, &labels);
        assert_ne!(heard, "default", "{labels:?}");
    }
}

#[test]
fn a_wrong_receiver_is_caught() {
    let [file, ..] = &configurations()[..] else { panic!("there is one") };
    let config = format!("--config.file={}", file.display());
    let ask = [
        "config",
        "routes",
        "test",
        &config,
        "--verify.receivers=payments",
        "severity=warning",
        "team=platform",
    ];
    assert!(!Tool::amtool(&ask).ask().0);
}
