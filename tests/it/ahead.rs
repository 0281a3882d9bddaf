//! What takes long and needs nobody is begun before all else: tests are run in the order of their names.

use crate::verify::{begun, evening};

#[test]
fn what_takes_minutes_begins_beside_all_other_tests() {
    evening::begin();
    begun::begin();
}
