//! Alertmanager's own route tree, the path that each alert takes through it, and what is grouped and silenced. The tree
//! is read from what Alertmanager says of its configuration, so it is the one that is really in use. `joined` is pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    ask::Asker,
    fields::{list, text, texts},
};
use crate::rules::routing::{Route, Routing};

/// The whole, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RoutesNow {
    pub tree: Branch,
    pub inhibitions: Vec<InhibitionNow>,
    /// Alerts that Alertmanager knows, each with the routes it takes.
    pub alerts: Vec<Routed>,
    pub groups: Vec<Group>,
    /// Silences that hold now, or will.
    pub silences: Vec<SilenceNow>,
}

/// A route and those below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RouteBranch)]
pub struct Branch {
    /// Where it stands: `0`, `0.2`, `0.2.1`.
    pub path: String,
    pub receiver: String,
    /// All of them have to hold.
    pub matchers: Vec<String>,
    /// Whether the routes after it are tried as well.
    pub goes_on: bool,
    pub group_by: Vec<String>,
    #[schema(no_recursion)]
    pub routes: Vec<Branch>,
}

/// While a source fires, its targets are not told of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InhibitionNow {
    pub source: Vec<String>,
    pub target: Vec<String>,
    /// Labels that have to be the same on both.
    pub equal: Vec<String>,
}

/// An alert and the way it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Routed {
    pub fingerprint: String,
    pub labels: BTreeMap<String, String>,
    /// `active`, `suppressed` or `unprocessed`.
    pub state: String,
    pub receivers: Vec<String>,
    /// The ends of its ways through the tree, by where they stand.
    pub paths: Vec<String>,
    pub inhibited_by: Vec<String>,
    pub silenced_by: Vec<String>,
    pub muted_by: Vec<String>,
}

/// Alerts that are told together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    pub receiver: String,
    pub labels: BTreeMap<String, String>,
    /// By their fingerprints.
    pub alerts: Vec<String>,
}

/// A silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SilenceNow {
    pub id: String,
    pub state: String,
    pub matchers: Vec<String>,
    pub comment: String,
    pub created_by: String,
    /// RFC 3339.
    pub ends_at: String,
}

/// Asks Alertmanager at `base` all of it at once.
pub async fn now(asker: &Asker, base: &str) -> Result<RoutesNow, String> {
    let (status, alerts, groups, silences) = tokio::join!(
        asker.json(base, "/api/v2/status"),
        asker.json(base, "/api/v2/alerts"),
        asker.json(base, "/api/v2/alerts/groups"),
        asker.json(base, "/api/v2/silences"),
    );
    let (status, alerts, groups) = (status?, alerts?, groups?);
    let text = text(&status["config"]["original"]);
    let routing = Routing::parse("alertmanager.yml", &text)
        .map_err(|_| format!("{base} has a configuration that is not understood here"))?;
    Ok(joined(&routing, &alerts, &groups, silences.as_ref().unwrap_or(&Value::Null)))
}

fn joined(routing: &Routing, alerts: &Value, groups: &Value, silences: &Value) -> RoutesNow {
    let words =
        |matchers: &[crate::rules::matcher::Matcher]| matchers.iter().map(ToString::to_string).collect();
    let silences = list(silences).iter().filter(|one| one["status"]["state"] != "expired");
    RoutesNow {
        tree: branch(&routing.route, "0".to_owned()),
        inhibitions: routing
            .inhibitions
            .iter()
            .map(|one| InhibitionNow {
                source: words(&one.source),
                target: words(&one.target),
                equal: one.equal.iter().map(|(label, _)| label.clone()).collect(),
            })
            .collect(),
        alerts: list(alerts).iter().map(|alert| routed(&routing.route, alert)).collect(),
        groups: list(groups)
            .iter()
            .map(|group| Group {
                receiver: text(&group["receiver"]["name"]),
                labels: texts(&group["labels"]),
                alerts: list(&group["alerts"]).iter().map(|alert| text(&alert["fingerprint"])).collect(),
            })
            .collect(),
        silences: silences.map(silence).collect(),
    }
}

fn branch(route: &Route, path: String) -> Branch {
    let below = |(at, route): (usize, &Route)| branch(route, format!("{path}.{at}"));
    Branch {
        receiver: route.receiver.clone(),
        matchers: route.matchers.iter().map(ToString::to_string).collect(),
        goes_on: route.goes_on,
        group_by: route.group_by.iter().map(|(label, _)| label.clone()).collect(),
        routes: route.routes.iter().enumerate().map(below).collect(),
        path,
    }
}

