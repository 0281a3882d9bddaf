//! Every view with something in it: what axe finds there, in both themes and on a phone, and a picture of it.

use std::time::Duration;

use serde_json::json;

use super::{
    exercise,
    person::{PHONE, PROJECTOR, Person},
};
use crate::{browser::post, stack::beside};

/// A fault that comes gradually, an alert that is held for a while, and the way to a receiver.
const FIRES: Duration = Duration::from_secs(120);

/// Where it is, what has to be there before anybody looks, and what its picture is called.
struct View {
    hash: &'static str,
    there: &'static str,
    picture: Option<&'static str>,
}

const VIEWS: [View; 13] = [
    View {
        hash: "stage",
        there: "document.querySelector('.firing li') && document.querySelector('#country-BR').dataset.kind === 'bad'",
        picture: Some("stage"),
    },
    View {
        hash: "audience",
        there: "document.querySelector('.audience .firing li')",
        picture: Some("audience"),
    },
    View {
        hash: "faults",
        there: "document.querySelector('.bench-verdict .good') && document.querySelector('.bench-yaml').textContent",
        picture: Some("faults"),
    },
    View {
        hash: "investigate/graph",
        there: "document.querySelector('.inv-line.many, .inv-line.some') && document.querySelectorAll('.inv-node').length > 10",
        picture: Some("map"),
    },
    View {
        hash: "investigate/traces?service=checkout&status=error",
        there: "document.querySelectorAll('.inv-dot.failed').length > 3",
        picture: Some("traces"),
    },
    View {
        hash: "investigate/metrics",
        there: "document.querySelector('.inv-chart canvas') && document.querySelector('.inv-chart .u-legend')",
        picture: Some("measurements"),
    },
    View {
        hash: "investigate/logs?service=checkout",
        there: "document.querySelector('.inv-line-log')",
        picture: Some("logs"),
    },
    View {
        hash: "alerts",
        there: "document.querySelectorAll('tbody .tag.bad').length",
        picture: Some("alerts"),
    },
    View { hash: "alerts/rules", there: "document.querySelectorAll('tbody tr').length > 20", picture: None },
    View {
        hash: "alerts/routes",
        there: "document.querySelectorAll('.on-the-way .ends').length > 1",
        picture: Some("routes"),
    },
    View { hash: "alerts/notifications", there: "document.querySelector('tbody .tag.bad')", picture: None },
    View {
        hash: "alerts/verify",
        there: "document.querySelectorAll('#verify-scenarios option').length > 10",
        picture: None,
    },
    View { hash: "exercises/overview", there: "document.querySelector('.exercises table')", picture: None },
];

/// What axe says of what is shown, in every theme and size; pictures of the two that people have.
#[track_caller]
fn looks(person: &Person, name: &str, picture: Option<&str>) {
    for (scheme, screen, kind) in
        [("light", PROJECTOR, "-light"), ("light", PHONE, "-phone"), ("dark", PROJECTOR, "")]
    {
        person.likes(scheme);
        person.sits_at(screen);
        assert_eq!(person.barriers(), Vec::<String>::new(), "{name}, {scheme}, {screen:?}");
        // By day the stage is enough.
        if let Some(picture) = picture.filter(|picture| kind != "-light" || *picture == "stage") {
            person.takes_picture(&format!("{picture}{kind}"));
        }
    }
}

#[test]
fn axe_finds_nothing_serious_in_any_view_as_shown_by_a_browser() {
    // As many as a debug build can serve beside a browser.
    let lab = beside::with_stack()
        .env("DOORBUSTER_VISITS_PER_MINUTE", "120")
        .env("DOORBUSTER_SCENARIO", "normal")
        .start();
    beside::ready(&lab);
    let person = Person::opens(&lab.at(10, "/"));
    person.clicks("#mode-blackfriday");
    person.sees("Now: doors-open");
    post(lab.at(10, "/api/scenarios/jump"), json!({ "phase": "banks" })).send().ok();
    person.waits(FIRES, "Brazil turns, and an alert fires", VIEWS[0].there);
    for view in &VIEWS {
        person.goes_to(&lab.at(10, &format!("/#/{}", view.hash)));
        person.waits(FIRES, view.hash, view.there);
        looks(&person, view.hash, view.picture);
    }
    // A trace is found in the list, as a person finds it.
    person.goes_to(&lab.at(10, "/#/investigate/traces?service=checkout&status=error"));
    person.clicks(".inv-table tbody a");
    person.waits_until("its spans are there", "document.querySelectorAll('.inv-bar').length > 3");
    looks(&person, "a trace", Some("trace"));
    person.goes_to(&lab.at(10, "/#/stage"));
    for (key, dialog) in [("?", "#keys[open]"), ("s", "#picker[open] li")] {
        person.presses(key);
        person.waits_until(dialog, &format!("document.querySelector('{dialog}')"));
        looks(&person, dialog, None);
        person.presses("Escape");
        person.waits_until("it is closed", "!document.querySelector('dialog[open]')");
    }
    let person = exercise::begins(&lab);
    looks(&person, "an exercise", Some("exercise"));
    person.sits_at(PROJECTOR);
    exercise::chooses(&person, "service", "storefront");
    exercise::chooses(&person, "kind", "hang");
    person.clicks(".answer button.primary");
    person.sees("What to have looked at");
    looks(&person, "a debrief", Some("debrief"));
}
