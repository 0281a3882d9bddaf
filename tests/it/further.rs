//! More that takes long is begun when the tests are over that need the machine to themselves: those of `cues` replay two
//! thousand visits.

use crate::verify::begun;

#[test]
fn whole_runs_of_verify_begin_beside_all_later_tests() {
    begun::begin();
}
