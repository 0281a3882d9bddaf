//! What was begun ahead of all else is wound up after all else: tests are run in the order of their names, and whoever waits
//! earlier keeps a thread from the others.

use crate::verify::evening;

#[test]
fn ten_minutes_of_normal_were_silent_but_for_the_watchdog() {
    evening::end().kept();
}
