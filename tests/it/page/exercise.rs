//! A trainee at an exercise, to a right and to a wrong answer; and the views of alerts.

use std::time::Duration;

use super::person::{PHONE, PROJECTOR, Person};
use crate::{
    browser::get,
    exercises::concealed::seed_of,
    servers::lab::{Lab, Plan},
    stack::beside,
    waiting::until_some,
};

/// It breaks after three quarters of a minute.
const BREAKS: Duration = Duration::from_secs(120);

pub fn begins(lab: &Lab) -> Person {
    let person = Person::opens(&lab.at(10, "/#/exercises"));
    // What comes late moves what stands below it.
    person.sees("what is seen first is not the cause");
    person.clicks("#alias");
    person.types("Blue <b>Heron</b>");
    person.clicks(".begin details summary");
    person.clicks("#seed");
    person.types(&seed_of("slow-pages").to_string());
    person.clicks(".begin button.primary");
    person.sees("Blue <b>Heron</b> is looking");
    person
}

/// Chooses `word` in a list, as a person does.
pub fn chooses(person: &Person, list: &str, word: &str) {
    let there = format!("document.querySelector('#answer-{list} option[value=\"{word}\"]')");
    person.waits_until("the words are there", &there);
    person.finds(&format!(
        "(() => {{ const list = document.querySelector('#answer-{list}'); list.value = '{word}';\
         list.dispatchEvent(new Event('change', {{ bubbles: true }})); return true; }})()"
    ));
}

#[test]
fn a_trainee_finds_what_is_wrong_and_is_told_so() {
    let lab =
        Plan::up().env("DOORBUSTER_VISITS_PER_MINUTE", "120").env("DOORBUSTER_SCENARIO", "normal").start();
    let person = begins(&lab);
    person.sits_at(PROJECTOR);
    person.clicks(".running section .row .button:not(.primary)");
    person.sees("Nothing fails. Look at how long things take.");
    chooses(&person, "service", "storefront");
    person.reloads();
    person.waits_until(
        "a reload loses nothing",
        "document.querySelector('#answer-service')?.value === 'storefront'",
    );
    chooses(&person, "place", "everywhere");
    chooses(&person, "kind", "delay");
    let trace = until_some(BREAKS, "a page is slow", || {
        get(lab.at(10, "/api/traces?min_duration_ms=1100")).send().ok().json()[0]["trace_id"]
            .as_str()
            .map(str::to_owned)
    });
    person.clicks("#answer-trace");
    person.types(&trace);
    let now = "(() => { const at = document.querySelector('#answer-since'); at.value = new Date().toTimeString().slice(0, 8);\
               at.dispatchEvent(new Event('input', { bubbles: true })); return true; })()";
    person.finds(now);
    person.clicks(".answer button.primary");
    person.sees("95 of 100");
    person.sees("Every page takes its time");
    person.sits_at(PHONE);
    person.sees("Without a single error people leave");
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn a_wrong_answer_is_told_part_by_part() {
    let lab = Plan::up().start();
    let person = begins(&lab);
    chooses(&person, "service", "cart");
    chooses(&person, "kind", "hang");
    person.clicks(".answer button.primary");
    person.sees("0 of 100");
    person.sees("– not said");
    person.sees("✗ wrong");
    person.goes_to(&lab.at(10, "/#/exercises/overview"));
    person.sees("slow-pages");
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn rules_routes_and_notifications_are_those_of_the_real_ones() {
    let lab = beside::with_stack().start();
    beside::ready(&lab);
    let person = Person::opens(&lab.at(10, "/#/alerts/rules"));
    person.sees("CriticalPaymentFailureRateByCountry");
    person.goes_to(&lab.at(10, "/#/alerts/notifications"));
    person.clicks("#watchdog");
    person.waits(
        Duration::from_secs(30),
        "the watchdog is heard",
        "document.querySelector('tbody th')?.textContent === 'watchdog'",
    );
    person.goes_to(&lab.at(10, "/#/alerts/routes"));
    person.waits_until(
        "its way is shown",
        "document.querySelector('.on-the-way .ends')?.textContent.includes('Watchdog')",
    );
    person.goes_to(&lab.at(10, "/#/alerts/verify"));
    person.sees("It takes the stage");
    assert_eq!(person.complaints(), Vec::<String>::new());
}
