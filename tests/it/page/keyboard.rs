//! The page by keyboard alone.

use super::{person::Person, show};

#[test]
fn the_keyboard_alone_runs_a_show() {
    let lab = show::evening();
    let person = Person::opens(&lab.at(10, "/"));
    person.sees("Visits a minute");
    person.presses("?");
    person.sees("Next phase");
    person.presses("Escape");
    person.waits_until("the list is closed", "!document.querySelector('dialog[open]')");
    person.tabs_to("#mode-blackfriday");
    person.presses("Enter");
    person.sees("Now: doors-open");
    person.presses("ArrowRight");
    person.sees("Now: rush");
    person.presses("p");
    person.sees("Go on");
    person.tabs_to("#tabs a[href='#/faults']");
    person.presses("Enter");
    person.waits_until("it is there", "document.body.dataset.view === 'faults'");
    person.presses("1");
    person.waits_until("it is back", "document.querySelector('#mode-normal')");
    person.tabs_to("#calm");
    person.presses("Enter");
    person.sees("Calm: nothing is broken");
}

#[test]
fn by_keyboard_alone_a_cause_is_found_a_fault_is_set_and_an_exercise_is_answered() {
    let lab = show::evening();
    let person = Person::opens(&lab.at(10, "/"));
    person.sees("Visits a minute");
    // From the map to the traces of a service, to one of them, to its log lines.
    person.presses("3");
    person.waits_until("the map is there", "document.querySelectorAll('.inv-node').length > 8");
    person.tabs_to(".inv-node");
    person.presses("Enter");
    person.waits_until("traces are listed", "document.querySelector('.inv-table tbody a')");
    person.tabs_to(".inv-table tbody a");
    person.presses("Enter");
    person.waits_until("its spans are there", "document.querySelector('.inv-bar')");
    person.tabs_to(".inv-bar[aria-pressed=false]");
    person.presses("ArrowDown");
    person.waits_until(
        "the next span is told of",
        "document.activeElement.matches('.inv-bar[aria-pressed=true]') && document.querySelector('.inv-span h3')",
    );
    // A fault is set and ended.
    person.tabs_to("#tabs a[href='#/faults']");
    person.presses("Enter");
    person.waits_until("it can be set", "document.querySelector('.bench-verdict .good')");
    person.tabs_to(".bench-side .button.primary");
    person.presses("Enter");
    person.sees("is active. Calm or");
    person.presses("Tab");
    person.presses("Enter");
    person.waits_until("it is ended", "!document.querySelector('[data-fault]')");
    // The way of an alert.
    person.presses("4");
    person.tabs_to("nav.parts a[href='#/alerts/routes']");
    person.presses("Enter");
    person.sees("there is no Alertmanager");
    // An exercise is begun, and answered.
    person.presses("5");
    person.sees("what is seen first is not the cause");
    person.tabs_to("#alias");
    person.types("Grey Heron");
    person.presses("Enter");
    person.sees("Grey Heron is looking");
    person.waits_until("the words are there", "document.querySelector('#answer-service option[value=cart]')");
    person.tabs_to("#answer-service");
    person.presses("c");
    person.waits_until("one is chosen", "document.querySelector('#answer-service').value.startsWith('c')");
    person.tabs_to(".answer button.primary");
    person.presses("Enter");
    person.sees("of 100");
    assert_eq!(person.complaints(), Vec::<String>::new());
}
