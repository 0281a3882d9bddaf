//! The page is for everyone: by keyboard alone, and with nothing in it that axe finds serious.

use super::{
    person::{PHONE, PROJECTOR, Person},
    show,
};

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
fn axe_finds_no_serious_fault_in_any_view_in_either_theme() {
    let lab = show::evening();
    let person = Person::opens(&lab.at(10, "/"));
    person.clicks("#mode-blackfriday");
    person.sees("Now: doors-open");
    for view in ["stage", "audience", "faults", "investigate", "alerts", "exercises"] {
        person.goes_to(&lab.at(10, &format!("/#/{view}")));
        let is_mounted = format!("document.querySelector('#view.view-{view}')?.childElementCount");
        person.waits_until(view, &is_mounted);
        for (scheme, screen) in [("dark", PROJECTOR), ("light", PROJECTOR), ("light", PHONE)] {
            person.likes(scheme);
            person.sits_at(screen);
            assert_eq!(person.barriers(), Vec::<String>::new(), "{view}, {scheme}, {screen:?}");
        }
    }
}
