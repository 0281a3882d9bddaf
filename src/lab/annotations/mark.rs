//! What of the show is worth a mark on a dashboard. Pure.

use serde_json::Value;

use crate::{
    chaos::{fault::Fault, ledger::BASELINE},
    scenario::control::Status,
};

/// On every mark: dashboards ask for it.
pub const OURS: &str = "doorbuster";
/// A phase of a scenario.
pub const PHASE: &str = "phase";
/// A fault while it is active.
pub const FAULT: &str = "fault";

/// Something that lasts, as long as the show says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What makes it the same one.
    pub key: String,
    pub kind: &'static str,
    pub text: String,
    /// The scenario it belongs to, if it does.
    pub scenario: Option<String>,
}

/// The marks of this moment. An evening on which nothing happens has none, and faults are shown to those alone who asked
/// for them: a trainee is to find them.
pub fn marks(status: &Status, faults: bool) -> Vec<Mark> {
    let running = status.scenario.as_ref().filter(|running| running.name != "normal");
    let phase = running.map(|running| Mark {
        key: format!("phase {} {}", running.name, running.phase),
        kind: PHASE,
        text: format!("{}: {}", running.title, running.phase),
        scenario: Some(running.name.clone()),
    });
    let everyday = |source: &str| source == BASELINE || source.starts_with("normal/");
    let active = status.faults.iter().filter(|one| faults && !everyday(&one.source));
    let faults = active.map(|one| Mark {
        key: format!("fault {} {}", one.fault.id, one.since),
        kind: FAULT,
        text: words(&one.fault),
        scenario: one.source.split_once('/').map(|(scenario, _)| scenario.to_owned()),
    });
    phase.into_iter().chain(faults).collect()
}

/// `br-cards: fail at country=BR service=payment-provider`. How often changes while it grows, and is no mark of its own.
fn words(fault: &Fault) -> String {
    let place = serde_json::to_value(&fault.on).unwrap_or_default();
    let place: Vec<String> = place
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", plain(value)))
        .collect();
    let place = if place.is_empty() { "every service".to_owned() } else { place.join(" ") };
    format!("{}: {} at {place}", fault.id, fault.effect.name())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join("|"),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Fault {
        serde_json::from_str(json).expect("a fault")
    }

    #[test]
    fn a_fault_is_told_in_one_line() {
        let cards = r#"{"id": "br-cards", "on": {"service": "payment-provider", "country": ["BR", "IN"]},
            "share": "35%", "effect": "down"}"#;
        assert_eq!(words(&fault(cards)), "br-cards: down at country=BR|IN service=payment-provider");
        assert_eq!(words(&fault(r#"{"id": "all", "effect": "hang"}"#)), "all: hang at every service");
    }
}
