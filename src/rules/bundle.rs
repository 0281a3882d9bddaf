//! The rule files and the routes that come with the lab, at each pace.

use super::pace::Pace;

/// A file by its name.
pub struct File {
    pub name: &'static str,
    pub text: &'static str,
}

const WATCHDOG: &str = "groups: [{name: watchdog, rules: [{alert: Watchdog, expr: vector(1), \
                        labels: {severity: info, team: observability}, annotations: {summary: alive}}]}]\n";
const ROUTES: &str = r#"{"route": {"receiver": "default", "group_wait": "1s", "group_interval": "5s", "repeat_interval": "1m",
"routes": [{"matchers": ["alertname=\"Watchdog\""], "receiver": "watchdog", "group_wait": "0s"}]},
"receivers": [{"name": "default"}, {"name": "watchdog"}]}"#;

pub fn rule_files(_: Pace) -> Vec<File> {
    vec![File { name: "watchdog.rules.yml", text: WATCHDOG }]
}

pub fn alertmanager(_: Pace) -> &'static str {
    ROUTES
}
