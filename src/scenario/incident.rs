//! A scenario as an incident: it gets worse, and nobody puts it right until somebody has found it.

use std::time::Duration;

use super::spec::{Phase, Spec};

/// `spec` without the phases in which it gets better by itself, and without an end.
pub fn lasting(spec: &Spec) -> Spec {
    let worst = spec.phases.iter().position(gets_better).unwrap_or(spec.phases.len()).max(1);
    let phases = spec.phases.iter().take(worst).cloned().collect();
    Spec { phases, lasts: None, repeats: false, ..spec.clone() }
}

/// When something begins to be wrong, since its start: more than once where it comes in steps.
pub fn onsets(spec: &Spec) -> Vec<Duration> {
    worse(spec)
        .filter(|phase| !phase.faults.is_empty() || !phase.releases.is_empty())
        .map(|one| one.at.0)
        .collect()
}

/// The faults of it, by id.
pub fn faults(spec: &Spec) -> Vec<String> {
    worse(spec).flat_map(|phase| &phase.faults).map(|fault| fault.id.clone()).collect()
}

/// The phases before the first in which it gets better.
fn worse(spec: &Spec) -> impl Iterator<Item = &Phase> {
    spec.phases.iter().take_while(|phase| !gets_better(phase))
}

fn gets_better(phase: &Phase) -> bool {
    phase.clear.is_some() || phase.releases.values().any(Option::is_none)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::library::Library;

    #[test]
    fn an_incident_does_not_end_by_itself() {
        let library = Library::new(None);
        let storm = library.get("retry-storm").expect("bundled");
        let names: Vec<_> = lasting(&storm).phases.iter().map(|phase| phase.name.clone()).collect();
        assert_eq!(names, ["calm", "impatient", "storm"]);
        assert_eq!(onsets(&storm), [Duration::from_secs(45), Duration::from_secs(90)]);
        assert_eq!(faults(&storm), ["eager-client", "provider-hiccup"]);
        let release = lasting(&library.get("bad-release").expect("bundled"));
        assert_eq!(release.phases.last().map(|phase| phase.name.as_str()), Some("release"));
    }
}
