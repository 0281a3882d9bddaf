//! Keys do what they say: on every view, in the audience window, in dialogs and in fields.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::person::{Person, SOON};
use crate::{
    browser::{get, post},
    control::engine::{Engine, Plan},
    waiting::until_some,
};

/// The phase that the page knows of.
const PHASE: &str = "globalThis.known.last('scenario')?.phase";

/// The scenario that plays, and its phase.
fn on(engine: &Engine) -> (String, String) {
    let state = get(engine.url("/api/state")).send().ok().json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&state["mode"]), text(&state["scenario"]["phase"]))
}

fn starts(engine: &Engine, scenario: &str) {
    post(engine.url(&format!("/api/scenarios/{scenario}/start")), json!({})).send().ok();
}

/// Lets [`PHASE`] be asked for.
fn knows(person: &Person) {
    person.finds("import('/lib/live.js').then(({ live }) => { globalThis.known = live; })");
}

#[track_caller]
fn reaches(engine: &Engine, phase: &str) {
    until_some(SOON, phase, || (on(engine).1 == phase).then_some(()));
}

#[test]
fn escape_that_clears_closes_or_leaves_something_is_no_half_of_calm() {
    let engine = Plan::here().start();
    starts(&engine, "crm-down");
    let person = Person::opens(&engine.url("/"));
    person.sees("Now: ");
    person.presses("s");
    person.waits_until("the picker is open", "document.querySelector('#picker[open] li')");
    person.types("pool");
    person.presses("Escape");
    person.waits_until("the search is cleared", "document.querySelector('#picker-search').value === ''");
    person.presses("Escape");
    person.waits_until("the picker is closed", "!document.querySelector('dialog[open]')");
    assert_eq!(on(&engine).0, "crm-down", "neither Escape meant Calm");
    // Nor does one that leaves a field.
    person.goes_to(&engine.url("/#/faults"));
    person.waits_until("the form is there", "document.querySelector('[data-path=share] input')");
    person.clicks("[data-path=share] input");
    person.presses("Escape");
    person.waits_until("the field is left", "!document.activeElement.matches('input')");
    person.presses("Escape");
    person.sees("Esc once more: Calm");
    assert_eq!(on(&engine).0, "crm-down");
    person.presses("Escape");
    person.sees("Calm: no fault");
    assert_eq!(on(&engine).0, "calm");
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn enter_starts_the_scenario_that_is_highlighted_and_none_when_none_is() {
    let engine = Plan::here().start();
    let person = Person::opens(&engine.url("/"));
    person.sees("No scenario");
    person.presses("s");
    person.waits_until("the picker is open", "document.querySelector('#picker[open] li')");
    person.presses("Enter");
    person.sees("choose a scenario, Enter starts it");
    assert_eq!(on(&engine).0, "calm");
    let row = "[...document.querySelectorAll('.picker li')].findIndex((row) => row.matches('[data-on]'))";
    for (key, expected) in [("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0)] {
        person.presses(key);
        assert_eq!(person.finds(row), expected, "{key}");
    }
    person.types("pool-exhaustion");
    person.sees("Enter starts: ");
    person.presses("Enter");
    person.waits_until("it is started", "!document.querySelector('dialog[open]')");
    assert_eq!(on(&engine).0, "pool-exhaustion");
}

#[test]
fn the_audience_window_obeys_the_keys_of_a_clicker_and_shows_nothing_of_them() {
    let engine = Plan::here().start();
    starts(&engine, "payment-outage");
    let person = Person::opens(&engine.url("/#/audience"));
    person.sees("An evening at the shop");
    knows(&person);
    for key in ["1", "2", "3", "?", "s", "a", "n", "p"] {
        person.presses(key);
    }
    person.presses_with_shift("B");
    let is_there = "document.body.dataset.view === 'audience' && !document.querySelector('dialog[open]')";
    assert_eq!(person.finds(is_there), true);
    assert_eq!(on(&engine), ("payment-outage".to_owned(), "calm".to_owned()));
    for (key, phase) in [("PageDown", "outage"), ("PageUp", "calm"), ("ArrowRight", "outage")] {
        person.presses(key);
        reaches(&engine, phase);
        person.waits_until("the page knows it", &format!("{PHASE} === '{phase}'"));
    }
    let is_blank = "getComputedStyle(document.querySelector('#view')).visibility === 'hidden'";
    person.presses(".");
    person.waits_until("it is blank", is_blank);
    person.presses("b");
    person.waits_until("it shows the shop again", &format!("!({is_blank})"));
    person.presses("Escape");
    person.presses("Escape");
    until_some(SOON, "all is calm", || (on(&engine).0 == "calm").then_some(()));
    assert_eq!(person.finds("document.querySelector('#toasts').innerText"), "");
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn a_clicker_works_on_every_view_and_b_alone_starts_nothing() {
    let engine = Plan::here().start();
    starts(&engine, "payment-outage");
    let person = Person::opens(&engine.url("/"));
    let audience = person.opens_too(&engine.url("/#/audience"));
    audience.sees("An evening at the shop");
    let is_blank = "document.body.hasAttribute('data-blank')";
    knows(&person);
    for view in ["stage", "faults", "investigate", "alerts", "exercises"] {
        person.goes_to(&engine.url(&format!("/#/{view}")));
        person.waits_until(view, &format!("document.querySelector('.view-{view} h1')"));
        for (next, previous) in [("PageDown", "PageUp"), (" ", "ArrowLeft")] {
            person.presses(next);
            reaches(&engine, "outage");
            person.waits_until("the page knows it", &format!("{PHASE} === 'outage'"));
            person.presses(previous);
            reaches(&engine, "calm");
            person.waits_until("the page knows it", &format!("{PHASE} === 'calm'"));
        }
        // Many clickers send `b` for a blank screen; with Caps Lock it is `B`.
        person.presses("b");
        audience.waits_until("the audience window is blank", is_blank);
        person.presses("B");
        audience.waits_until("the audience window shows the shop", &format!("!{is_blank}"));
        assert_eq!(on(&engine).0, "payment-outage", "{view}");
    }
    // What was clicked keeps the focus, and the clicker is not meant for it.
    person.goes_to(&engine.url("/#/stage"));
    person.clicks("#mode-normal");
    person.sees("Now: evening");
    starts(&engine, "payment-outage");
    person.sees("Now: calm");
    person.presses(" ");
    reaches(&engine, "outage");
    // What was reached by keyboard is pressed by Space.
    person.tabs_to("#pause");
    person.presses(" ");
    person.sees("Go on");
    person.presses_with_shift("B");
    person.sees("doors-open");
    assert_eq!(on(&engine).0, "blackfriday");
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn enter_in_a_field_sets_no_fault_and_a_question_is_answered_with_no() {
    let engine = Plan::here().start();
    let person = Person::opens(&engine.url("/#/faults"));
    person.waits_until("it can be set", "document.querySelector('.bench-verdict .good')");
    person.clicks("[data-path=share] input");
    person.presses("Enter");
    let asked = "import('/lib/sure.js').then(({ sure }) => { sure('End it?', 'It ends.', 'End it'); \
                 return document.activeElement.value; })";
    assert_eq!(person.finds(asked), "no");
    assert_eq!(get(engine.url("/api/faults")).send().ok().json(), json!([]));
}

#[test]
fn the_readme_names_the_keys_that_work() {
    let engine = Plan::here().start();
    let person = Person::opens(&engine.url("/"));
    let rows = person.finds(
        "import('/lib/keymap.js').then(({ KEYS }) => KEYS.map(({ names, title }) => \
         `| ${names.map((name) => '`' + name + '`').join(' ')} | ${title} |`).join('\\n'))",
    );
    let rows = rows.as_str().expect("text");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).expect("a file");
    assert!(readme.contains(rows), "README.md has other keys than\n{rows}");
    person.presses("?");
    for title in rows.lines().filter_map(|row| row.split(" | ").last()) {
        person.sees(title.trim_end_matches(" |"));
    }
}
