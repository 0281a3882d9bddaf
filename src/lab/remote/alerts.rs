//! `doorbuster alerts`: what burns, who is told, what keeps it quiet; and what receivers were told last.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use serde_json::json;

use super::{
    flags::Alerts,
    lab::{Answer, Lab},
};
use crate::{
    lab::table::columns,
    stack::{
        alerts::{AlertNow, AlertsNow},
        inbox::{Note, Status},
    },
};

/// Lines of notifications that fit below the alerts on a screen.
const LAST: usize = 10;
/// Notifications that are asked for: one that is repeated makes one line.
const NEWEST: usize = 100;

pub async fn run(verb: &Alerts) -> Answer {
    match verb {
        Alerts::List(flags) => list(&Lab::new(flags)?).await,
    }
}

async fn list(lab: &Lab) -> Answer {
    #[derive(Serialize)]
    struct Newest {
        limit: usize,
    }
    let now: AlertsNow = lab.ask(Lab::get("/api/alerts")).await?;
    let newest = Lab::get("/api/alerts/notifications").query(&Newest { limit: NEWEST });
    let notes: Vec<Note> = lab.ask(newest).await?;
    let both = json!({ "alerts": now, "notifications": notes });
    Ok(lab.show(&both, |_| shown(&now, &notes, SystemTime::now())))
}

fn shown(now: &AlertsNow, notes: &[Note], at: SystemTime) -> String {
    let mut text = match now.alerts.is_empty() {
        true => "no alert is pending or fires\n".to_owned(),
        false => {
            let rows: Vec<_> = now.alerts.iter().map(|alert| row(alert, &now.alerts, at)).collect();
            let head = ["ALERT", "OF", "STATE", "SINCE", "SEVERITY", "TEAM", "RECEIVERS", "HELD BACK BY"];
            columns(&head, &rows)
        }
    };
    if let Some(trouble) = &now.trouble {
        text.push_str(&format!("\nnothing is known of receivers: {trouble}\n"));
    }
    text.push('\n');
    text.push_str(&match notes.is_empty() {
        true => "no receiver was told anything yet\n".to_owned(),
        false => {
            let rows: Vec<_> = folded(notes).iter().take(LAST).map(|news| told(news, at)).collect();
            columns(&["TOLD", "RECEIVER", "STATUS", "TIMES", "ALERTS"], &rows)
        }
    });
    text
}

fn row(alert: &AlertNow, all: &[AlertNow], at: SystemTime) -> Vec<String> {
    let label = |name: &str| alert.labels.get(name).cloned().unwrap_or_default();
    let since = humantime::parse_rfc3339(&alert.active_at).ok();
    let age = since.map(|since| age(at.duration_since(since).unwrap_or_default()));
    vec![
        label("alertname"),
        subject(&alert.labels),
        alert.state.clone(),
        age.unwrap_or_default(),
        label("severity"),
        label("team"),
        alert.receivers.join(", "),
        held_back(alert, all).join(", "),
    ]
}

/// Whom it is about: the labels that tell two alerts of one name apart, in few words.
fn subject(labels: &BTreeMap<String, String>) -> String {
    const SAID_ELSEWHERE: [&str; 4] = ["alertname", "severity", "team", "slo"];
    let rest = labels.iter().filter(|(name, _)| !SAID_ELSEWHERE.contains(&name.as_str()));
    let rest = rest.filter(|(name, _)| !name.starts_with("sloth_") || *name == "sloth_severity");
    let values: BTreeSet<_> = rest.map(|(_, value)| value.as_str()).collect();
    values.into_iter().collect::<Vec<_>>().join(" ")
}

fn held_back(alert: &AlertNow, all: &[AlertNow]) -> Vec<String> {
    let name = |fingerprint: &String| {
        let other = all.iter().find(|one| one.fingerprint.as_ref() == Some(fingerprint));
        other.and_then(|one| one.labels.get("alertname").cloned()).unwrap_or_else(|| fingerprint.clone())
    };
    let inhibited: BTreeSet<_> = alert.inhibited_by.iter().map(name).collect();
    let silenced = alert.silenced_by.iter().map(|id| format!("silence {id}"));
    let muted = alert.muted_by.iter().map(|interval| format!("interval {interval}"));
    inhibited.into_iter().chain(silenced).chain(muted).collect()
}

/// What a receiver was told of some alerts, and how often it was told the same in a row.
struct News {
    receiver: String,
    status: Status,
    alerts: String,
    newest_ms: u64,
    times: usize,
}

