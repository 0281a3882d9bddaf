//! The way back: what was read or composed, as the text of a file.

use super::spec::{Clear, LoadSpec, Phase, Planned, Spec};
use crate::chaos::units::Span;

/// What editors complete and check the file by; it lies beside the bundled ones.
const HEAD: &str = "# yaml-language-server: $schema=scenario.schema.json\n";
const BEGINS: Span = Span::from_secs(30);
const ENDS: Span = Span::from_secs(210);

/// A fault, as it stands in a list of faults.
pub fn fault(planned: &Planned) -> Result<String, String> {
    serde_saphyr::to_string(planned).map_err(|error| error.to_string())
}

/// A scenario of a quiet start, `planned`, and a recovery. It bears the fault's id.
pub fn scenario(planned: &Planned) -> Result<String, String> {
    let phase = |at, name: &str, cue: &str| Phase {
        at,
        name: name.to_owned(),
        cue: Some(cue.to_owned()),
        load: None,
        faults: Vec::new(),
        clear: None,
        releases: Default::default(),
    };
    let id = planned.id.clone();
    let spec = Spec {
        name: id.clone(),
        title: format!("{id}, composed by hand"),
        story: "It is a normal evening until one thing breaks. Say here what, in words for the audience."
            .to_owned(),
        audience: "Say here what they will see, panel by panel.".to_owned(),
        seed: None,
        load: LoadSpec::default(),
        baseline: true,
        lasts: None,
        repeats: false,
        phases: vec![
            phase(Span::default(), "calm", "This is a normal evening."),
            Phase { faults: vec![planned.clone()], ..phase(BEGINS, "broken", "Something is wrong.") },
            Phase { clear: Some(Clear::These(vec![id])), ..phase(ENDS, "recovery", "It is mended.") },
        ],
        expect: Vec::new(),
        allow: Vec::new(),
    };
    let text = serde_saphyr::to_string(&spec).map_err(|error| error.to_string())?;
    Ok(format!("{HEAD}{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    const FAULTS: [&str; 3] = [
        "{ id: br-cards, on: { service: payment-provider, route: POST /charge, country: [BR] }, share: 35%, \
         effect: { fail: { status: { 500: 2, 429: 1 }, retry_after: 2s } }, ramp: { over: 30s, from: 0% } }",
        "{ id: \"123\", on: { service: checkout, query: orders.insert }, effect: { hold_lock: { table: orders, for: 2s } } }",
        "{ id: storm, on: { service: checkout, peer: payments }, effect: lose_context, wave: { period: 1m } }",
    ];

    #[test]
    fn a_fault_that_is_written_reads_as_it_was() {
        for text in FAULTS {
            let planned = parse::read_fault("a", text, None).expect(text);
            let written = fault(&planned).expect("text");
            assert_eq!(parse::read_fault("a", &written, None), Ok(planned), "{written}");
        }
    }

    #[test]
    fn a_fault_becomes_a_scenario_that_can_be_played() {
        for text in FAULTS {
            let planned = parse::read_fault("a", text, None).expect(text);
            let written = scenario(&planned).expect("text");
            let spec = parse::read("a", &written).unwrap_or_else(|wrong| panic!("{wrong:?} in {written}"));
            assert_eq!((&spec.name, &spec.phases[1].faults), (&planned.id, &vec![planned.clone()]));
        }
    }
}
