//! The fault bench: a fault is composed by form, seen as YAML, tried, and ended.

use serde_json::{Value, json};

use super::person::Person;
use crate::{
    browser::get,
    control::engine::{Engine, Plan},
};

const SHARE: &str = "[data-path=share] input";

/// The text of the first element of that kind.
#[track_caller]
pub fn reads(person: &Person, selector: &str) -> String {
    let found = format!("document.querySelector({})", Value::from(selector));
    person.waits_until(selector, &found);
    person.finds(&format!("{found}.textContent")).as_str().unwrap_or_default().to_owned()
}

fn types_into(person: &Person, selector: &str, text: &str) {
    person.waits_until(selector, &format!("document.querySelector('{selector}')"));
    person.clicks(selector);
    person.finds("document.activeElement.select()");
    person.types(text);
}

fn faults(engine: &Engine) -> Value {
    get(engine.url("/api/faults")).send().ok().json()
}

#[test]
fn a_fault_is_composed_seen_as_yaml_tried_and_ended() {
    let engine = Plan::here().start();
    let person = Person::opens(&engine.url("/#/faults"));
    person.sees("It can be set");
    assert!(reads(&person, ".bench-yaml").contains("payment-provider"));
    types_into(&person, SHARE, "135%");
    person.sees("One thing is wrong");
    assert!(reads(&person, "[data-path=share] .wrong").contains("from 0% to 100%"));
    types_into(&person, SHARE, "20%");
    person.sees("It can be set");
    person
        .waits_until("the file says so", "document.querySelector('.bench-yaml').textContent.includes('20%')");
    assert_eq!(faults(&engine), json!([]), "nothing breaks until it is tried");
    person.clicks(".bench-side .button.primary");
    person.waits_until(
        "it is active",
        "document.querySelector('.bench-active').textContent.includes('my-fault')",
    );
    assert_eq!(
        (&faults(&engine)[0]["id"], &faults(&engine)[0]["share"]),
        (&json!("my-fault"), &json!("20%"))
    );
    person.clicks(".bench-active [aria-label='End my-fault']");
    person.sees("Nothing is broken.");
    assert_eq!(faults(&engine), json!([]));
    assert_eq!((person.complaints(), person.barriers()), (Vec::<String>::new(), Vec::<String>::new()));
}

#[test]
fn every_effect_can_be_chosen_and_says_what_it_lacks() {
    let engine = Plan::here().start();
    let person = Person::opens(&engine.url("/#/faults"));
    person.sees("It can be set");
    let kinds = person
        .finds("[...document.querySelector('[data-path=effect] select').options].map((one) => one.value)");
    let kinds: Vec<String> = serde_json::from_value(kinds).expect("names");
    assert_eq!(kinds.len(), 12, "{kinds:?}");
    for kind in kinds {
        person.finds(&format!(
            "(() => {{ const one = document.querySelector('[data-path=effect] select'); one.value = '{kind}'; \
             one.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        ));
        // A kind that has anything to fill in says what is missing at a field of it, or in the verdict.
        let heard = "document.querySelector('.bench-verdict').textContent.length > 3";
        person.waits_until(&kind, heard);
        let written = format!("sessionStorage.getItem('doorbuster.fault').includes('\"{kind}\"')");
        person.waits_until(&kind, &written);
    }
    assert_eq!(person.complaints(), Vec::<String>::new());
}