/// The newest first.
fn folded(notes: &[Note]) -> Vec<News> {
    let mut all: Vec<News> = Vec::new();
    for note in notes.iter().rev() {
        let alerts = names(note);
        let later = all.iter_mut().rfind(|news| news.receiver == note.receiver && news.alerts == alerts);
        match later {
            Some(later) if later.status == note.status => later.times += 1,
            _ => all.push(News {
                receiver: note.receiver.clone(),
                status: note.status,
                alerts,
                newest_ms: note.received_at_ms,
                times: 1,
            }),
        }
    }
    all
}

fn names(note: &Note) -> String {
    let names: BTreeSet<_> = note
        .alerts
        .iter()
        .map(|alert| {
            let name = alert.labels.get("alertname").map(String::as_str).unwrap_or("?");
            format!("{name} {}", subject(&alert.labels)).trim_end().to_owned()
        })
        .collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

fn told(news: &News, at: SystemTime) -> Vec<String> {
    let when = UNIX_EPOCH + Duration::from_millis(news.newest_ms);
    let status = match news.status {
        Status::Firing => "firing",
        Status::Resolved => "resolved",
    };
    vec![
        format!("{} ago", age(at.duration_since(when).unwrap_or_default())),
        news.receiver.clone(),
        status.into(),
        news.times.to_string(),
        news.alerts.clone(),
    ]
}

/// In whole seconds: `3m 4s`.
fn age(duration: Duration) -> String {
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::inbox::Told;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn alert(name: &str, fingerprint: &str) -> AlertNow {
        AlertNow {
            state: "firing".to_owned(),
            labels: labels(&[
                ("alertname", name),
                ("service_name", "cart"),
                ("severity", "critical"),
                ("team", "platform"),
            ]),
            annotations: BTreeMap::new(),
            active_at: "1970-01-01T00:01:00.5Z".to_owned(),
            value: "1".to_owned(),
            fingerprint: Some(fingerprint.to_owned()),
            status: Some("active".to_owned()),
            receivers: vec!["oncall".to_owned(), "platform".to_owned()],
            inhibited_by: Vec::new(),
            silenced_by: Vec::new(),
            muted_by: Vec::new(),
        }
    }

    #[test]
    fn what_burns_and_who_was_told_fits_a_screen() {
        let symptom = AlertNow { inhibited_by: vec!["f1".to_owned()], ..alert("HighErrorRate", "f2") };
        let now = AlertsNow {
            prometheus: None,
            alertmanager: None,
            trouble: None,
            alerts: vec![alert("ServiceDown", "f1"), symptom],
        };
        let note = Note {
            id: 7,
            receiver: "oncall".to_owned(),
            status: Status::Resolved,
            group_key: String::new(),
            group_labels: BTreeMap::new(),
            alerts: vec![Told {
                status: Status::Resolved,
                labels: now.alerts[0].labels.clone(),
                annotations: BTreeMap::new(),
                starts_at: String::new(),
                ends_at: None,
                fingerprint: "f1".to_owned(),
            }],
            received_at_ms: 50_000,
            truncated_alerts: 0,
            notification_reason: None,
        };
        let before = |ms| Note { received_at_ms: ms, status: Status::Firing, ..note.clone() };
        let notes = [before(20_000), before(30_000), note.clone()];
        let text = shown(&now, &notes, UNIX_EPOCH + Duration::from_secs(125));
        let expected = "\
ALERT          OF    STATE   SINCE   SEVERITY  TEAM      RECEIVERS         HELD BACK BY
ServiceDown    cart  firing  1m 4s   critical  platform  oncall, platform
HighErrorRate  cart  firing  1m 4s   critical  platform  oncall, platform  ServiceDown

TOLD         RECEIVER  STATUS    TIMES  ALERTS
1m 15s ago   oncall    resolved  1      ServiceDown cart
1m 35s ago   oncall    firing    2      ServiceDown cart
";
        let squeezed = |text: &str| {
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(squeezed(&text), squeezed(expected), "{text}");
        let quiet = AlertsNow { alerts: Vec::new(), trouble: Some("it is away".to_owned()), ..now };
        let text = shown(&quiet, &[], UNIX_EPOCH);
        for word in ["no alert is pending", "it is away", "no receiver was told"] {
            assert!(text.contains(word), "{text}");
        }
    }
}
