//! What holds for any file.

use std::time::Duration;

use doorbuster::{
    chaos::{
        fault::{Effect, Fault},
        units::Span,
    },
    scenario::{
        library::BUNDLED,
        parse,
        spec::{Planned, Ramp, Spec},
    },
};
use garde::Validate;
use proptest::prelude::*;

use crate::any;

/// Reads, and looks at what is said of it: each has a place and words.
fn read(text: &str) -> Result<Spec, TestCaseError> {
    match parse::read("any.yaml", text) {
        Ok(spec) => Ok(spec),
        Err(wrong) => {
            prop_assert!(!wrong.is_empty() && wrong.len() <= 64);
            for one in &wrong {
                prop_assert!(one.line >= 1 && one.column >= 1 && !one.message.is_empty(), "{one:?}");
                let harmless = one.to_string().chars().all(|letter| letter == '\n' || !letter.is_control());
                prop_assert!(harmless, "{one:?}");
            }
            Err(TestCaseError::reject("refused"))
        }
    }
}

fn only_words(outcome: Result<Spec, TestCaseError>) -> Result<(), TestCaseError> {
    match outcome {
        Ok(_) | Err(TestCaseError::Reject(_)) => Ok(()),
        Err(failed) => Err(failed),
    }
}

/// Something done to a text: a piece of it goes, comes twice, or makes room for something else.
fn slip() -> impl Strategy<Value = (usize, usize, String)> {
    let instead = prop_oneof![
        Just(String::new()),
        Just("&a ".to_owned()),
        Just("*a".to_owned()),
        Just("\n".to_owned()),
        Just("- ".to_owned()),
        Just("? ".to_owned()),
        Just("{".to_owned()),
        Just("null".to_owned()),
        "[ -~]{1,4}",
        "\\PC{1,2}",
    ];
    (any::<usize>(), 0_usize..20, instead)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_fall(text in "\\PC{0,200}|[-\\[\\]{}:,?&*!|>'\"%@` \n\t#a0~.]{0,200}") {
        only_words(read(&text))?;
    }

    #[test]
    fn no_bytes_make_the_reader_fall(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        only_words(read(&String::from_utf8_lossy(&bytes)))?;
    }

    #[test]
    fn no_slip_of_the_pen_makes_the_reader_fall(
        which in 0..BUNDLED.len(),
        slips in proptest::collection::vec(slip(), 1..6),
    ) {
        let mut letters: Vec<char> = BUNDLED[which].1.chars().collect();
        for (at, length, instead) in slips {
            let at = at % (letters.len() + 1);
            let end = (at + length).min(letters.len());
            letters.splice(at..end, instead.chars());
        }
        only_words(read(&letters.into_iter().collect::<String>()))?;
    }

    #[test]
    fn every_ramp_that_is_accepted_goes_from_its_start_to_its_end(
        (start, end) in (any::fault(), any::fault()).prop_map(|(start, end)| (start.effect, end)),
        at in 0.0..=1.0_f64,
    ) {
        let ramp = Ramp {
            over: Span::from_secs(10), from: None, from_effect: Some(start.clone()), steps: None,
        };
        let planned = Planned { ramp: Some(ramp), ..Planned::from(end.clone()) };
        let text = serde_json::to_string(&planned).expect("JSON");
        let is_accepted = parse::read_fault("body", &text, Some(&planned.id)).is_ok();
        let fails = |effect: &Effect| match effect {
            Effect::Fail(fail) => {
                let total: f64 = fail.status.values().sum();
                let part = |weight: f64| (weight / total * 1e6).round();
                Some((fail.retry_after, fail.status.values().copied().map(part).collect::<Vec<_>>()))
            }
            _ => None,
        };
        let is_like = |one: &Effect, other: &Effect| one == other || fails(one).is_some() && fails(one) == fails(other);
        let seconds = |part: f64| planned.at(Duration::from_secs_f64(10.0 * part)).effect;
        if is_accepted {
            prop_assert!(!is_like(&start, &end.effect), "{start:?} changes nothing");
            prop_assert!(is_like(&seconds(0.0), &start), "{:?} is not {start:?}", seconds(0.0));
            prop_assert_eq!(seconds(1.0), end.effect.clone());
            let between = Fault { effect: seconds(at), ..end };
            prop_assert!(between.validate().is_ok(), "{between:?}: {:?}", between.validate());
        } else {
            prop_assert_eq!(seconds(at), end.effect, "what is refused is what the file says");
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same(spec in any::scenario()) {
        prop_assert!(spec.validate().is_ok(), "{:?}", spec.validate());
        let yaml = serde_saphyr::to_string(&spec).expect("YAML");
        let json = serde_json::to_string_pretty(&spec).expect("JSON");
        for text in [yaml, json] {
            match parse::read("written.yaml", &text) {
                Ok(read) => prop_assert_eq!(&read, &spec),
                Err(wrong) => {
                    let wrong: String = wrong.iter().map(ToString::to_string).collect();
                    return Err(TestCaseError::fail(format!("{wrong}\n{text}")));
                }
            }
        }
    }

    #[test]
    fn a_fault_that_is_written_is_read_as_the_same(fault in any::fault()) {
        let planned = Planned::from(fault);
        prop_assert!(planned.validate().is_ok(), "{:?}", planned.validate());
        let json = serde_json::to_string(&planned).expect("JSON");
        prop_assert_eq!(parse::read_fault("body", &json, Some(&planned.id)).expect("read"), planned);
    }
}
