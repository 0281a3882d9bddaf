//! What Prometheus and Alertmanager say of alerts right now, as one list: which burn, who is told, and what keeps them
//! quiet. `joined` is pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    ask::Asker,
    fields::{list, texts},
};

/// An alert that is pending or fires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertNow {
    /// Of Prometheus: `pending` or `firing`.
    pub state: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    /// RFC 3339: since when its expression has been true.
    pub active_at: String,
    /// What its expression gave when it was last looked at.
    pub value: String,
    /// Alertmanager's number of it; nothing until it was told.
    pub fingerprint: Option<String>,
    /// Of Alertmanager: `active`, `suppressed` or `unprocessed`; nothing until it was told.
    pub status: Option<String>,
    /// Who is told, or would be if nothing kept it quiet.
    pub receivers: Vec<String>,
    /// Fingerprints of the alerts that keep it quiet.
    pub inhibited_by: Vec<String>,
    /// Ids of the silences that do.
    pub silenced_by: Vec<String>,
    /// Names of the time intervals that do.
    pub muted_by: Vec<String>,
}

/// Both of them, as they said it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertsNow {
    pub prometheus: Option<String>,
    pub alertmanager: Option<String>,
    /// Why there is no word of Alertmanager's in it.
    pub trouble: Option<String>,
    /// Those that fire first, then those that are pending; the newest first.
    pub alerts: Vec<AlertNow>,
}

/// Asks both at once. Without Prometheus there is no answer; without Alertmanager there is, and it says so.
pub async fn now(asker: &Asker, prometheus: &str, alertmanager: Option<&str>) -> Result<AlertsNow, String> {
    let routed = async {
        match alertmanager {
            Some(base) => asker.json(base, "/api/v2/alerts").await,
            None => Err("no Alertmanager is known".to_owned()),
        }
    };
    let (alerts, routed) = tokio::join!(asker.json(prometheus, "/api/v1/alerts"), routed);
    let alerts = alerts?;
    Ok(AlertsNow {
        prometheus: Some(prometheus.to_owned()),
        alertmanager: alertmanager.map(str::to_owned),
        trouble: routed.as_ref().err().cloned(),
        alerts: joined(&alerts["data"]["alerts"], routed.as_ref().unwrap_or(&Value::Null)),
    })
}

/// How many alerts fire, by Prometheus's answer to `/api/v1/alerts`.
pub fn firing(answer: &Value) -> usize {
    list(&answer["data"]["alerts"]).iter().filter(|alert| alert["state"] == "firing").count()
}

/// Prometheus's list, each with what Alertmanager says of the alert of the same labels.
fn joined(alerts: &Value, routed: &Value) -> Vec<AlertNow> {
    let routed: Vec<_> = list(routed).iter().map(|one| (texts(&one["labels"]), one)).collect();
    let mut all: Vec<AlertNow> = list(alerts)
        .iter()
        .map(|alert| {
            let labels = texts(&alert["labels"]);
            // A Prometheus may add labels of its own when it tells.
            let told = routed.iter().find(|(theirs, _)| {
                labels.iter().all(|(name, value)| theirs.get(name).is_some_and(|their| their == value))
            });
            let told = told.map_or(&Value::Null, |(_, told)| *told);
            let status = &told["status"];
            let receivers = list(&told["receivers"]);
            AlertNow {
                state: text(&alert["state"]).unwrap_or_default(),
                labels,
                annotations: texts(&alert["annotations"]),
                active_at: text(&alert["activeAt"]).unwrap_or_default(),
                value: text(&alert["value"]).unwrap_or_default(),
                fingerprint: text(&told["fingerprint"]),
                status: text(&status["state"]),
                receivers: receivers.iter().filter_map(|receiver| text(&receiver["name"])).collect(),
                inhibited_by: list(&status["inhibitedBy"]).iter().filter_map(text).collect(),
                silenced_by: list(&status["silencedBy"]).iter().filter_map(text).collect(),
                muted_by: list(&status["mutedBy"]).iter().filter_map(text).collect(),
            }
        })
        .collect();
    all.sort_by(|a, b| (&a.state, &b.active_at, &a.labels).cmp(&(&b.state, &a.active_at, &b.labels)));
    all
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_alert_has_who_is_told_and_what_keeps_it_quiet() {
        let alerts = json!([
            {"state": "pending", "labels": {"alertname": "B"}, "activeAt": "2026-11-20T20:15:00Z", "value": "1e+00"},
            {"state": "firing", "labels": {"alertname": "A", "service_name": "cart"}, "annotations": {"summary": "s"},
                "activeAt": "2026-11-20T20:14:00Z", "value": "7"},
        ]);
        let routed = json!([
            {"labels": {"alertname": "A", "service_name": "checkout"}, "fingerprint": "f1"},
            {"labels": {"alertname": "A", "service_name": "cart", "cluster": "theirs"}, "fingerprint": "f2",
                "receivers": [{"name": "oncall"}, {"name": "platform"}],
                "status": {"state": "suppressed", "inhibitedBy": ["f9"], "silencedBy": [], "mutedBy": []}},
        ]);
        let all = joined(&alerts, &routed);
        let [a, b] = &all[..] else { panic!("{all:?}") };
        assert_eq!((a.fingerprint.as_deref(), a.status.as_deref()), (Some("f2"), Some("suppressed")));
        assert_eq!(
            (&a.receivers[..], &a.inhibited_by[..]),
            (&["oncall".into(), "platform".into()][..], &["f9".into()][..])
        );
        assert_eq!((b.state.as_str(), &b.fingerprint, &b.receivers[..]), ("pending", &None, &[][..]));
        assert_eq!(firing(&json!({"data": {"alerts": alerts}})), 1);
        assert_eq!((firing(&json!({})), joined(&Value::Null, &Value::Null)), (0, Vec::new()));
    }
}
