//! Whatever a scenario's file says: reading it ends, in a scenario that survives being written down, or in words about
//! places that are there.

#![no_main]

use doorbuster::scenario::parse;
use garde::Validate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match parse::read("fuzz.yaml", text) {
        Ok(spec) => {
            assert!(spec.validate().is_ok());
            let written = serde_json::to_string(&spec).expect("written");
            let again = parse::read("written.json", &written).expect("what was read can be read again");
            assert_eq!(serde_json::to_string(&again).expect("written"), written);
        }
        Err(wrong) => {
            assert!(!wrong.is_empty() && wrong.len() <= 64);
            for one in wrong {
                assert!(one.line >= 1 && one.column >= 1 && !one.message.is_empty());
                assert!(one.to_string().chars().all(|letter| letter == '\n' || !letter.is_control()));
            }
        }
    }
    let _ = parse::read_fault("fuzz.yaml", text, Some("fuzz"));
});
