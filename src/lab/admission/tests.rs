//! Who is let in, and who has to go: tables of callers.

use super::*;

const HERE: [u8; 4] = [127, 0, 0, 1];
const FAR: [u8; 4] = [192, 0, 2, 1];
const FARTHER: [u8; 4] = [198, 51, 100, 7];

fn admission(most: usize, reserved: usize, is_exposed: bool) -> Arc<Admission> {
    Admission::new(Limits { most, reserved, is_exposed, is_strict: true }, None)
}

impl Admission {
    fn has_waited(&self, number: u64) {
        let mut table = self.table();
        let open = table.open.get_mut(&number).expect("open");
        open.since = Instant::now().checked_sub(2 * JUST_COME).expect("later than the start");
    }
}

#[track_caller]
fn admitted(admission: &Arc<Admission>, remote: [u8; 4]) -> Place {
    match admission.admit(remote.into()) {
        Admitted::In(place, _) => place,
        Admitted::Full => panic!("full"),
    }
}

fn is_full(admission: &Arc<Admission>, remote: [u8; 4]) -> bool {
    matches!(admission.admit(remote.into()), Admitted::Full)
}

async fn is_cut(place: &Place) -> bool {
    tokio::time::timeout(Duration::from_millis(1), place.connection.cut()).await.is_ok()
}

#[tokio::test]
async fn the_oldest_that_never_sent_a_request_goes_first_then_the_oldest_that_is_idle() {
    let admission = admission(3, 0, false);
    let places = [HERE; 3].map(|remote| admitted(&admission, remote));
    places[0].connection.work();
    places[0].connection.rest();
    places[1].connection.work();
    let newcomer = admitted(&admission, HERE);
    assert!(is_cut(&places[2]).await && !is_cut(&places[0]).await);
    newcomer.connection.work();
    let another = admitted(&admission, HERE);
    assert!(is_cut(&places[0]).await && !is_cut(&places[1]).await);
    another.connection.work();
    assert!(is_full(&admission, HERE), "work is not interrupted");
    drop(another);
    admitted(&admission, HERE);
}

#[tokio::test]
async fn strangers_leave_the_reserved_places_to_callers_of_this_machine() {
    let admission = admission(6, 2, true);
    let far: Vec<_> = [FAR, FAR, FARTHER, FARTHER].map(|remote| admitted(&admission, remote)).into();
    far.iter().for_each(|place| place.connection.work());
    assert!(is_full(&admission, FAR), "all of theirs work, and none has more than another");
    let near = [HERE; 2].map(|remote| admitted(&admission, remote));
    near.iter().for_each(|place| place.connection.work());
    // Beyond the reserve, a stranger makes room.
    let third = admitted(&admission, HERE);
    assert!(!is_cut(&near[0]).await && !is_cut(&near[1]).await);
    let mut cut = 0;
    for place in &far {
        cut += usize::from(is_cut(place).await);
    }
    assert_eq!(cut, 1);
    drop(third);
}

#[tokio::test]
async fn one_remote_address_never_holds_more_than_half_and_makes_room_for_others() {
    let admission = admission(10, 2, true);
    let held: Vec<_> = (0..4).map(|_| admitted(&admission, FAR)).collect();
    held.iter().for_each(|place| place.connection.work());
    assert!(is_full(&admission, FAR), "half of eight are its own");
    held[1].connection.rest();
    let again = admitted(&admission, FAR);
    assert!(is_cut(&held[1]).await, "its own idle one goes");
    drop(again);
    let others: Vec<_> = (0..4).map(|_| admitted(&admission, FARTHER)).collect();
    assert_eq!(others.len(), 4);
}

#[tokio::test]
async fn a_connection_that_has_shown_the_token_never_makes_room() {
    let admission = admission(2, 0, true);
    let presenter = admitted(&admission, FAR);
    presenter.connection.trust();
    presenter.connection.work();
    presenter.connection.rest();
    let stranger = admitted(&admission, FARTHER);
    let _another = admitted(&admission, [203, 0, 113, 9]);
    assert!(!is_cut(&presenter).await);
    drop(stranger);
}

#[tokio::test]
async fn where_work_is_never_interrupted_only_those_go_that_never_sent_a_request() {
    let limits = Limits { most: 2, reserved: 0, is_exposed: false, is_strict: false };
    let admission = Admission::new(limits, None);
    let places = [HERE; 2].map(|remote| admitted(&admission, remote));
    places[0].connection.work();
    places[0].connection.rest();
    assert!(is_full(&admission, HERE), "its request may be on its way");
    admission.has_waited(1);
    let _third = admitted(&admission, HERE);
    assert!(is_cut(&places[1]).await && !is_cut(&places[0]).await);
}

#[tokio::test]
async fn a_share_that_is_used_up_closes_a_silent_one_and_lets_the_newcomer_wait() {
    static SHARE: Share = Share::unlimited();
    SHARE.limit_to(1);
    let limits = Limits { most: 9, reserved: 0, is_exposed: false, is_strict: false };
    let admission = Admission::new(limits, Some(&SHARE));
    let silent = admitted(&admission, HERE);
    admission.has_waited(0);
    assert!(is_full(&admission, HERE));
    assert!(is_cut(&silent).await);
    drop(silent);
    admission.freed(Duration::from_secs(5)).await;
    admitted(&admission, HERE);
}
