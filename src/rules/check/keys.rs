//! Words of an `alertmanager.yml` that Alertmanager does not know. It refuses the whole file for one of them.

use crate::rules::{
    fields::Reader,
    flaw::{Flaw, Severity, Source, nearest},
    tree::{self, Node},
};

const TOP: [&str; 9] = [
    "global",
    "templates",
    "route",
    "inhibit_rules",
    "receivers",
    "mute_time_intervals",
    "time_intervals",
    "tracing",
    "event_recorder",
];
const ROUTE: [&str; 12] = [
    "receiver",
    "group_by",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "match",
    "match_re",
    "matchers",
    "continue",
    "routes",
    "mute_time_intervals",
    "active_time_intervals",
];
const RECEIVER: [&str; 19] = [
    "name",
    "discord_configs",
    "email_configs",
    "incidentio_configs",
    "jira_configs",
    "mattermost_configs",
    "msteams_configs",
    "msteamsv2_configs",
    "opsgenie_configs",
    "pagerduty_configs",
    "pushover_configs",
    "rocketchat_configs",
    "slack_configs",
    "sns_configs",
    "telegram_configs",
    "victorops_configs",
    "webex_configs",
    "webhook_configs",
    "wechat_configs",
];
/// Where times have names, and where routes speak of them.
const DEFINED: [&str; 2] = ["time_intervals", "mute_time_intervals"];
const USED: [&str; 2] = ["mute_time_intervals", "active_time_intervals"];

/// Also of a file that cannot be used for something else: a slip is then heard of in the same breath.
pub fn check(source: Source<'_>) -> Vec<Flaw> {
    let Ok(documents) = tree::read(source) else { return Vec::new() };
    let Some(root) = documents.first() else { return Vec::new() };
    let reader = Reader::new(source);
    known(&reader, root, "an alertmanager.yml", &TOP);
    for receiver in root.get("receivers").map(Node::items).unwrap_or_default() {
        known(&reader, receiver, "a receiver", &RECEIVER);
    }
    let intervals: Vec<String> = DEFINED
        .iter()
        .flat_map(|key| root.get(key).map(Node::items).unwrap_or_default())
        .filter_map(|interval| interval.get("name").and_then(Node::word))
        .collect();
    if let Some(top) = root.get("route") {
        route(&reader, top, &intervals);
    }
    reader.flaws().0
}

fn route(reader: &Reader<'_>, node: &Node, intervals: &[String]) {
    known(reader, node, "a route", &ROUTE);
    for used in USED.iter().flat_map(|key| node.get(key).map(Node::items).unwrap_or_default()) {
        if let Some(name) = used.word().filter(|name| !intervals.contains(name)) {
            let near = nearest(&name, intervals.iter().map(String::as_str));
            reader.error(used.place, "unknown-interval", format!("there is no time interval `{name}`{near}"));
        }
    }
    for below in node.get("routes").map(Node::items).unwrap_or_default() {
        route(reader, below, intervals);
    }
}

/// A slip is an error; a word that is near to nothing may be of a later Alertmanager.
fn known(reader: &Reader<'_>, node: &Node, what: &str, known: &[&str]) {
    for entry in node.entries().iter().filter(|entry| !known.contains(&entry.key.as_str())) {
        let near = nearest(&entry.key, known.iter().copied());
        let severity = if near.is_empty() { Severity::Warning } else { Severity::Error };
        let why = format!("{what} has no field `{}`{near}", entry.key);
        reader.add(reader.source.flaw(entry.place, severity, "unknown-field", why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_alertmanager_does_not_know_are_found_with_the_nearest_one() {
        let text = "route:
  receiver: x
  group_wiat: 30s
  routes:
  - matchers: [a=b]
    mute_time_intervals: [nigth, night]
    active_time_intervals: [day]
receivers:
- name: x
  slak_configs: []
  zzz: 1
inhibit_rule: []
time_intervals: [{name: night}]
mute_time_intervals: [{name: day}]
";
        let found = check(Source { name: "a.yml", text });
        let found: Vec<String> =
            found.iter().map(|flaw| format!("{} {}: {}", flaw.line, flaw.severity, flaw.message)).collect();
        assert_eq!(
            found,
            [
                "3 error: a route has no field `group_wiat`, did you mean `group_wait`?",
                "6 error: there is no time interval `nigth`, did you mean `night`?",
                "10 error: a receiver has no field `slak_configs`, did you mean `slack_configs`?",
                "11 warning: a receiver has no field `zzz`",
                "12 error: an alertmanager.yml has no field `inhibit_rule`, did you mean `inhibit_rules`?",
            ]
        );
    }
}
