//! What receivers were told: the lab's own sink for Alertmanager's webhooks. It keeps the newest notifications, in
//! bounded memory, and tells each to whoever listens. Knows nothing of HTTP.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::broadcast;
use utoipa::ToSchema;

use crate::kernel::clock;

/// Notifications that are kept at most.
pub const MOST_NOTES: usize = 1_000;
/// Bytes of text that are kept at most: a notification may name hundreds of alerts.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Notifications that may wait for a slow listener; who is further behind hears how many it missed.
const WAITING: usize = 256;
/// The only form of webhook there has been since Alertmanager 0.10.
const VERSION: &str = "4";
/// What Alertmanager writes for "no end".
const NEVER: &str = "0001-01-01T00:00:00Z";

pub type Labels = BTreeMap<String, String>;

/// Whether something burns or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = NotificationStatus)]
pub enum Status {
    Firing,
    Resolved,
}

/// A notification as it arrived at a receiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// Counts up from 1, in the order in which they came.
    pub id: u64,
    /// The receiver's name in `alertmanager.yml`.
    pub receiver: String,
    /// Of the group: it burns as long as one of its alerts does.
    pub status: Status,
    pub group_key: String,
    pub group_labels: Labels,
    pub alerts: Vec<Told>,
    /// When it came, in milliseconds since 1970 by the lab's clock.
    pub received_at_ms: u64,
    /// Alerts of the group that were left out.
    pub truncated_alerts: u64,
    /// Why it was sent, by Alertmanager 0.32 and newer.
    pub notification_reason: Option<String>,
}

/// One alert of a notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Told {
    pub status: Status,
    pub labels: Labels,
    pub annotations: Labels,
    /// RFC 3339.
    pub starts_at: String,
    /// RFC 3339; nothing while it fires.
    pub ends_at: Option<String>,
    /// The same for the same labels, in every notification and in Alertmanager's own API.
    pub fingerprint: String,
}

/// Alertmanager's webhook, version 4. Fields that are not named here are left out.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    #[serde(deserialize_with = "version")]
    #[schema(pattern = "^4$")]
    pub version: String,
    pub status: Status,
    pub group_key: String,
    #[serde(default)]
    pub group_labels: Labels,
    pub alerts: Vec<WebhookAlert>,
    #[serde(default)]
    pub truncated_alerts: u64,
    #[serde(default, rename = "notification_reason")]
    pub notification_reason: Option<String>,
}

/// One alert of a webhook.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookAlert {
    pub status: Status,
    pub labels: Labels,
    #[serde(default)]
    pub annotations: Labels,
    pub starts_at: String,
    #[serde(default)]
    pub ends_at: Option<String>,
    #[serde(default)]
    pub fingerprint: String,
}

/// The newest notifications. Clones share them.
#[derive(Clone)]
pub struct Inbox {
    kept: Arc<Mutex<Kept>>,
    told: broadcast::Sender<Arc<Note>>,
}

#[derive(Default)]
struct Kept {
    notes: VecDeque<(Arc<Note>, usize)>,
    bytes: usize,
    last: u64,
}

impl Inbox {
    pub fn new() -> Self {
        Inbox { kept: Arc::default(), told: broadcast::Sender::new(WAITING) }
    }

    /// Keeps what `receiver` is told, and tells it on.
    pub fn take(&self, receiver: &str, webhook: Webhook) -> Arc<Note> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let note = Arc::new(Note {
            id: kept.last,
            receiver: receiver.to_owned(),
            status: webhook.status,
            group_key: webhook.group_key,
            group_labels: webhook.group_labels,
            alerts: webhook.alerts.into_iter().map(Told::from).collect(),
            received_at_ms: clock::now_millis().unsigned_abs(),
            truncated_alerts: webhook.truncated_alerts,
            notification_reason: webhook.notification_reason,
        });
        let size = size(&note);
        kept.bytes += size;
        kept.notes.push_back((note.clone(), size));
        while kept.notes.len() > MOST_NOTES || (kept.bytes > MOST_BYTES && kept.notes.len() > 1) {
            let Some((_, size)) = kept.notes.pop_front() else { break };
            kept.bytes -= size;
        }
        // Inside of the lock, so that listeners hear them in the order of their numbers.
        let _ = self.told.send(note.clone());
        note
    }

    /// Those that are kept, the oldest first; only those that came after the one numbered `after`, if one is named.
    pub fn list(&self, after: Option<u64>) -> Vec<Arc<Note>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = kept.notes.iter().filter(|(note, _)| after.is_none_or(|after| note.id > after));
        newer.map(|(note, _)| note.clone()).collect()
    }

    /// The number of the newest one, and how many are kept.
    pub fn count(&self) -> (u64, usize) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.last, kept.notes.len())
    }

    /// Each that comes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Note>> {
        self.told.subscribe()
    }
}

