//! The lab is killed and comes back: the page says so, and is live again by itself.

use super::{
    person::{Person, SOON},
    show,
};
use crate::servers::lab::Plan;

#[test]
fn a_lab_that_is_killed_is_stale_and_one_that_is_back_is_live() {
    let mut lab = show::evening();
    let person = Person::opens(&lab.at(10, "/"));
    person.sees("Visits a minute");
    lab.kill();
    person.sees("Stale.");
    let is_marked = "document.body.dataset.stale === 'yes' && !document.querySelector('#stale').hidden";
    person.waits_until("the page is marked", is_marked);
    let _again = Plan::up().in_place_of(&lab).env("DOORBUSTER_SCENARIO", "blackfriday").start();
    person.waits(
        2 * SOON,
        "it is live again",
        "!document.body.dataset.stale && document.querySelector('#stale').hidden",
    );
    person.sees("Doors open");
}
