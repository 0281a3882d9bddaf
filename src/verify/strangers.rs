//! What a scenario promises of alerts and receivers that the servers have never heard of: it could only be missed, and
//! that is known before anything is played. Pure.

use std::collections::BTreeSet;

use super::{
    plan::{Claim, Plan},
    timeline::WATCHDOG,
};
use crate::kernel::nearest::unknown;

/// The names that the two servers know.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub alerts: BTreeSet<String>,
    pub receivers: BTreeSet<String>,
}

impl Known {
    /// Every name in `plan` that nobody knows, each in a line.
    pub fn strangers(&self, plan: &Plan) -> Vec<String> {
        let mut lines = BTreeSet::new();
        for promise in &plan.promises {
            let name = promise.claim.alert().and_then(|alert| alert.get("alertname"));
            // What is never to fire may well not be there.
            let must_be = !matches!(promise.claim, Claim::Never { .. });
            if let Some(name) = name.filter(|name| must_be && !self.alerts.contains(*name)) {
                lines.insert(said(&plan.scenario, "alert", name, &self.alerts));
            }
            if let Claim::Notified { receiver, .. } = &promise.claim
                && !self.receivers.contains(receiver)
            {
                lines.insert(said(&plan.scenario, "receiver", receiver, &self.receivers));
            }
        }
        lines.into_iter().collect()
    }

    /// Whether there is the alert by which silence is told from health.
    pub fn has_watchdog(&self) -> bool {
        self.alerts.contains(WATCHDOG)
    }
}

fn said(scenario: &str, what: &str, word: &str, known: &BTreeSet<String>) -> String {
    format!("{scenario}: {}", unknown(what, word, known.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::plan::Promise, *};

    fn plan(claims: Vec<Claim>) -> Plan {
        let promises = claims.into_iter().map(|claim| Promise { after: "fault".into(), claim }).collect();
        Plan { scenario: "mine".into(), phases: Vec::new(), promises, allowed: Vec::new() }
    }

    fn alert(name: &str) -> std::collections::BTreeMap<String, String> {
        [("alertname".to_owned(), name.to_owned())].into()
    }

    #[test]
    fn who_is_unknown_is_said_once_with_who_was_meant_and_what_must_never_be_need_not_exist() {
        let known = Known {
            alerts: ["ServiceDown", "Watchdog"].map(str::to_owned).into(),
            receivers: ["platform-pd".to_owned()].into(),
        };
        let within = Duration::from_secs(1);
        let told = |receiver: &str| Claim::Notified {
            alert: alert("ServicDown"),
            receiver: receiver.to_owned(),
            within,
            exactly: None,
        };
        let found = known.strangers(&plan(vec![
            Claim::Fires { alert: alert("ServicDown"), within },
            told("platform-pager"),
            told("platform-pd"),
            Claim::Never { alert: alert("NotHere") },
        ]));
        assert_eq!(
            found,
            [
                "mine: unknown alert `ServicDown`; did you mean `ServiceDown`?",
                "mine: unknown receiver `platform-pager`; did you mean `platform-pd`?",
            ]
        );
        assert!(known.has_watchdog() && !Known::default().has_watchdog());
    }
}
