//! The page of a lab that listens beyond its machine: the audience needs no token, the presenter's opens the stage.

use serde_json::Value;

use super::person::Person;
use crate::{
    control::engine::{Plan, SOON, TOKEN, TRAINEE},
    waiting::until,
};

/// Waits until what the page has heard of the lab is so.
#[track_caller]
fn hears(person: &Person, what: &str, of_live: &str) {
    let heard = format!("import('/lib/live.js').then(({{ live }}) => {of_live})");
    until(SOON, what, || person.finds(&heard) == Value::Bool(true));
}

#[test]
fn the_audience_is_asked_for_nothing_and_the_stage_opens_with_the_token() {
    let engine = Plan::beyond().start();
    let person = Person::opens(&engine.url("/#/audience"));
    person.sees("A quiet evening");
    person.waits_until("vitals are shown", "document.querySelector('#vital-visits')?.textContent === '0'");
    person.waits_until("nothing is asked", "!document.querySelector('dialog')");
    assert_eq!(person.complaints(), Vec::<String>::new());

    let presenter = person.opens_too(&engine.url("/#/stage"));
    presenter.sees("This lab asks for its token");
    presenter.clicks("dialog #token");
    presenter.types(TOKEN);
    presenter.clicks("dialog button.primary");
    presenter.sees("Calm: nothing is broken, nothing is played.");
    hears(&presenter, "the whole state is heard", "live.last('state')?.mode === 'calm'");
    hears(&presenter, "and each second", "Date.now() - live.last('vitals')?.at_ms < 3000");
}

#[test]
fn a_trainee_s_token_opens_an_exercise() {
    let engine = Plan::beyond().start();
    let person = Person::opens(&engine.url("/#/exercises"));
    person.sees("This lab asks for its token");
    person.clicks("dialog #token");
    person.types(TRAINEE);
    person.clicks("dialog button.primary");
    person.sees("what is seen first is not the cause");
    person.clicks("#alias");
    person.types("heron");
    person.clicks(".begin button.primary");
    person.sees("heron is looking");
    hears(&person, "no state is heard", "live.last('role')?.role === 'trainee' && !live.last('state')");
    // What a trainee cannot do is not offered, by button, by address or by key.
    let offered = "[...document.querySelectorAll('#mode, #calm, #tabs a, .exercises-head a')].filter((one) => one.checkVisibility()).map((one) => one.textContent).join()";
    assert_eq!(person.finds(offered), Value::from("Investigate,Alerts,Exercises"));
    person.goes_to(&engine.url("/#/faults"));
    person.waits_until("the exercises are there instead", "location.hash === '#/exercises'");
    person.presses("b");
    person.presses("n");
    assert_eq!(person.finds("document.querySelectorAll('.toast.bad, dialog').length"), Value::from(0));
}