fn routed(root: &Route, alert: &Value) -> Routed {
    let (labels, status) = (texts(&alert["labels"]), &alert["status"]);
    let words = |value: &Value| list(value).iter().map(text).collect();
    Routed {
        fingerprint: text(&alert["fingerprint"]),
        state: text(&status["state"]),
        receivers: list(&alert["receivers"]).iter().map(|one| text(&one["name"])).collect(),
        paths: paths(root, "0", &labels),
        inhibited_by: words(&status["inhibitedBy"]),
        silenced_by: words(&status["silencedBy"]),
        muted_by: words(&status["mutedBy"]),
        labels,
    }
}

/// Where an alert of these labels ends: at the deepest routes that take it, and at the first of those beside one another,
/// unless it goes on.
fn paths(route: &Route, path: &str, labels: &BTreeMap<String, String>) -> Vec<String> {
    let mut ends = Vec::new();
    for (at, below) in route.routes.iter().enumerate() {
        let word = |label: &str| labels.get(label).map(String::as_str).unwrap_or_default();
        if below.matchers.iter().all(|matcher| matcher.holds(word(&matcher.label))) {
            ends.extend(paths(below, &format!("{path}.{at}"), labels));
            if !below.goes_on {
                break;
            }
        }
    }
    if ends.is_empty() {
        ends.push(path.to_owned());
    }
    ends
}

fn silence(one: &Value) -> SilenceNow {
    let matcher = |one: &Value| {
        let is = |field: &str, otherwise: bool| one[field].as_bool().unwrap_or(otherwise);
        let sign = match (is("isEqual", true), is("isRegex", false)) {
            (true, false) => "=",
            (false, false) => "!=",
            (true, true) => "=~",
            (false, true) => "!~",
        };
        format!("{}{sign}\"{}\"", text(&one["name"]), text(&one["value"]))
    };
    SilenceNow {
        id: text(&one["id"]),
        state: text(&one["status"]["state"]),
        matchers: list(&one["matchers"]).iter().map(matcher).collect(),
        comment: text(&one["comment"]),
        created_by: text(&one["createdBy"]),
        ends_at: text(&one["endsAt"]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn routing() -> Routing {
        let text = include_str!("../../alerts/alertmanager.yml");
        Routing::parse("alertmanager.yml", text).expect("ours")
    }

    fn ends(labels: &Value) -> Vec<String> {
        paths(&routing().route, "0", &texts(labels))
    }

    #[test]
    fn an_alert_takes_the_way_that_alertmanager_gives_it() {
        for (labels, expected) in [
            (json!({"alertname": "Watchdog"}), vec!["0.0"]),
            (json!({"alertname": "A", "severity": "critical", "team": "payments"}), vec!["0.3", "0.4"]),
            (json!({"alertname": "A", "severity": "warning", "team": "business"}), vec!["0.6.0"]),
            (json!({"alertname": "A", "severity": "info"}), vec!["0"]),
        ] {
            assert_eq!(ends(&labels), expected, "{labels}");
        }
    }

    #[test]
    fn the_tree_says_who_is_told_and_by_what_it_is_grouped() {
        let alerts = json!([{"labels": {"alertname": "Watchdog"}, "fingerprint": "f", "receivers": [{"name": "watchdog"}],
            "status": {"state": "active", "inhibitedBy": [], "silencedBy": ["s"]}}]);
        let groups = json!([{"receiver": {"name": "watchdog"}, "labels": {"alertname": "Watchdog"}, "alerts": [{"fingerprint": "f"}]}]);
        let silences = json!([
            {"id": "s", "status": {"state": "active"}, "endsAt": "2026-11-20T20:15:00Z", "comment": "c", "createdBy": "b",
                "matchers": [{"name": "a", "value": "b|c", "isRegex": true}]},
            {"id": "old", "status": {"state": "expired"}},
        ]);
        let now = joined(&routing(), &alerts, &groups, &silences);
        assert_eq!(
            (now.tree.receiver.as_str(), now.tree.routes[0].receiver.as_str()),
            ("default", "watchdog")
        );
        assert_eq!(now.tree.routes[4].group_by, ["alertname", "service_name", "country"]);
        assert_eq!((&now.alerts[0].paths[..], now.groups[0].alerts.len()), (&["0.0".to_owned()][..], 1));
        assert_eq!((now.silences.len(), now.silences[0].matchers[0].as_str()), (1, "a=~\"b|c\""));
        assert!(!now.inhibitions.is_empty());
    }
}