impl Default for Inbox {
    fn default() -> Self {
        Inbox::new()
    }
}

impl From<WebhookAlert> for Told {
    fn from(alert: WebhookAlert) -> Told {
        Told {
            status: alert.status,
            labels: alert.labels,
            annotations: alert.annotations,
            starts_at: alert.starts_at,
            ends_at: alert.ends_at.filter(|at| at != NEVER && alert.status == Status::Resolved),
            fingerprint: alert.fingerprint,
        }
    }
}

/// How much memory it takes, roughly.
fn size(note: &Note) -> usize {
    let labels = |labels: &Labels| labels.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
    let alert = |alert: &Told| -> usize {
        let texts: [usize; 2] = [labels(&alert.labels), labels(&alert.annotations)];
        texts.iter().sum::<usize>() + alert.starts_at.len() + alert.fingerprint.len() + 160
    };
    let group: usize = labels(&note.group_labels);
    note.alerts.iter().map(alert).sum::<usize>() + group + note.group_key.len() + note.receiver.len() + 256
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let version = String::deserialize(deserializer)?;
    match version.as_str() {
        VERSION => Ok(version),
        other => {
            let wrong = format!("`{other}` is no version of the webhook that is known; expected `{VERSION}`");
            Err(serde::de::Error::custom(wrong))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn webhook(change: Value) -> Webhook {
        let mut whole = json!({
            "version": "4", "groupKey": "{}:{alertname=\"A\"}", "truncatedAlerts": 2, "status": "firing",
            "receiver": "oncall", "groupLabels": {"alertname": "A"}, "commonLabels": {}, "externalURL": "http://x",
            "notification_reason": "first notification",
            "alerts": [{"status": "firing", "labels": {"alertname": "A"}, "annotations": {"summary": "s"},
                "startsAt": "2026-11-20T20:15:00Z", "endsAt": NEVER, "generatorURL": "", "fingerprint": "f0"}],
        });
        for (name, value) in change.as_object().into_iter().flatten() {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).expect("a webhook")
    }

    #[test]
    fn a_notification_is_kept_with_all_it_said() {
        let inbox = Inbox::new();
        let note = inbox.take("oncall", webhook(json!({})));
        assert_eq!((note.id, note.receiver.as_str(), note.status), (1, "oncall", Status::Firing));
        assert_eq!(
            (note.truncated_alerts, note.notification_reason.as_deref()),
            (2, Some("first notification"))
        );
        let alert = &note.alerts[0];
        assert_eq!((alert.ends_at.as_ref(), alert.fingerprint.as_str()), (None, "f0"), "it has no end yet");
        assert_eq!(alert.annotations["summary"], "s");
        let text = serde_json::to_value(&*note).expect("it serialises");
        assert_eq!(
            (&text["status"], &text["alerts"][0]["starts_at"]),
            (&json!("firing"), &json!(alert.starts_at))
        );
        assert_eq!(serde_json::from_value::<Note>(text).expect("a note"), *note);
    }

    #[test]
    fn those_after_a_number_are_listed_and_told_in_order() {
        let inbox = Inbox::new();
        let mut told = inbox.subscribe();
        for receiver in ["a", "b", "c"] {
            inbox.take(receiver, webhook(json!({})));
        }
        let after = inbox.list(Some(1));
        let after: Vec<_> = after.iter().map(|note| (note.id, note.receiver.as_str())).collect();
        assert_eq!(after, [(2, "b"), (3, "c")]);
        let heard: Vec<_> = std::iter::from_fn(|| told.try_recv().ok()).map(|note| note.id).collect();
        assert_eq!((heard, inbox.count()), (vec![1, 2, 3], (3, 3)));
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_or_they_are_too_large() {
        let inbox = Inbox::new();
        for _ in 0..=MOST_NOTES {
            inbox.take("a", webhook(json!({})));
        }
        assert_eq!(inbox.count(), (1_001, MOST_NOTES));
        let large = "x".repeat(MOST_BYTES / 3);
        for _ in 0..4 {
            inbox.take("large", webhook(json!({ "groupKey": large })));
        }
        let ids: Vec<_> = inbox.list(None).iter().map(|note| note.id).collect();
        assert_eq!(ids, [1_004, 1_005]);
    }

    #[test]
    fn another_version_of_the_webhook_is_refused_by_name() {
        let wrong = serde_json::from_value::<Webhook>(json!({"version": "5"})).expect_err("unknown");
        assert!(wrong.to_string().contains("`5` is no version"), "{wrong}");
    }
}
