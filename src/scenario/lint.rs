//! What is not wrong with a scenario, but probably not meant.

use std::collections::BTreeSet;

use super::spec::Spec;

/// Advice, a sentence each.
pub fn advice(spec: &Spec) -> Vec<String> {
    let mut advice = Vec::new();
    let mute: Vec<&str> =
        spec.phases.iter().filter(|phase| phase.cue.is_none()).map(|phase| phase.name.as_str()).collect();
    if !mute.is_empty() {
        advice.push(format!("no cue in {}: the presenter has nothing to say there", mute.join(", ")));
    }
    if spec.expect.is_empty() {
        advice.push("no expectation: nothing can be verified".to_owned());
    }
    let faults = || spec.phases.iter().flat_map(|phase| &phase.faults);
    let has_releases = spec.phases.iter().any(|phase| !phase.releases.is_empty());
    let counts = |after: &Option<String>| after.is_none();
    if faults().next().is_none() && !has_releases {
        advice.push("no fault: nothing breaks".to_owned());
        if spec.expect.iter().any(|one| counts(&one.after) && !one.never) {
            advice.push(
                "an expectation counts from the first fault, and there is none: say `after`".to_owned(),
            );
        }
    }
    let released: BTreeSet<&str> =
        spec.phases.iter().flat_map(|phase| phase.releases.values().flatten()).map(String::as_str).collect();
    for fault in faults() {
        if let Some(version) = &fault.on.version
            && !released.contains(version.as_str())
        {
            advice.push(format!("fault {} is about version {version}, which is never released", fault.id));
        }
    }
    advice
}
