//! A presenter runs a show: the switch, a scenario of one's choice, the panic button.

use std::time::{Duration, Instant};

use serde_json::json;

use super::person::{PHONE, PROJECTOR, Person, SOON};
use crate::{
    browser::post,
    servers::lab::{Lab, Plan},
};

/// A lab with shoppers, on a normal evening.
pub fn evening() -> Lab {
    let plan = Plan::up().env("DOORBUSTER_VISITS_PER_MINUTE", "600");
    plan.env("DOORBUSTER_SCENARIO", "normal").start()
}

const ORDERS: &str = "Number(document.querySelector('#vital-orders').textContent.replace(/[^0-9.]/g, ''))";

#[test]
fn black_friday_at_one_click_and_orders_rise_within_five_seconds() {
    let lab = evening();
    let person = Person::opens(&lab.at(10, "/"));
    person.waits_until("orders come", &format!("{ORDERS} > 0"));
    person.sees("Nothing is broken on purpose.");
    let before = person.finds(ORDERS).as_f64().expect("a number");
    let clicked = Instant::now();
    person.clicks("#mode-blackfriday");
    let is_on = "document.querySelector('#mode-blackfriday').getAttribute('aria-pressed') === 'true'";
    person.waits(Duration::from_secs(2), "the switch stands on Black Friday", is_on);
    person.sees("Doors open. Watch the visits");
    person.waits(Duration::from_secs(5), "orders rise", &format!("{ORDERS} > {before}"));
    assert!(clicked.elapsed() < Duration::from_secs(8), "{:?}", clicked.elapsed());
    person.sees("Requests to cart take");
    person.waits_until(
        "the first affected request is told of",
        "/\\d/.test(document.querySelector('#reach').textContent)",
    );
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn cards_fail_in_brazil_and_brazil_turns_and_calm_by_escape_twice_ends_it() {
    let lab = evening();
    let person = Person::opens(&lab.at(10, "/"));
    person.sees("Visits a minute");
    person.presses("s");
    person.waits_until("the picker is open", "document.querySelector('#picker')");
    person.types("payment-outage-brazil");
    person.clicks("#picker li button");
    person.sees("On stage: ");
    person.clicks("#next");
    // It comes gradually, within half a minute; of 36 payments a minute it takes some 25 to be sure.
    let turned = "document.querySelector('#country-BR').dataset.kind === 'bad'";
    person.waits(6 * SOON, "Brazil turns", turned);
    person.sees("card charges in Brazil fail");
    let others =
        "[...document.querySelectorAll('.countries li')].filter((one) => one.dataset.kind === 'bad').length";
    assert!(person.finds(others).as_u64().is_some_and(|bad| bad == 1), "no other country turns");
    person.presses("Escape");
    person.presses("Escape");
    person.sees("Nothing is broken on purpose.");
    person.sees("Calm: nothing is broken");
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn a_fault_is_switched_off_by_its_own_switch_in_both_windows() {
    let lab = evening();
    let fault = json!({ "on": { "service": "ads" }, "share": "35%", "effect": { "fail": { "status": { "503": 1 } } } });
    let one = Person::opens(&lab.at(10, "/"));
    let other = one.opens_too(&lab.at(10, "/"));
    post(lab.at(10, "/api/faults/ads-away"), fault).method("PUT").send().ok();
    for person in [&one, &other] {
        person.sees("35 % of requests to ads fail");
    }
    one.clicks("[data-fault=ads-away] button");
    for person in [&one, &other] {
        person.waits_until("it is gone", "!document.querySelector('[data-fault=ads-away]')");
    }
    one.clicks("#pause");
    other.sees("Go on");
    other.reloads();
    other.sees("Go on");
}

#[test]
fn a_switch_stays_where_it_is_when_its_fault_strikes_and_only_what_was_counted_is_said() {
    let lab = evening();
    let person = Person::opens(&lab.at(10, "/"));
    // No shopper makes products: it strikes when we say so.
    let fault = json!({ "on": { "service": "storefront", "route": "POST /products" }, "effect": { "fail": { "status": { "503": 1 } } } });
    let place = "(() => { const head = document.querySelector('#faults-title').getBoundingClientRect(); \
                 const it = document.querySelector('[data-fault=no-new-ones] button').getBoundingClientRect(); \
                 return [it.x - head.x, it.y - head.y]; })()";
    for size in [PROJECTOR, PHONE] {
        person.sits_at(size);
        post(lab.at(10, "/api/faults/no-new-ones"), fault.clone()).method("PUT").send().ok();
        person.sees("no-new-ones · manual");
        let before = person.finds(place);
        assert_eq!(post(lab.at(0, "/products"), json!({})).send().status, 503);
        person.sees("no-new-ones · manual · first after");
        person.waits_until(
            "how fast it was is shown",
            "/\\d/.test(document.querySelector('#reach').textContent)",
        );
        assert_eq!(person.finds(place), before, "{size:?}");
        person.clicks("[data-fault=no-new-ones] button");
        person.sees("Nothing is broken on purpose.");
    }
    // Nobody is left there to count.
    let down = json!({ "on": { "service": "ads" }, "effect": "down" });
    post(lab.at(10, "/api/faults/no-ads"), down).method("PUT").send().ok();
    person.sees("Ads is down");
    person.waits_until("it is not said to have struck nothing", "document.querySelector('.reach').hidden");
}

#[test]
fn the_audience_sees_how_the_shop_fares_and_neither_cues_nor_faults() {
    let lab = evening();
    post(lab.at(10, "/api/mode"), json!({ "mode": "blackfriday" })).send().ok();
    let person = Person::opens(&lab.at(10, "/#/audience"));
    person.sees("Black Friday");
    person.waits_until("orders come", &format!("{ORDERS} > 0"));
    let shown = person.finds("document.body.innerText").as_str().unwrap_or_default().to_owned();
    for secret in ["Doors open", "longer", "Off", "Calm", "bf-"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn a_phone_is_a_clicker() {
    let lab = evening();
    let person = Person::opens(&lab.at(10, "/"));
    person.sits_at(PHONE);
    person.sees("Next phase");
    let is_narrow = "document.documentElement.scrollWidth <= innerWidth";
    person.waits_until("nothing is wider than the screen", is_narrow);
    let is_shown = "['#mode-blackfriday', '#next', '#calm'].every((one) => { const box = \
                    document.querySelector(one).getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; })";
    person.waits_until("switch, next phase and Calm are there without scrolling", is_shown);
    person.clicks("#mode-blackfriday");
    person.sees("doors-open");
    person.clicks("#next");
    person.sees("Now: rush");
    person.clicks("#calm");
    person.sees("Calm: nothing is broken");
}
