//! What takes long and needs nobody is begun before all else: tests are run in the order of their names.

use crate::verify::evening;

#[test]
fn an_ordinary_evening_begins_beside_all_other_tests() {
    evening::begin();
}
